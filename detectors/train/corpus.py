"""Photos and what decoders made of them, as `forensics datasets build` writes them, in memory."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import compress
from pathlib import Path

import numpy as np
import numpy.typing as npt

from forensics.errors import MediaError, UsageError
from forensics.media import open_media

__all__ = ["MANIFEST", "REAL", "TEST", "TRAIN", "VALIDATION", "Corpus", "load_corpora", "load_corpus"]

Pixels = npt.NDArray[np.uint8]

MANIFEST = "manifest.csv"
REAL = "real"
TRAIN, VALIDATION, TEST = "train", "val", "test"


@dataclass(frozen=True, eq=False)
class Corpus:
    """Photos, and pictures that were made of the same photos.

    Attributes:
        pixels: N pictures, (H, W, 3) uint8 RGB; a photo is as large as what was made of it.
        makers: (N,) what made each; "" for the photos themselves.
        sources: (N,) of which photo.
        splits: (N,) "train", "val" or "test"; those of one photo are in one split.
        folders: (N,) number of the folder that each is from.
    """

    pixels: Sequence[Pixels] = field(repr=False)
    makers: npt.NDArray[np.str_] = field(repr=False)
    sources: npt.NDArray[np.str_] = field(repr=False)
    splits: npt.NDArray[np.str_] = field(repr=False)
    folders: npt.NDArray[np.int64] = field(repr=False)

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

    @property
    def digest(self) -> str:
        """SHA-256 of all pixels, in hex."""
        whole = hashlib.sha256()
        for picture in self.pixels:
            whole.update(np.ascontiguousarray(picture).tobytes())
        return whole.hexdigest()

    def where(self, mask: npt.NDArray[np.bool_]) -> Corpus:
        """Return a part of it."""
        pixels = tuple(compress(self.pixels, mask))
        return Corpus(pixels, self.makers[mask], self.sources[mask], self.splits[mask], self.folders[mask])

    def split(self, *names: str) -> Corpus:
        """Return what is in some splits."""
        return self.where(np.isin(self.splits, names))

    def partners(self) -> npt.NDArray[np.int64]:
        """Return (M, 2): the number of a made picture, and that of the photo it was made of.

        Raises:
            UsageError: There are none.
        """
        keys = list(zip(self.folders.tolist(), self.sources.tolist(), strict=True))
        photos = {key: i for i, key in enumerate(keys) if not self.makers[i]}
        pairs = [(i, photos[key]) for i, key in enumerate(keys) if self.makers[i] and key in photos]
        if not pairs:
            raise UsageError("no picture was made of a photo that is there as well: nothing can be compared")
        return np.array(pairs, np.int64)

    def drawn(self, count: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
        """Return (count, 2) pairs as `partners` has them, as many of each folder, and of it of each maker.

        Args:
            count: How many.
            rng: Draws them.
        """
        return self._pairs[np.searchsorted(self._chances, rng.random(count), "right")]

    def some(self, most: int) -> npt.NDArray[np.int64]:
        """Return (M, 2) pairs to measure on, always the same ones: all of them, or as many as that drawn."""
        return self._pairs if len(self._pairs) <= most else self.drawn(most, np.random.default_rng(0))

    @cached_property
    def _pairs(self) -> npt.NDArray[np.int64]:
        return self.partners()

    @cached_property
    def _chances(self) -> npt.NDArray[np.float64]:
        """Chances of the pairs, added up."""
        made = self._pairs[:, 0]
        folders, makers = self.folders[made].tolist(), self.makers[made].tolist()
        of_kind = Counter(zip(folders, makers, strict=True))
        kinds = Counter(folder for folder, _ in of_kind)
        weights = [
            1.0 / (kinds[folder] * of_kind[folder, maker])
            for folder, maker in zip(folders, makers, strict=True)
        ]
        return np.cumsum(weights) / sum(weights) * (1.0 + 1e-12)


def load_corpora(folders: Sequence[Path], most: int = 0, without: Sequence[str] = ()) -> Corpus:
    """Read several folders as one; see `load_corpus`."""
    parts = [load_corpus(folder, most, without) for folder in folders]
    return Corpus(
        tuple(picture for part in parts for picture in part.pixels),
        np.concatenate([part.makers for part in parts]),
        np.concatenate([part.sources for part in parts]),
        np.concatenate([part.splits for part in parts]),
        np.repeat(np.arange(len(parts)), [len(part) for part in parts]),
    )


def load_corpus(folder: Path, most: int = 0, without: Sequence[str] = ()) -> Corpus:
    """Read a folder that `forensics datasets build` wrote.

    Args:
        folder: With manifest.csv.
        most: At most so many photos, the first that are named; all if 0.
        without: Makers that are left out.

    Raises:
        UsageError: There is no such folder, a row is malformed, or a picture is none or of another size than
            its photo.
    """
    rows = _rows(folder / MANIFEST, set(without))
    if most:
        kept = set(list(dict.fromkeys(row["source"] for row in rows))[:most])
        rows = [row for row in rows if row["source"] in kept]
    pixels = tuple(_read(folder / row["file"]) for row in rows)
    corpus = Corpus(
        pixels,
        np.array(["" if row["label"] == REAL else row["maker"] for row in rows], np.str_),
        np.array([row["source"] for row in rows], np.str_),
        np.array([row["split"] for row in rows], np.str_),
        np.zeros(len(rows), np.int64),
    )
    for made, photo in corpus.partners() if corpus.made.any() else ():
        if pixels[made].shape != pixels[photo].shape:
            raise UsageError(
                f"{folder}: {rows[made]['file']} has another size than its photo",
                expected=pixels[photo].shape,
                actual=pixels[made].shape,
            )
    return corpus


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
