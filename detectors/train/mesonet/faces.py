"""Faces of two classes from folders, split by what they were made of, and how they vary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from forensics.detectors.calibrating.corpus import samples_of
from forensics.detectors.calibrating.fitting import folds_of
from forensics.errors import MediaError, UsageError
from forensics.media import Limits, open_media

__all__ = ["Faces", "load_faces", "varied"]

Pixels = npt.NDArray[np.uint8]
_HELD_OUT = 0  # of the five folds
_MOST = 0.1  # that a face is enlarged or reduced by


@dataclass(frozen=True, eq=False)
class Faces:
    """Faces of which the truth is known.

    Attributes:
        crops: (N, S, S, 3) uint8 RGB.
        forged: (N,) which of them were.
        held: (N,) which of them are held out: those of one source are all, or none is.
    """

    crops: Pixels = field(repr=False)
    forged: npt.NDArray[np.bool_] = field(repr=False)
    held: npt.NDArray[np.bool_] = field(repr=False)

    def __len__(self) -> int:
        return len(self.crops)

    def where(self, mask: npt.NDArray[np.bool_]) -> Faces:
        """Return a part of them."""
        return Faces(self.crops[mask], self.forged[mask], self.held[mask])


def load_faces(folder: Path, side: int, found: Callable[[Pixels], Pixels | None] | None = None) -> Faces:
    """Read faces, cut out already, from the folders `real` and `fake`, or by a `manifest.csv`.

    A fifth of the sources is held out; files of the same name in both folders count as one source.

    Args:
        folder: As `forensics calibrate` takes it.
        side: To which they are scaled.
        found: Cuts the face out of each picture, or finds none; pictures are faces if None.

    Raises:
        UsageError: It is no such folder, a file is no picture, or one class is missing in a part.
    """
    import cv2

    crops, forged, sources = [], [], []
    for sample in samples_of(folder):
        try:
            pixels = open_media(sample.path, Limits()).pixels
        except MediaError as error:
            raise UsageError(f"{sample.name} cannot be read: {error}") from None
        face = found(pixels) if found else pixels
        if face is not None:
            how = cv2.INTER_AREA if min(face.shape[:2]) > side else cv2.INTER_LINEAR
            crops.append(np.asarray(cv2.resize(face, (side, side), interpolation=how), np.uint8))
            forged.append(sample.fake)
            sources.append(sample.source)
    truth, held = np.array(forged, np.bool_), folds_of(sources) == _HELD_OUT if sources else np.array([])
    if any(len(set(truth[part].tolist())) < 2 for part in (held, ~held)) if len(truth) else True:
        raise UsageError(
            f"{folder} holds too few faces: some sources are held out, and both parts need both classes",
            expected="ten sources or more",
            actual=len(set(sources)),
        )
    return Faces(np.stack(crops), truth, held)


# Section 4.2 of arXiv:1809.00888: slight changes of zoom, rotation, brightness and hue, and mirroring.
def varied(crop: Pixels, rng: np.random.Generator) -> Pixels:
    """Return a face turned, scaled, lit and coloured a little otherwise, mirrored in half of all cases.

    Args:
        crop: (S, S, 3) uint8 RGB.
        rng: Draws how.
    """
    import cv2

    side = len(crop)
    middle, turn = (side - 1) / 2, float(rng.uniform(-15.0, 15.0))
    matrix = cv2.getRotationMatrix2D((middle, middle), turn, float(1.0 + rng.uniform(-_MOST, _MOST)))
    out = cv2.warpAffine(crop, matrix, (side, side), borderMode=cv2.BORDER_REFLECT_101)
    light, hue = float(rng.uniform(0.8, 1.2)), int(rng.integers(-5, 6))
    coloured = cv2.cvtColor(out, cv2.COLOR_RGB2HSV)
    coloured[..., 0] = (coloured[..., 0].astype(np.int16) + hue) % 180
    lit = cv2.cvtColor(coloured, cv2.COLOR_HSV2RGB).astype(np.float32) * light
    out = np.clip(np.rint(lit), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(out[:, ::-1]) if rng.random() < 0.5 else out
