"""The tile: which Fourier bins of it carry what, by the key.

A tile of 64 x 64 pixels has about 365 bins between 0.03 and 0.24 cycles per pixel. A quarter of them, and all
the lowest, find the mark (synchronisation); the others carry the bits of the code word, every bit in all
bands, and a few bind the tile to the picture below it.
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


@dataclass(frozen=True)
class Bins:
    """Places in the tile's half spectrum, (64, 33).

    Attributes:
        rows: (K,).
        columns: (K,).
        radius: (K,) frequency in cycles per tile.
    """

    rows: Ints
    columns: Ints
    radius: Floats


@dataclass(frozen=True)
class Plan:
    """What each bin of the tile's half spectrum carries.

    Attributes:
        rows: (K,) row of each bin in the half spectrum, (64, 33).
        columns: (K,) its column.
        radius: (K,) its frequency in cycles per tile.
        sync: (S,) indices of the bins that synchronise.
        sync_phases: (V, S) their phases in each variant, of modulus 1.
        bind: (B,) indices of those that bind.
        data: (M,) indices of those that carry the code word: one bit in each part.
        data_bits: (2M,) which bit; first all real parts, then all imaginary.
        data_signs: (V, 2M) their signs in each variant.
    """

    rows: Ints
    columns: Ints
    radius: Floats
    sync: Ints
    sync_phases: Complex
    bind: Ints
    data: Ints
    data_bits: Ints
    data_signs: Floats


@lru_cache(maxsize=64)
def make_plan(key: Key, bits: int) -> Plan:
    """Return the plan of a key for code words of some length.

    Args:
        key: The secret.
        bits: Bits of a code word.
    """
    band = bins()
    rows, columns, radius = band.rows, band.columns, band.radius
    high = np.flatnonzero(radius >= SPLIT * SIDE)  # by rising radius
    shuffled = _shuffled_in_groups(high, key.stream("roles", len(high)), _GROUP)
    place = np.arange(len(shuffled)) % _GROUP
    sync = np.concatenate([np.flatnonzero(radius < SPLIT * SIDE), shuffled[(place == 1) | (place == 2)]])
    data = np.sort(shuffled[place > 2])
    parts = np.argsort(np.tile(radius[data], 2), kind="stable")  # real and imaginary, by rising radius
    order = _shuffled_in_groups(parts, key.stream(f"bits {bits}", len(parts)), bits)
    data_bits = np.empty(len(parts), np.int64)
    data_bits[order] = np.arange(len(parts)) % bits
    return Plan(
        rows, columns, radius,
        sync, key.phases("sync", VARIANTS * len(sync)).reshape(VARIANTS, -1),
        shuffled[place == 0],
        data, data_bits, key.signs("data", VARIANTS * len(parts)).reshape(VARIANTS, -1),
    )  # fmt: skip


def tile_of(plan: Plan, values: Complex) -> Floats:
    """Return the tile with given bins.

    Args:
        plan: Where the bins stand.
        values: (K,) their values.

    Returns:
        (64, 64), of mean square sum(|values|^2).
    """
    half = np.zeros((SIDE, SIDE // 2 + 1), np.complex64)
    half[plan.rows, plan.columns] = values
    return np.fft.irfft2(half, (SIDE, SIDE)).astype(np.float32) * np.float32(SIDE * SIDE / 2**0.5)


@cache
def bins() -> Bins:
    """Return all bins of the band, by rising radius.

    Columns 0 and 32 of the half spectrum hold each bin twice; they are left out.
    """
    rows, columns = np.meshgrid(np.arange(SIDE), np.arange(1, SIDE // 2), indexing="ij")
    frequency = np.where(rows > SIDE // 2, rows - SIDE, rows)
    radius = np.hypot(frequency, columns)
    inside = (radius >= LOW * SIDE) & (radius <= HIGH * SIDE)
    rows, columns, radius = rows[inside], columns[inside], radius[inside]
    order = np.argsort(radius, kind="stable")
    return Bins(rows[order], columns[order], radius[order].astype(np.float32))


def _shuffled_in_groups(values: Ints, words: npt.NDArray[np.uint64], size: int) -> Ints:
    """Shuffle consecutive groups of values, each in itself."""
    group = np.arange(len(values)) // size
    return values[np.lexsort((words, group))]
