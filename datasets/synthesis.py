"""More of a texture from a piece of it, and textures whose pixels only know their neighbours.

The classics before networks. What they copy, they copy from one sample, so that their pictures hold the same
pixels several times over: something for detectors of copies to be tried on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from forensics.datasets.numbering import at_least
from forensics.datasets.procedural import Seed
from forensics.errors import UsageError

__all__ = ["Grown", "ashikhmin", "efros_leung", "markov_field"]

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]
Pixels = npt.NDArray[np.uint8]

_BEGIN = 3  # pixels a side that are copied to begin with


@dataclass(frozen=True)
class Grown:
    """A texture, and where each of its pixels was copied from.

    Attributes:
        pixels: (H, W, C) uint8.
        rows: (H, W) int64, rows of the sample.
        columns: (H, W) int64, columns of the sample.
    """

    pixels: Pixels = field(repr=False)
    rows: Integers = field(repr=False)
    columns: Integers = field(repr=False)

    @property
    def coherence(self) -> float:
        """Share of pixels that were copied together with the pixel on their left."""
        after = np.diff(self.columns, axis=1) == 1
        return float((after & (np.diff(self.rows, axis=1) == 0)).mean())


# Efros & Leung 1999, "Texture synthesis by non-parametric sampling" (ICCV), section 2.
def efros_leung(
    seed: Seed, sample: Pixels, height: int, width: int, *, window: int = 7, tolerance: float = 0.1
) -> Grown:
    """Grow a texture from a few pixels: each new one is copied from where its neighbours look alike.

    Args:
        seed: Seed or generator.
        sample: (h, w, C) uint8, at least as large as the window.
        height: Rows that are wanted, 3 at least.
        width: Columns, 3 at least.
        window: Pixels a side of what counts as neighbours, odd.
        tolerance: By how much more than the best a place may differ and still be drawn.

    Raises:
        UsageError: A number is out of its range, or the sample is too small.
    """
    at_least(_BEGIN, height=height, width=width)
    _check(sample, window)
    rng, reach = np.random.default_rng(seed), window // 2
    views = np.lib.stride_tricks.sliding_window_view(sample.astype(np.float32), (window, window), axis=(0, 1))
    across = views.shape[1]
    places = views.transpose(0, 1, 3, 4, 2).reshape(-1, window * window, sample.shape[2])
    weight = _bell(window)
    source = np.full((height + 2 * reach, width + 2 * reach, 2), -1)
    _begin(rng, source, sample.shape, reach)
    values = np.zeros((*source.shape[:2], sample.shape[2]), np.float32)
    known = source[..., 0] >= 0
    values[known] = sample[source[known, 0], source[known, 1]]
    for row, column in _outwards(rng, known, reach):
        part = slice(row - reach, row + reach + 1), slice(column - reach, column + reach + 1)
        there = known[part].ravel()
        error = ((places[:, there] - values[part].reshape(-1, sample.shape[2])[there]) ** 2).sum(2)
        distance = error @ weight[there]
        good = np.flatnonzero(distance <= (1.0 + tolerance) * distance.min() + 1e-6)
        index = int(good[rng.integers(len(good))])
        source[row, column] = index // across + reach, index % across + reach
        values[row, column] = sample[tuple(source[row, column])]
        known[row, column] = True
    inside = source[reach : reach + height, reach : reach + width]
    return Grown(sample[inside[..., 0], inside[..., 1]], inside[..., 0], inside[..., 1])


# Ashikhmin 2001, "Synthesizing natural textures" (I3D), section 3.
def ashikhmin(seed: Seed, sample: Pixels, height: int, width: int, *, window: int = 5) -> Grown:
    """Grow a texture row by row: each pixel goes on with a piece that one of its neighbours was copied from.

    Args:
        seed: Seed or generator.
        sample: (h, w, C) uint8, at least as large as the window.
        height: Rows that are wanted, 1 at least.
        width: Columns, 1 at least.
        window: Pixels a side of what counts as neighbours, odd; those above and on the left are known.

    Raises:
        UsageError: A number is out of its range, or the sample is too small.
    """
    at_least(1, height=height, width=width)
    _check(sample, window)
    rng, reach = np.random.default_rng(seed), window // 2
    rows, columns = sample.shape[0], sample.shape[1]
    before = np.array(
        [(y, x) for y in range(-reach, 1) for x in range(-reach, reach + 1) if y < 0 or x < 0], np.int64
    )
    source = np.stack(
        [
            rng.integers(reach, rows, (height + reach, width + 2 * reach)),
            rng.integers(reach, columns - reach, (height + reach, width + 2 * reach)),
        ],
        axis=2,
    )
    colours = sample.astype(np.float32)
    for row in range(reach, height + reach):
        for column in range(reach, width + reach):
            near = source[row + before[:, 0], column + before[:, 1]]
            found = near - before
            inside = (found >= reach).all(1) & (found[:, 0] < rows) & (found[:, 1] < columns - reach)
            found = np.unique(found[inside], axis=0) if inside.any() else source[row, column][None]
            seen = colours[near[:, 0], near[:, 1]]
            there = found[:, None] + before
            distance = ((colours[there[..., 0], there[..., 1]] - seen) ** 2).sum((1, 2))
            source[row, column] = found[int(distance.argmin())]
    grown = source[reach:, reach : reach + width]
    return Grown(sample[grown[..., 0], grown[..., 1]], grown[..., 0], grown[..., 1])


# Cross & Jain 1983, "Markov random field texture models" (IEEE PAMI 5(1)); drawn as in Geman & Geman 1984,
# with the two colours of a chessboard in turn: pixels of one colour do not know each other.
def markov_field(
    seed: Seed,
    height: int,
    width: int,
    couplings: tuple[float, float] = (0.6, 0.6),
    *,
    levels: int = 2,
    sweeps: int = 60,
) -> Integers:
    """Draw a texture in which each pixel depends on its four neighbours alone (Gibbs sampling).

    A picture has a chance of exp(-E), where E is minus the number of equal neighbours across times the first
    coupling, and down times the second; edges meet, as on a torus.

    Args:
        seed: Seed or generator.
        height: Rows, even and at least 2.
        width: Columns, even and at least 2.
        couplings: Across and down; above 0 neighbours are alike, below they differ.
        levels: That a pixel may have, 2 at least.
        sweeps: How often every pixel is drawn anew.

    Returns:
        (height, width) int64 from 0 to levels - 1.

    Raises:
        UsageError: A number is out of its range.
    """
    at_least(2, height=height, width=width, levels=levels)
    at_least(1, sweeps=sweeps)
    if height % 2 or width % 2:
        raise UsageError("sides are even", expected="even", actual=f"{width}x{height}")
    rng = np.random.default_rng(seed)
    found = rng.integers(levels, size=(height, width))
    board = np.add.outer(np.arange(height), np.arange(width)) % 2
    names = np.arange(levels)[:, None, None]
    for number in range(2 * sweeps):
        agreed = np.zeros((levels, height, width))
        for axis, coupling in ((1, couplings[0]), (0, couplings[1])):
            for step in (-1, 1):
                agreed += coupling * (np.roll(found, step, axis) == names)
        noise = rng.gumbel(size=agreed.shape)
        found = np.where(board == number % 2, (agreed + noise).argmax(0), found)
    return np.asarray(found, np.int64)


def _check(sample: Pixels, window: int) -> None:
    at_least(3, window=window)
    if window % 2 == 0 or sample.ndim != 3 or min(sample.shape[:2]) < window:
        raise UsageError("a sample holds its window, which is odd", expected=window, actual=sample.shape)


def _bell(window: int) -> Floats:
    """Return the weights of neighbours, nearer ones more, in rows."""
    place = np.arange(window) - window // 2
    line = np.exp(-0.5 * (place / (window / 6.4)) ** 2)
    return np.asarray(np.outer(line, line).ravel(), np.float32)


def _begin(rng: np.random.Generator, source: Integers, shape: tuple[int, ...], reach: int) -> None:
    """Copy a few pixels into the middle."""
    row, column = (int(rng.integers(side - _BEGIN + 1)) for side in shape[:2])
    top, left = ((side - 2 * reach - _BEGIN) // 2 + reach for side in source.shape[:2])
    rows, columns = np.mgrid[row : row + _BEGIN, column : column + _BEGIN]
    source[top : top + _BEGIN, left : left + _BEGIN] = np.stack([rows, columns], axis=2)


def _outwards(
    rng: np.random.Generator, known: npt.NDArray[np.bool_], reach: int
) -> Iterator[tuple[int, int]]:
    """Yield the places around what is known, layer by layer, those with the most known neighbours first."""
    height, width = known.shape[0] - 2 * reach, known.shape[1] - 2 * reach
    wanted = np.zeros_like(known)
    wanted[reach : reach + height, reach : reach + width] = True
    while (wanted & ~known).any():
        steps = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if y or x]
        count = np.sum([np.roll(known, step, (0, 1)) for step in steps], axis=0)
        rows, columns = np.nonzero(wanted & ~known & (count > 0))
        order = np.lexsort((rng.random(len(rows)), -count[rows, columns]))
        yield from zip(rows[order].tolist(), columns[order].tolist(), strict=True)
