"""Sliced Wasserstein distance of patches at every scale: do textures and shapes come as often as they should?

Sets of pictures become sets of patches, one for each level of a Laplacian pyramid, and sets of patches are
compared along random lines. Karras et al. 2017, "Progressive growing of GANs", arXiv:1710.10196, section 5.
Every set is brought to mean 0 and deviation 1 in each colour there and here: this measure does not see
brightness, contrast or how strong a scale is altogether; `spectrum` does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.generators.evaluation.checks import Floats, Pictures, check_pictures, check_same

__all__ = ["Level", "SlicedWasserstein", "line_distances", "pyramid", "sliced_wasserstein"]

LEAST = 16  # pixels of the shorter side of the coarsest level
_PATCH = 7  # pixels of the side of a patch
_MOST_EACH = 64  # patches of one picture at one level
_BATCH = 64  # pictures at a time
_LINES = 16  # directions at a time
_FLAT = 1e-2  # grey levels of deviation below which a set is flat, and rounding all there is

Planes = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Level:
    """One level of the pyramid.

    Attributes:
        side: Pixels of the shorter side of a picture at this level.
        distance: Between the sets, in deviations of a pixel; papers mostly give it times 1000.
    """

    side: int
    distance: float


@dataclass(frozen=True)
class SlicedWasserstein:
    """Distances at all levels.

    Attributes:
        levels: From the finest, which holds edges and noise, to the coarsest, which holds the scene.
    """

    levels: tuple[Level, ...]

    @property
    def mean(self) -> float:
        """Mean over the levels."""
        return math.fsum(level.distance for level in self.levels) / len(self.levels)


def sliced_wasserstein(
    first: Pictures, second: Pictures, *, patches: int = 32768, directions: int = 128, seed: int = 0
) -> SlicedWasserstein:
    """Return how far two sets of pictures are from each other, at every level of a Laplacian pyramid.

    Patches are taken at the same places of the first, second ... picture of both sets, so that a set is at 0
    from itself.

    Args:
        first: (N, H, W, 3) uint8 RGB, at least 2, and 16 pixels a side.
        second: The same shape.
        patches: Patches of each set at each level: at most 64 of a picture, at least one.
        directions: Random lines along which the sets are compared.
        seed: Of the places and lines.

    Raises:
        UsageError: The sets are no such pictures, or differ in number or size.
    """
    for pictures in (first, second):
        check_pictures(pictures, "both sets", 2, LEAST)
    check_same(first.shape[:1], second.shape[:1], "number")
    check_same(first.shape[1:3], second.shape[1:3], "size")
    each = max(1, min(_MOST_EACH, patches // len(first)))
    sizes = list(_sizes(*first.shape[1:3]))
    draws = [np.random.default_rng([seed, number]) for number in range(len(sizes))]
    places = [
        rng.integers(0, (height - _PATCH + 1, width - _PATCH + 1), (len(first), each, 2))
        for rng, (height, width) in zip(draws, sizes, strict=True)
    ]
    ones, others = (_descriptors(pictures, places) for pictures in (first, second))
    levels = [
        Level(min(size), _distance(one, other, _directions(rng, directions)))
        for size, one, other, rng in zip(sizes, ones, others, draws, strict=True)
    ]
    return SlicedWasserstein(tuple(levels))


def _distance(first: Planes, second: Planes, directions: Planes) -> float:
    """Return the mean distance along all lines."""
    parts = [directions[i : i + _LINES] for i in range(0, len(directions), _LINES)]
    return float(np.concatenate([line_distances(first, second, part) for part in parts]).mean())


# Rabin et al. 2011, "Wasserstein barycenter and its application to texture mixing": on a line, what costs
# least takes the sorted values of one sample to those of the other.
def line_distances(first: Floats, second: Floats, directions: Floats) -> Floats:
    """Return the Wasserstein-1 distance of two samples along some lines.

    Args:
        first: (N, D).
        second: (N, D).
        directions: (K, D) unit vectors.

    Returns:
        (K,) distances.
    """
    one, other = (np.sort(directions @ sample.T, axis=1) for sample in (first, second))
    return np.asarray(np.abs(one - other).mean(axis=1, dtype=np.float64))


# Burt & Adelson 1983, "The Laplacian pyramid as a compact image code", with the weights 1 4 6 4 1.
def pyramid(picture: Pictures, levels: int) -> list[Planes]:
    """Return a picture in bands, the finest first; the last is what remains, not a difference.

    Args:
        picture: (H, W, 3) uint8.
        levels: How many.

    Returns:
        float32 in grey levels, half as large from one to the next.
    """
    import cv2

    bands = [picture.astype(np.float32)]
    for _ in range(1, levels):
        coarse = np.asarray(cv2.pyrDown(bands[-1]), np.float32)
        height, width = bands[-1].shape[:2]
        bands[-1] = bands[-1] - cv2.pyrUp(coarse, dstsize=(width, height))
        bands.append(coarse)
    return bands


def _sizes(height: int, width: int) -> Iterator[tuple[int, int]]:
    """Yield the size of every level."""
    while min(height, width) >= LEAST:
        yield height, width
        height, width = (height + 1) // 2, (width + 1) // 2


def _directions(rng: np.random.Generator, count: int) -> Planes:
    """Return (count, 147) unit vectors, evenly spread over the sphere."""
    drawn = rng.standard_normal((count, 3 * _PATCH**2))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)


def _descriptors(pictures: Pictures, places: Sequence[Places]) -> list[Planes]:
    """Return (patches, 147) normalised patches of every level, at (N, each, 2) corners."""
    found: list[list[Planes]] = [[] for _ in places]
    for start in range(0, len(pictures), _BATCH):
        batch = pictures[start : start + _BATCH]
        bands = zip(*(pyramid(picture, len(places)) for picture in batch), strict=True)
        for number, level in enumerate(bands):
            found[number].append(_cut(np.stack(level), places[number][start : start + _BATCH]))
    return [_normalised(np.concatenate(parts)) for parts in found]


def _cut(bands: Planes, places: Places) -> Planes:
    """Return (patches, 3, 49) of (N, H, W, 3), at (N, each, 2) corners."""
    windows = np.lib.stride_tricks.sliding_window_view(bands, (_PATCH, _PATCH), axis=(1, 2))
    rows = np.arange(len(bands))[:, None]
    cut = windows[rows, places[:, :, 0], places[:, :, 1]]
    return cut.reshape(-1, 3, _PATCH**2)


# Karras et al. 2017, section 5: mean and deviation are those of a colour in all patches of a set.
def _normalised(patches: Planes) -> Planes:
    """Sum up patch by patch, then in double precision."""
    centred = patches - patches.mean(axis=2).mean(axis=0, dtype=np.float64).astype(np.float32)[:, None]
    variance = np.einsum("pcx,pcx->pc", centred, centred).mean(axis=0, dtype=np.float64) / _PATCH**2
    centred /= np.maximum(np.sqrt(variance), _FLAT).astype(np.float32)[:, None]
    return np.asarray(centred.reshape(len(centred), -1))
