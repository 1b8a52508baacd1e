"""Are made pictures copies of training pictures?

Two questions, since each misses what the other sees: is a made picture much nearer to one training picture
than to all others (the ratio), and does it look like one (`duplicates`)? The ratio overlooks copies of what
the training set holds several times, and mirrored ones; similarity overlooks moved ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from forensics.generators.evaluation.checks import Pictures, check_pictures, check_same
from forensics.generators.evaluation.duplicates import LEAST, Match, near_duplicates
from forensics.watermark.statistics import Interval, wilson

__all__ = ["RATIO", "Close", "Memorisation", "Nearest", "memorisation", "nearest_pictures"]

RATIO = 1 / 3
_KEPT = 4  # neighbours found in single precision, of which the nearest two are told in double
_BLOCK = 1 << 23  # numbers of pictures at a time

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Nearest:
    """The training pictures that made ones are nearest to.

    Attributes:
        train: (N,) number of the nearest.
        first: (N,) distance to it: the root of the summed squares over all values in [0, 1].
        second: (N,) distance to the second nearest.
    """

    train: Numbers
    first: Doubles = field(repr=False)
    second: Doubles = field(repr=False)

    @property
    def ratios(self) -> Doubles:
        """(N,) first over second, in [0, 1]; 0 where the picture is a training picture."""
        return np.where(self.first > 0, self.first / np.maximum(self.second, 1e-300), 0.0)


@dataclass(frozen=True)
class Close:
    """A made picture that is much nearer to one training picture than to all others.

    Attributes:
        made: Its number in the made set, from 0.
        train: Number of the training picture.
        ratio: Distance to it over the distance to the second nearest.
    """

    made: int
    train: int
    ratio: float


@dataclass(frozen=True)
class Memorisation:
    """How many pictures are copies of training pictures.

    Attributes:
        count: Pictures looked at.
        train: Training pictures.
        median_ratio: Median of the ratios; near 1 where no training picture stands out.
        close: Those whose ratio is below 1/3.
        matches: Those that look like a training picture.
    """

    count: int
    train: int
    median_ratio: float
    close: tuple[Close, ...]
    matches: tuple[Match, ...]

    @property
    def copied(self) -> int:
        """How many are one or the other."""
        return len({close.made for close in self.close} | {match.made for match in self.matches})

    @property
    def share(self) -> float:
        """Share of the pictures that are copies."""
        return self.copied / self.count

    @property
    def interval(self) -> Interval:
        """95 % interval of the share, if more were made."""
        return wilson(self.copied, self.count)


# Gu et al. 2023, "On memorization in diffusion models", arXiv:2310.02664: a picture is memorised if its
# distance to the nearest training picture is less than a third of that to the second nearest.
def memorisation(made: Pictures, train: Pictures) -> Memorisation:
    """Return which made pictures are copies of training pictures.

    Args:
        made: (N, H, W, 3) uint8 RGB, at least 16 pixels a side.
        train: (T, H, W, 3), at least 2.

    Raises:
        UsageError: The sets are no such pictures, or differ in size.
    """
    nearest = nearest_pictures(made, train)
    ratios = nearest.ratios
    close = tuple(
        Close(int(number), int(nearest.train[number]), float(ratios[number]))
        for number in np.flatnonzero(ratios < RATIO)
    )
    matches = near_duplicates(made, train, also=nearest.train.tolist())
    return Memorisation(len(made), len(train), float(np.median(ratios)), close, matches)


def nearest_pictures(made: Pictures, train: Pictures) -> Nearest:
    """Return the nearest training picture of each made one, and the distances to the nearest two.

    Args:
        made: (N, H, W, 3) uint8 RGB, at least 16 pixels a side.
        train: (T, H, W, 3), at least 2.

    Raises:
        UsageError: The sets are no such pictures, or differ in size.
    """
    check_pictures(made, "made pictures", 1, LEAST)
    check_pictures(train, "training pictures", 2, LEAST)
    check_same(made.shape[1:3], train.shape[1:3], "size")
    rows = max(1, _BLOCK // made[0].size)
    parts = [_nearest(made[i : i + rows], train, rows) for i in range(0, len(made), rows)]
    return Nearest(
        np.concatenate([part.train for part in parts]),
        np.concatenate([part.first for part in parts]),
        np.concatenate([part.second for part in parts]),
    )


def _nearest(made: Pictures, train: Pictures, rows: int) -> Nearest:
    """Find few in single precision, then tell them apart in whole numbers."""
    flat = _flat(made)
    numbers: Numbers = np.empty((len(made), 0), np.int64)
    distances: Floats = np.empty((len(made), 0), np.float32)
    for start in range(0, len(train), rows):
        block = _flat(train[start : start + rows])
        found = np.einsum("td,td->t", block, block) - 2.0 * (flat @ block.T)  # |made|^2 is the same for all
        own = np.broadcast_to(np.arange(start, start + len(block)), found.shape)
        numbers, distances = np.hstack([numbers, own]), np.hstack([distances, found])
        kept = np.argsort(distances, axis=1, kind="stable")[:, :_KEPT]
        numbers, distances = np.take_along_axis(numbers, kept, 1), np.take_along_axis(distances, kept, 1)
    exact = np.array([_exact(picture, train[few]) for picture, few in zip(made, numbers, strict=True)])
    order = np.argsort(exact, axis=1, kind="stable")
    ranked = np.take_along_axis(exact, order, 1)
    return Nearest(np.take_along_axis(numbers, order, 1)[:, 0], ranked[:, 0], ranked[:, 1])


def _exact(picture: Pictures, others: Pictures) -> Doubles:
    """Return (K,) distances from one picture to K others."""
    difference = others.astype(np.int64) - picture
    return np.sqrt(np.sum(difference**2, axis=(1, 2, 3))) / 255.0


def _flat(pictures: Pictures) -> Floats:
    return (pictures.reshape(len(pictures), -1).astype(np.float32) - 127.5) / 255.0
