"""Pictures that the loss of an export is measured on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from forensics.datasets.packs import load_squares
from forensics.detectors.calibrating.corpus import samples_of
from forensics.detectors.learned.model import METHOD, tile_model_of
from forensics.errors import ForensicsError, UsageError
from forensics.media import open_media
from forensics.runtime.sessions import Session
from forensics.runtime.store import Bundle

__all__ = ["Labelled", "labelled", "side_wanted"]

_USUAL = 64


@dataclass(frozen=True, eq=False)
class Labelled:
    """Squares of pictures.

    Attributes:
        pixels: (N, S, S, 3) uint8 RGB.
        truth: (N,) whether each was generated; None where that is not known.
        about: What they are, in words.
    """

    pixels: npt.NDArray[np.uint8]
    truth: npt.NDArray[np.bool_] | None
    about: str


def side_wanted(bundle: Bundle, side: int) -> int:
    """Return the side of the pictures that a model is measured on.

    Args:
        bundle: The model.
        side: That its inputs are to be fixed to; 0 if they stay free.
    """
    if METHOD in bundle.card["files"]:
        return tile_model_of(bundle).side
    largest = side
    for name in (f for f in bundle.card["files"] if f.endswith(".onnx")):
        shape = Session(bundle.read(name)).shapes[0]
        if len(shape) >= 4 and shape[-1]:
            largest = max(largest, shape[-1] if shape[-3] in (1, 3) else 4 * shape[-1])
        elif len(shape) == 4 and shape[1] not in (1, 3):
            largest = max(largest, 4 * side)
    return largest or _USUAL


def labelled(place: str, side: int, count: int) -> Labelled:
    """Return squares of pictures, half of them real where that is known.

    Args:
        place: Folder, archive or corpus; a folder with folders real and fake, or a manifest.csv, has labels.
        side: In pixels.
        count: At most.

    Raises:
        UsageError: There are none.
    """
    folder = Path(place)
    if (folder / "manifest.csv").is_file() or ((folder / "real").is_dir() and (folder / "fake").is_dir()):
        return _with_labels(folder, side, count)
    pixels = load_squares(place, side, count)
    if len(pixels) < 4:
        raise UsageError(f"{place} holds {len(pixels)} squares of {side} pixels", expected=">= 4")
    return Labelled(pixels, None, f"{len(pixels)} squares of {side} pixels from {folder.name or place}")


def _with_labels(folder: Path, side: int, count: int) -> Labelled:
    samples = samples_of(folder)
    found: dict[bool, list[npt.NDArray[np.uint8]]] = {False: [], True: []}
    for sample in samples:
        if len(found[sample.fake]) * 2 >= count:
            continue
        try:
            pixels = open_media(sample.path).pixels
        except ForensicsError:
            continue
        y, x = (n - side for n in pixels.shape[:2])
        if min(y, x) >= 0:
            y, x = y // 16 * 8, x // 16 * 8  # the middle, on the grid of codecs
            found[sample.fake].append(pixels[y : y + side, x : x + side])
    both = found[False] + found[True]
    if not found[False] or not found[True]:
        raise UsageError(
            f"{folder} holds no real and fake pictures of at least {side} pixels", actual=len(both)
        )
    truth = np.repeat([False, True], [len(found[False]), len(found[True])])
    order = np.random.default_rng(0).permutation(len(both))
    return Labelled(
        np.stack(both)[order], truth[order], f"{len(both)} squares of {side} pixels from {folder.name}"
    )
