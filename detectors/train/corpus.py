"""Photos and what decoders made of them, as `forensics datasets build` writes them, in memory."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from forensics.errors import MediaError, UsageError
from forensics.media import open_media

__all__ = ["MANIFEST", "REAL", "Corpus", "load_corpus"]

Pixels = npt.NDArray[np.uint8]

MANIFEST = "manifest.csv"
REAL = "real"


@dataclass(frozen=True, eq=False)
class Corpus:
    """Squares of one size: photos, and pictures that were made of the same photos.

    Attributes:
        pixels: (N, S, S, 3) uint8 RGB.
        makers: (N,) what made each; "" for the photos themselves.
        sources: (N,) of which photo.
        splits: (N,) "train", "val" or "test"; those of one photo are in one split.
    """

    pixels: Pixels = field(repr=False)
    makers: npt.NDArray[np.str_] = field(repr=False)
    sources: npt.NDArray[np.str_] = field(repr=False)
    splits: npt.NDArray[np.str_] = field(repr=False)

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def made(self) -> npt.NDArray[np.bool_]:
        """Which of them a decoder made."""
        return np.asarray(self.makers != "", np.bool_)

    @property
    def names(self) -> tuple[str, ...]:
        """The makers, sorted."""
        return tuple(sorted(set(self.makers.tolist()) - {""}))

    def where(self, mask: npt.NDArray[np.bool_]) -> Corpus:
        """Return a part of it."""
        return Corpus(self.pixels[mask], self.makers[mask], self.sources[mask], self.splits[mask])

    def split(self, *names: str) -> Corpus:
        """Return what is in some splits."""
        return self.where(np.isin(self.splits, names))

    def partners(self) -> npt.NDArray[np.int64]:
        """Return (M, 2): the number of a made picture, and that of the photo it was made of.

        Raises:
            UsageError: There are none.
        """
        photos = {s: i for i, s in enumerate(self.sources.tolist()) if not self.makers[i]}
        pairs = [
            (i, photos[s]) for i, s in enumerate(self.sources.tolist()) if self.makers[i] and s in photos
        ]
        if not pairs:
            raise UsageError("no picture was made of a photo that is there as well: nothing can be compared")
        return np.array(pairs, np.int64)


def load_corpus(folder: Path, most: int = 0, without: Sequence[str] = ()) -> Corpus:
    """Read a folder that `forensics datasets build` wrote.

    Args:
        folder: With manifest.csv.
        most: At most so many photos, the first of each split; all if 0.
        without: Makers that are left out.

    Raises:
        UsageError: There is no such folder, a row is malformed, or the pictures are of several sizes.
    """
    rows = _rows(folder / MANIFEST, set(without))
    if most:
        kept = set(list(dict.fromkeys(row["source"] for row in rows))[:most])
        rows = [row for row in rows if row["source"] in kept]
    pixels = [_read(folder / row["file"]) for row in rows]
    if not pixels or any(p.shape != pixels[0].shape for p in pixels):
        sizes = sorted({p.shape[:2] for p in pixels})
        raise UsageError(f"{folder}: pictures of one size are needed", expected="one size", actual=sizes[:4])
    return Corpus(
        np.stack(pixels),
        np.array(["" if row["label"] == REAL else row["maker"] for row in rows]),
        np.array([row["source"] for row in rows]),
        np.array([row["split"] for row in rows]),
    )


def _rows(path: Path, without: set[str]) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeError, csv.Error) as error:
        raise UsageError(f"{path} cannot be read: {error}; `forensics datasets build` writes one") from None
    wanted = {"file", "label", "maker", "source", "split"}
    if not rows or not wanted <= set(rows[0]):
        raise UsageError(f"{path} has no columns {', '.join(sorted(wanted))}", expected=sorted(wanted))
    return [row for row in rows if row["label"] == REAL or row["maker"] not in without]


def _read(path: Path) -> Pixels:
    try:
        return open_media(path).pixels
    except (MediaError, OSError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from None
