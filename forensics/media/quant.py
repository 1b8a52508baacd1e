"""Quantisation tables of libjpeg and the quality setting that they tell."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

__all__ = ["STANDARD_CHROMA", "STANDARD_LUMA", "ZIGZAG", "QualityEstimate", "estimate_quality", "ijg_table"]

# ITU-T T.81, tables K.1 and K.2, row by row.
STANDARD_LUMA = (
    16, 11, 10, 16, 24, 40, 51, 61,
    12, 12, 14, 19, 26, 58, 60, 55,
    14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77,
    24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip
STANDARD_CHROMA = (
    17, 18, 24, 47, 99, 99, 99, 99,
    18, 21, 26, 66, 99, 99, 99, 99,
    24, 26, 56, 99, 99, 99, 99, 99,
    47, 66, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
)  # fmt: skip

# ITU-T T.81, figure A.6: ZIGZAG[k] is the row-by-row place of the k-th coefficient in the file.
ZIGZAG = (
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
    12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
    35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
    58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
)  # fmt: skip


@dataclass(frozen=True)
class QualityEstimate:
    """The quality setting nearest to given tables.

    Attributes:
        quality: 1-100.
        exact: Whether libjpeg writes exactly these tables at that quality.
    """

    quality: int
    exact: bool


# libjpeg, jcparam.c: jpeg_quality_scaling and jpeg_add_quant_table.
def ijg_table(basic: tuple[int, ...], quality: int, *, baseline: bool = True) -> tuple[int, ...]:
    """Return the quantisation table that libjpeg derives from a basic table.

    Args:
        basic: 64 entries at quality 50.
        quality: 1-100.
        baseline: Whether entries are kept to 8 bits.
    """
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    most = 255 if baseline else 32767
    return tuple(min(max((value * scale + 50) // 100, 1), most) for value in basic)


@lru_cache(maxsize=256)  # most files have tables that others have too
def estimate_quality(luma: tuple[int, ...], chroma: tuple[int, ...] | None) -> QualityEstimate:
    """Find the libjpeg quality whose tables have the least sum of absolute differences.

    Args:
        luma: 64 entries of the first component's table, row by row.
        chroma: The same of the second component, None for a grey picture.
    """
    given = np.asarray(luma if chroma is None else luma + chroma, dtype=np.int64)
    candidates = [_all_tables(baseline=True)]
    if given.max() > 255:
        candidates.append(_all_tables(baseline=False))
    distances = np.stack([np.abs(tables[:, : given.size] - given).sum(axis=1) for tables in candidates]).min(
        0
    )
    best = int(distances.argmin())
    return QualityEstimate(best + 1, bool(distances[best] == 0))


@lru_cache(maxsize=2)
def _all_tables(*, baseline: bool) -> npt.NDArray[np.int64]:
    """Luma and chroma tables of all qualities: (100, 128)."""
    rows = [
        ijg_table(STANDARD_LUMA, q, baseline=baseline) + ijg_table(STANDARD_CHROMA, q, baseline=baseline)
        for q in range(1, 101)
    ]
    return np.asarray(rows, dtype=np.int64)
