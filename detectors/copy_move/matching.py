"""Similar blocks by lexicographic sorting (Popescu & Farid 2004, section 2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.detectors.copy_move.blocks import Blocks

__all__ = ["Pairs", "lexicographic_order", "match", "quantise"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Levels = npt.NDArray[np.int16]

_BITS = (9, 8, 7, 7, 6, 6)  # of the leading components in the sort key, 43 in all
_INDEX_BITS = 21
_MOST_PAIRS = 1_000_000  # of patterns, where everything is like everything, a share is enough


@dataclass(frozen=True)
class Pairs:
    """Pairs of blocks that look alike.

    Attributes:
        first: (N,) numbers of the blocks.
        second: (N,) numbers of their partners.
    """

    first: Ints
    second: Ints


def quantise(features: Floats | Levels, step: float, phase: float = 0.0) -> npt.NDArray[np.int32]:
    """Return floor(feature / step + phase).

    Args:
        features: (N, K) coordinates of blocks.
        step: Width of a bin in grey levels.
        phase: Shift of all bins, in bins.
    """
    scaled = features / np.float32(step)
    scaled += np.float32(phase)
    return np.floor(scaled, out=scaled).astype(np.int32)


def lexicographic_order(codes: npt.NDArray[np.int32]) -> Ints:
    """Return the order of rows by first component, then second, ...; equal rows by their number.

    Up to six components count. Key and row number share one 64-bit word, so that one sort of plain
    integers does it; codes beyond a component's range are clipped to it.

    Args:
        codes: (N, K) quantised components, N < 2^21.
    """
    key = np.zeros(len(codes), np.uint64)
    for column, bits in zip(codes.T, _BITS, strict=False):
        half = 1 << (bits - 1)
        part = np.clip(column, -half, half - 1) + half
        key = (key << np.uint64(bits)) | part.astype(np.uint64)
    key = (key << np.uint64(_INDEX_BITS)) | np.arange(len(codes), dtype=np.uint64)
    key.sort()
    return (key & np.uint64((1 << _INDEX_BITS) - 1)).astype(np.int64)


def match(
    blocks: Blocks, features: Levels, *, step: float, tolerance: float, neighbours: int, least: float
) -> Pairs:
    """Return pairs of blocks near each other in the sorted list, alike and far enough apart.

    The list is sorted twice, with bins shifted by half, so that no value always falls on a border.

    Args:
        blocks: Where the blocks are.
        features: (N, K) their coordinates, rounded to grey levels.
        step: Width of the quantisation bins.
        tolerance: Most difference in every coordinate, in grey levels.
        neighbours: Rows of the list compared with each row.
        least: Least distance of two blocks, in pixels.
    """
    found = []
    most = np.int16(min(tolerance, 30_000))
    for phase in (0.0, 0.5):
        order = lexicographic_order(quantise(features[:, : len(_BITS)], step, phase))
        ordered = np.stack([column[order] for column in features.T])
        rows, columns = blocks.rows[order], blocks.columns[order]
        for gap in range(1, min(neighbours, len(order) - 1) + 1):
            near = np.flatnonzero(_close(ordered[:2, gap:], ordered[:2, :-gap], most))
            near = near[_close(ordered[2:, near + gap], ordered[2:, near], most)]
            down, across = rows[near + gap] - rows[near], columns[near + gap] - columns[near]
            near = near[down * down + across * across >= least * least]
            near = near[:: max(1, near.size * 2 * neighbours // _MOST_PAIRS)]
            found.append(np.stack([order[near], order[near + gap]]))
    if not found:
        return Pairs(np.zeros(0, np.int64), np.zeros(0, np.int64))
    low, high = np.sort(np.concatenate(found, axis=1), axis=0)
    unique = np.unique(low * np.int64(len(features)) + high)
    return Pairs(unique // len(features), unique % len(features))


def _close(a: Levels, b: Levels, most: np.int16) -> npt.NDArray[np.bool_]:
    """Return (N,) whether two sets of columns, (K, N) each, differ by at most `most` everywhere."""
    alike = np.ones(a.shape[1], bool)
    for left, right in zip(a, b, strict=True):
        difference = left - right
        alike &= (difference <= most) & (difference >= -most)
    return alike
