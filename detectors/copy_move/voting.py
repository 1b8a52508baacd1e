"""Voting for shift vectors, and how surprising a vote is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.detectors.copy_move.blocks import Blocks
from forensics.detectors.copy_move.matching import Pairs
from forensics.media import Pixels

__all__ = ["Candidate", "log10_nfa", "translation", "vote"]

Matrix = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_TRIED = 96  # shift vectors whose pixels are looked at before the best are kept
_SAMPLE = 128
_REACH = 4  # sides of a block: votes for one region are not farther apart


@dataclass(frozen=True)
class Candidate:
    """A transform that maps one region onto another, and the evidence of it.

    Attributes:
        matrix: (2, 3) affine map of (x, y): the place of a pixel of the first region in the second.
        points: (N, 2) x, y of the matched places in the first region.
        votes: Number of matches, counted once per place.
        log10_nfa: log10 of the number of such votes expected by chance in the picture.
        exact: Whether the map is a shift by whole pixels.
        way: What voted for it: "blocks" or "keypoints".
    """

    matrix: Matrix
    points: Matrix
    votes: int
    log10_nfa: float
    exact: bool
    way: str = "blocks"


def translation(dx: float, dy: float) -> Matrix:
    """Return the (2, 3) matrix of a shift."""
    return np.array([[1.0, 0.0, dx], [0.0, 1.0, dy]])


# Number of false alarms, a contrario (Desolneux, Moisan & Morel 2000): NFA = S P[Bin(n, 1/S) >= v], the
# tail bounded by Hoeffding 1963: log P <= -n KL(v/n || p) for v/n > p.
def log10_nfa(votes: int, pairs: int, shifts: int) -> float:
    """Return log10 of the expected number of shift vectors with so many votes, were all equally likely.

    Args:
        votes: Independent matches for one shift vector.
        pairs: All independent matches.
        shifts: Number of possible shift vectors.
    """
    p, share = 1.0 / shifts, votes / pairs
    if share <= p:
        return math.log10(shifts)
    divergence = share * math.log(share / p)
    if share < 1.0:
        divergence += (1.0 - share) * math.log((1.0 - share) / (1.0 - p))
    return (math.log(shifts) - pairs * divergence) / math.log(10.0)


def vote(luma: Pixels, blocks: Blocks, pairs: Pairs, *, least: int, most: int) -> tuple[Candidate, ...]:
    """Return the shift vectors that unlikely many pairs share, best first.

    Overlapping blocks are not independent: votes are counted in distinct cells of a block's size.

    Args:
        luma: (H, W) uint8.
        blocks: Where the blocks are.
        pairs: Pairs of them that look alike.
        least: Least number of votes.
        most: Most candidates.
    """
    if not pairs.first.size:
        return ()
    shifts, points = _offsets(blocks, pairs)
    span = 2 * luma.shape[1] + 1
    codes = shifts[:, 1] * span + shifts[:, 0]
    order = np.argsort(codes, kind="stable")
    _, starts, counts = np.unique(codes[order], return_index=True, return_counts=True)
    total = _cells(points, blocks.side)
    leaders = np.argsort(-counts, kind="stable")[:_TRIED]
    found = []
    for leader in leaders[counts[leaders] >= least]:
        members = order[starts[leader] : starts[leader] + counts[leader]]
        members = members[_gathered(points[members], _REACH * blocks.side, least)]
        if not members.size:
            continue
        votes = _cells(points[members], blocks.side)
        rare = log10_nfa(votes, max(total, votes), 2 * luma.size)
        if votes >= least and rare < 0:
            dx, dy = (int(v) for v in shifts[members[0]])
            likeness = _likeness(luma, points[members], dx, dy, blocks.side)
            found.append(
                (
                    likeness * math.sqrt(votes),
                    Candidate(
                        translation(dx, dy),
                        points[members].astype(np.float64) + blocks.side / 2,
                        votes,
                        rare,
                        True,
                    ),
                )
            )
    found.sort(key=lambda item: -item[0])
    return _apart([candidate for _, candidate in found], most)


def _apart(ranked: list[Candidate], most: int) -> tuple[Candidate, ...]:
    """Return the first `most` candidates whose shifts are not within four pixels of a better one."""
    kept: list[Candidate] = []
    for candidate in ranked:
        shift = candidate.matrix[:, 2]
        if len(kept) < most and all(float(np.abs(shift - k.matrix[:, 2]).max()) > 4 for k in kept):
            kept.append(candidate)
    return tuple(kept)


def _offsets(blocks: Blocks, pairs: Pairs) -> tuple[Ints, Ints]:
    """Return (N, 2) shifts (x, y), all pointing down or right, and (N, 2) corners (x, y) they start from."""
    place = np.stack([blocks.columns, blocks.rows], axis=1)
    a, b = place[pairs.first], place[pairs.second]
    shift = b - a
    backward = (shift[:, 1] < 0) | ((shift[:, 1] == 0) & (shift[:, 0] < 0))
    return np.where(backward[:, None], -shift, shift), np.where(backward[:, None], b, a)


def _cells(points: Ints, side: int) -> int:
    cells = points // side
    return int(np.unique(cells[:, 1] * (1 << 20) + cells[:, 0]).size)


def _gathered(points: Ints, cell: int, least: int) -> npt.NDArray[np.bool_]:
    """Return which points have `least` of them in the 3 x 3 cells around, themselves included."""
    column, row = points.T // cell + 1
    counts = np.zeros((int(row.max()) + 2, int(column.max()) + 2), np.int64)
    np.add.at(counts, (row, column), 1)
    around = sum(counts[row + i, column + j] for i in (-1, 0, 1) for j in (-1, 0, 1))
    return np.asarray(around >= least)


def _likeness(luma: Pixels, points: Ints, dx: int, dy: int, side: int) -> float:
    """Return the mean normalised correlation of a sample of the blocks with their shifted partners."""
    sample = points[:: max(1, len(points) // _SAMPLE)]
    windows = np.lib.stride_tricks.sliding_window_view(luma, (side, side))
    a = windows[sample[:, 1], sample[:, 0]].reshape(len(sample), -1).astype(np.float32)
    b = windows[sample[:, 1] + dy, sample[:, 0] + dx].reshape(len(sample), -1).astype(np.float32)
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    norm = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1)) + 1e-6
    return float(((a * b).sum(axis=1) / norm).mean())
