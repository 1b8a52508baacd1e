"""The tile: which Fourier bins of it carry what, by the key.

A tile of 64 x 64 pixels has about 365 bins between 0.03 and 0.24 cycles per pixel. A quarter of them, and all
the lowest, find the mark (synchronisation); the others carry the bits of the code word, every bit in all
bands, and a few bind the tile to the picture below it.

A tile repeats, or alternates: then it changes its sign from one tile to the next, in both directions. What
repeats has bins at whole cycles per tile only, what alternates at halves only, so that a mark of one kind is
nothing but a little noise to the other, and both can be in one picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt

from forensics.watermark.keys import Key

__all__ = ["SIDE", "VARIANTS", "Bins", "Plan", "bins", "make_plan", "tile_of"]

SIDE = 64
VARIANTS = 8
LOW, SPLIT, HIGH = 0.03, 0.06, 0.24  # cycles per pixel; below `SPLIT` only synchronisation
_GROUP = 8  # of so many bins of like frequency, one binds and two synchronise

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Complex = npt.NDArray[np.complex64]
Places = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Bins:
    """Places in the tile's half spectrum: (64, 33), or (64, 32) of one that alternates.

    Attributes:
        rows: (K,).
        columns: (K,).
        frequency: (K, 2) x and y in cycles per tile.
        radius: (K,) its length.
    """

    rows: Ints
    columns: Ints
    frequency: Places
    radius: Floats


@dataclass(frozen=True)
class Plan:
    """What each bin of the tile's half spectrum carries.

    Attributes:
        alternating: Whether the tile alternates.
        bins: (K,) where the bins stand.
        sync: (S,) indices of the bins that synchronise.
        sync_phases: (V, S) their phases in each variant, of modulus 1.
        bind: (B,) indices of those that bind.
        data: (M,) indices of those that carry the code word: one bit in each part.
        data_bits: (2M,) which bit; first all real parts, then all imaginary.
        data_signs: (V, 2M) their signs in each variant.

    A tile that alternates has every variant twice, the second time with the other sign.
    """

    alternating: bool
    bins: Bins
    sync: Ints
    sync_phases: Complex
    bind: Ints
    data: Ints
    data_bits: Ints
    data_signs: Floats

    def seen(self, spectrum: Complex, used: Ints, row: int = 0, column: int = 0) -> Complex:
        """Return some bins of a spectrum, moved back by an offset.

        Args:
            spectrum: (..., 64, 33) or (..., 64, 32).
            used: (N,) which bins.
            row: Rows from the origin of the spectrum to that of the tile.
            column: Columns.
        """
        turn = self.bins.frequency[used] @ (column, row) * (2j * np.pi / SIDE)
        found = spectrum[..., self.bins.rows[used], self.bins.columns[used]]
        return np.asarray(found * np.exp(turn), np.complex64)


@lru_cache(maxsize=64)
def make_plan(key: Key, bits: int, *, alternating: bool = False) -> Plan:
    """Return the plan of a key for code words of some length.

    Args:
        key: The secret.
        bits: Bits of a code word.
        alternating: The tile alternates.
    """
    band = bins(alternating=alternating)
    radius = band.radius
    high = np.flatnonzero(radius >= SPLIT * SIDE)  # by rising radius
    shuffled = _shuffled_in_groups(high, key.stream("roles", len(high)), _GROUP)
    place = np.arange(len(shuffled)) % _GROUP
    sync = np.concatenate([np.flatnonzero(radius < SPLIT * SIDE), shuffled[(place == 1) | (place == 2)]])
    data = np.sort(shuffled[place > 2])
    parts = np.argsort(np.tile(radius[data], 2), kind="stable")  # real and imaginary, by rising radius
    order = _shuffled_in_groups(parts, key.stream(f"bits {bits}", len(parts)), bits)
    data_bits = np.empty(len(parts), np.int64)
    data_bits[order] = np.arange(len(parts)) % bits
    phases = key.phases("sync", VARIANTS * len(sync)).reshape(VARIANTS, -1)
    signs = key.signs("data", VARIANTS * len(parts)).reshape(VARIANTS, -1)
    if alternating:
        phases, signs = np.concatenate([phases, -phases]), np.concatenate([signs, -signs])
    return Plan(alternating, band, sync, phases, shuffled[place == 0], data, data_bits, signs)


def tile_of(plan: Plan, values: Complex) -> Floats:
    """Return the tile with given bins.

    Args:
        plan: Where the bins stand.
        values: (K,) their values.

    Returns:
        What repeats, of mean square sum(|values|^2): (64, 64), or (128, 128) of a tile that alternates.
    """
    times = 2 if plan.alternating else 1
    side, odd = SIDE * times, times - 1
    half = np.zeros((side, side // 2 + 1), np.complex64)
    half[plan.bins.rows * times + odd, plan.bins.columns * times + odd] = values
    return np.fft.irfft2(half, (side, side)).astype(np.float32) * np.float32(side * side / 2**0.5)


@cache
def bins(*, alternating: bool = False) -> Bins:
    """Return all bins of the band, by rising radius.

    Columns 0 and 32 of the half spectrum of a tile that repeats hold each bin twice; they are left out.

    Args:
        alternating: Of a tile that alternates.
    """
    middle = 0.5 if alternating else 0.0
    rows, columns = np.meshgrid(np.arange(SIDE), np.arange(0 if alternating else 1, SIDE // 2), indexing="ij")
    y = np.where(rows + middle > SIDE // 2, rows - SIDE, rows) + middle
    frequency = np.stack([columns + middle, y], axis=-1)
    radius = np.hypot(frequency[..., 0], frequency[..., 1])
    inside = (radius >= LOW * SIDE) & (radius <= HIGH * SIDE)
    order = np.argsort(radius[inside], kind="stable")
    rows, columns, frequency = rows[inside][order], columns[inside][order], frequency[inside][order]
    return Bins(rows, columns, frequency, radius[inside][order].astype(np.float32))


def _shuffled_in_groups(values: Ints, words: npt.NDArray[np.uint64], size: int) -> Ints:
    """Shuffle consecutive groups of values, each in itself."""
    group = np.arange(len(values)) // size
    return values[np.lexsort((words, group))]
