"""Growing a region from votes: from a window that agrees on a foreign grid to the pixels that were pasted.

Votes for one grid lie scattered over what was pasted, since a cell without texture does not vote. They are
dilated until they touch, connected, and taken back (Nikoukhah et al. 2021, "ZERO", IPOL 11, grows from vote
to vote within a distance, one at a time). Whether such a part is chance is asked of the rectangle around it,
against all rectangles and all grids that might have been looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.detectors.jpeg.grid import log10_binomial_tail

__all__ = ["Grown", "grow", "rectangles"]

Votes = npt.NDArray[np.int8]
Mask = npt.NDArray[np.bool_]

# Lattice steps over which votes are connected, either way.
REACH = 2
# log10 of false alarms below which a part is kept.
LEAST_NFA = 0.0


@dataclass(frozen=True)
class Grown:
    """What votes for one grid cover.

    Attributes:
        mask: (rows, columns) on the lattice of the cells.
        votes: Votes for the grid in the rectangles around its parts.
        cells: Votes for any grid there.
        log10_nfa: log10 of the number of rectangles and grids expected to agree as well as the best part's,
            were all votes chance; 0 if nothing was kept.
    """

    mask: Mask
    votes: int
    cells: int
    log10_nfa: float


def rectangles(rows: int, columns: int) -> int:
    """Return how many rectangles a lattice has.

    Example:
        >>> rectangles(2, 2)
        9
    """
    return rows * (rows + 1) // 2 * (columns * (columns + 1) // 2)


# NFA(R) = 63 N P[Bin(n, 1/64) >= k] with n votes in the rectangle R, k of them for the grid, and N rectangles
# (Desolneux, Moisan and Morel 2000, "Meaningful alignments", IJCV 40, eq. 1): below 1 on average by chance.
def grow(cells: Votes, phase: int, near: Mask) -> Grown:
    """Return the parts of a picture that vote for a grid.

    Args:
        cells: (rows, columns) votes of `vote_cells`, -1 for none.
        phase: The grid, 8 * row + column.
        near: (rows, columns) where to begin: only parts that touch it are kept.
    """
    import cv2

    theirs = (cells == phase).astype(np.uint8)
    kernel = np.ones((2 * REACH + 1, 2 * REACH + 1), np.uint8)
    wide = cv2.dilate(theirs, kernel)
    closed = cv2.erode(wide, kernel)
    count, labels = cv2.connectedComponents(wide, connectivity=4)
    log10_tests = float(np.log10(63.0 * rectangles(*cells.shape)))
    kept, votes, voted, best = np.zeros(count, bool), 0, 0, LEAST_NFA
    for part in set(np.unique(labels[near])) - {0}:
        rows, columns = np.nonzero((labels == part) & (theirs > 0))
        inside = cells[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        n, k = int((inside >= 0).sum()), int((inside == phase).sum())
        log10_nfa = float(log10_binomial_tail(n)[k]) + log10_tests
        if log10_nfa < LEAST_NFA:
            kept[part] = True
            votes, voted, best = votes + k, voted + n, min(best, log10_nfa)
    return Grown(kept[labels] & (closed > 0), votes, voted, best)
