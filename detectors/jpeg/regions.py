"""Regions that do not share the history of the rest: another grid, or one save fewer.

Both searches slide square windows of a few sizes over a coarse lattice and keep the least probable one; the
score pays for the number of windows (a number of false alarms: Desolneux, Moisan and Morel 2000,
"Meaningful alignments", IJCV 40). What a window found is then grown to the region that was pasted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt

from forensics.detectors.jpeg.coefficients import Doubles, Floats
from forensics.detectors.jpeg.double_compression import BlockRatios
from forensics.detectors.jpeg.grid import log10_binomial_tail
from forensics.detectors.jpeg.growing import Grown, grow

Votes = npt.NDArray[np.int8]
Counts = npt.NDArray[np.int64]

__all__ = ["Region", "Votes", "foreign_grid", "lacking_save", "tampered_probability"]

# Window sizes in lattice steps.
SIZES = (5, 9, 15)
# Least number of votes in a window.
LEAST_VOTES = 8
NEVER = 1 << 30
# Blocks, each way, that speak together for the one in the middle.
AROUND = 3
# Share of a picture that is taken to be tampered with before looking.
PRIOR = 0.1
# How bright a map is at most where nothing but windows speaks.
DIM = 0.45


@dataclass(frozen=True)
class Region:
    """The least probable window.

    Attributes:
        score: -log10 of the number of windows expected to be as improbable in an honest picture, by the
            model; at least 0. What it means on real pictures is a matter of calibration.
        top: Upper edge, lattice steps.
        left: Left edge.
        size: Edge length.
        phase: Phase of the foreign grid, 8 * row + column; -1 where there is none to name.
        map: (rows, columns) in [0, 1]: how foreign each place is.
        grown: What votes for the foreign grid cover; None without one.
    """

    score: float
    top: int
    left: int
    size: int
    phase: int
    map: Floats
    grown: Grown | None = None


@dataclass(frozen=True)
class Window:
    """What all phases share at one window size.

    Attributes:
        voted: Votes of any phase in the window centred on each place.
        least: Votes for one phase from which it counts as improbable there.
        log10_tests: log10 of the number of windows and phases.
    """

    voted: Counts
    least: Counts
    log10_tests: float


def foreign_grid(cells: Votes, main: int) -> Region:
    """Find the window with the most improbable agreement on a grid other than the main one.

    A grid that is also voted for elsewhere is passed over: a picture that was cropped between two saves
    has two grids everywhere.

    Args:
        cells: (rows, columns) votes of `vote_cells`.
        main: Phase of the picture's grid, -1 if it has none.
    """
    voted, ours = (cells >= 0).astype(np.float32), (cells == main).astype(np.float32)
    sizes = [s for s in SIZES if s <= min(cells.shape)]
    around = {s: _window(voted, ours, s) for s in sizes}
    best = Region(0.0, 0, 0, 0, -1, np.zeros(cells.shape, np.float32))
    strength, covered = best.map, np.zeros(cells.shape, np.bool_)
    counts = np.bincount(cells[cells >= 0], minlength=64)
    for phase in (int(p) for p in np.nonzero(counts >= LEAST_VOTES // 2)[0] if p != main):
        region, scores = _phase(cells, phase, around)
        if region.score > 0 and _confined(cells, phase, scores):
            strength = np.maximum(strength, scores)
            grown = grow(cells, phase, scores > 0)
            covered |= grown.mask
            best = max(best, replace(region, grown=grown), key=lambda r: r.score)
    return replace(best, map=np.maximum(DIM * _unit(strength, 30.0), covered.astype(np.float32)))


def _phase(cells: Votes, phase: int, around: dict[int, Window]) -> tuple[Region, Floats]:
    """Best window for one phase, and the best score at each place."""
    theirs = (cells == phase).astype(np.float32)
    strength = np.zeros(cells.shape, np.float32)
    best = Region(0.0, 0, 0, 0, phase, strength)
    for size, window in around.items():
        k = _sums(theirs, size).astype(np.int64)
        place = np.nonzero(k >= window.least)
        if place[0].size == 0:
            continue
        scores = -_tails()[window.voted[place], k[place]] - window.log10_tests
        strength[place] = np.maximum(strength[place], scores)
        top = int(scores.argmax())
        if scores[top] > best.score:
            row, column = int(place[0][top]), int(place[1][top])
            best = Region(float(scores[top]), row - size // 2, column - size // 2, size, phase, strength)
    return best, strength


def _window(voted: Floats, ours: Floats, size: int) -> Window:
    """Prepare one window size: where, and from how many votes on, a foreign phase is improbable."""
    n, own = _sums(voted, size).astype(np.int64), _sums(ours, size).astype(np.int64)
    log10_tests = float(np.log10(len(SIZES) * max(voted.size, 1) * 63))
    improbable = -_tails() - log10_tests > 0
    least = np.where(improbable.any(axis=1), improbable.argmax(axis=1), NEVER)[n]
    # What was pasted has lost the picture's own grid: its votes there are at chance.
    least[(n < LEAST_VOTES) | (_tails()[n, own] < -2.0)] = NEVER
    return Window(n, least, log10_tests)


def _confined(cells: Votes, phase: int, scores: Floats) -> bool:
    """Whether votes for a phase are at chance away from where they are many."""
    import cv2

    reach = SIZES[0]
    near = cv2.dilate((scores > 0).astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    outside = cells[~near]
    n, k = int((outside >= 0).sum()), int((outside == phase).sum())
    return bool(log10_binomial_tail(n)[k] > -2.0)


# Under "saved twice" P(sum of log-likelihood ratios <= -t) <= exp(-t), whatever the window (Wald 1947), if
# the model is right. It is not quite: a window must also deny the save by half of what the whole affirms it.
def lacking_save(ratios: BlockRatios, gain: float) -> Region:
    """Find the window that most denies a save which the rest of the picture shows.

    Args:
        ratios: Log-likelihood ratios of "saved twice" by block.
        gain: Mean ratio of one coefficient over the whole picture.
    """
    shape = ratios.sums.shape
    plane = (ratios.sums + 0.5 * gain * ratios.counts).astype(np.float32)
    windows = len(SIZES) * max(plane.size, 1)
    best = Region(0.0, 0, 0, 0, -1, tampered_probability(plane))
    for size in (s for s in SIZES if s <= min(shape) // 2):
        score = -_sums(plane, size) / np.log(10) - np.log10(windows)
        if score.max() > best.score:
            row, column = np.unravel_index(int(score.argmax()), score.shape)
            best = Region(
                float(score.max()), int(row) - size // 2, int(column) - size // 2, size, -1, best.map
            )
    return best


# Bianchi and Piva 2012 (TIFS 7(3)), section IV: p = 1 / (L (1 - P) / P + 1), with L the product of the
# likelihood ratios of "saved twice" over a block and those around it, and P the share that is taken to be
# tampered with.
def tampered_probability(plane: Floats) -> Floats:
    """Return the probability that a block lacks the earlier save: (rows, columns) in [0, 1].

    Args:
        plane: (rows, columns) log-likelihood ratios of "saved twice" by block, nats.
    """
    odds = _sums(plane, AROUND) + np.log((1 - PRIOR) / PRIOR)
    return np.asarray(1 / (1 + np.exp(np.clip(odds, -60, 60))), np.float32)


def _sums(plane: Floats, size: int) -> Floats:
    """Sum over the window centred on each place; outside counts nothing."""
    import cv2

    return np.asarray(
        cv2.boxFilter(plane, cv2.CV_32F, (size, size), normalize=False, borderType=cv2.BORDER_CONSTANT)
    )


def _unit(strength: Floats, full: float) -> Floats:
    """Scores from 0 to `full` and beyond as [0, 1]."""
    return np.asarray(np.clip(strength / full, 0.0, 1.0), np.float32)


@cache
def _tails() -> Doubles:
    """log10 P(X >= k), X ~ Binomial(n, 1/64), at [n, k] up to the largest window."""
    most = SIZES[-1] ** 2
    table = np.zeros((most + 1, most + 1))
    for n in range(most + 1):
        table[n, : n + 1] = log10_binomial_tail(n)
    return table
