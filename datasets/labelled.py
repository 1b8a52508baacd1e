"""Pictures with a class and a caption each: what conditional generators are trained on."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

__all__ = ["Labelled", "Labels", "Pictures"]

Pictures = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Labelled:
    """Square pictures of a corpus, with what is known of each.

    Attributes:
        pixels: (N, S, S, 3) uint8 RGB.
        labels: (N,) int64, indices of `classes`.
        captions: N texts, "" where nothing is known.
        classes: Names of the classes, at least one.
        unreadable: Pictures that were left out because they are none, are damaged or far too large.
        small: Pictures that were left out because they are smaller than asked for.
    """

    pixels: Pictures = field(repr=False)
    labels: Labels = field(repr=False)
    captions: tuple[str, ...] = field(repr=False)
    classes: tuple[str, ...]
    unreadable: int = 0
    small: int = 0

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.captions)

    @property
    def skipped(self) -> int:
        """Number of pictures that were left out."""
        return self.unreadable + self.small
