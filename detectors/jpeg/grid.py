"""Where the 8x8 grid of a JPEG lies, by two statistics.

Votes: at its own grid a JPEG has more DCT coefficients that are zero than at any other; each small cell
votes for the place with the most (Nikoukhah et al. 2021, "ZERO: a local JPEG grid origin detector based on
the number of DCT zeros", IPOL 11). Cells are laid nine pixels apart, so that the pixel phase at which a cell
begins takes all 64 values in turn: without a grid every phase is voted for equally often, whatever the
content, and counts of votes are binomial.

Steps of the mean: after a second save on another grid, the block means of the first are still near
multiples of its DC step (Bianchi and Piva 2012, "Detection of nonaligned double JPEG compression based on
integer periodicity maps", IEEE TIFS 7(2)).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lgamma

import numpy as np
import numpy.typing as npt

from forensics.detectors.jpeg.coefficients import Doubles, dct_matrix
from forensics.media import Pixels

__all__ = [
    "CELL",
    "DcPeriod",
    "GridVotes",
    "dc_period",
    "grid_votes",
    "log10_binomial_tail",
    "vote_cells",
    "zero_counts",
]

# Pixels between cells.
CELL = 9
# Frequencies whose products are counted: high enough to be quantised to zero, low enough to be there.
FREQUENCIES = (2, 3, 5, 6)
# DC steps that are tried: libjpeg's from quality 94 down to 50.
DC_STEPS = np.arange(2, 33)
DC_SUMS = 64 * 255 + 1
# Rows that are transformed at a time: bounds the memory.
STRIP = 512


@dataclass(frozen=True)
class GridVotes:
    """Count of the votes of all cells.

    Attributes:
        phase: Phase with the most votes, 8 * row + column of the grid's origin.
        votes: Its votes.
        cells: Cells that voted; a cell with a tie does not.
        log10_nfa: log10 of the number of the 64 phases expected to do so well without any grid.
    """

    phase: int
    votes: int
    cells: int
    log10_nfa: float

    @property
    def origin(self) -> tuple[int, int]:
        """Row and column, 0-7, at which the grid begins."""
        return divmod(self.phase, 8)


@dataclass(frozen=True)
class DcPeriod:
    """The strongest periodicity of block means off the current grid.

    Attributes:
        origin: Row and column, 0-7, of the grid it is found on.
        step: DC quantiser step.
        energy: |sum exp(2 pi i DC / step)|^2 / N there; exponential with mean 1 for means without a period.
        second: The largest energy at that step on any other grid but the current one.
        blocks: N.
    """

    origin: tuple[int, int]
    step: int
    energy: float
    second: float
    blocks: int

    @property
    def score(self) -> float:
        """log10 of how far the grid stands out from the others; damped where both are near chance."""
        return float(np.log10((self.energy + 10) / (self.second + 10)))


def zero_counts(luma: Pixels) -> Pixels:
    """Return for every 8x8 window how many of 16 DCT coefficients are below one half.

    Args:
        luma: (H, W) uint8, both at least 16.

    Returns:
        (H - 7, W - 7) uint8, at the window's upper left pixel.
    """
    height, width = luma.shape
    zeros = np.zeros((height - 7, width - 7), np.uint8)
    for top in range(0, height - 7, STRIP):
        zeros[top : top + STRIP] = _zero_counts(luma[top : top + STRIP + 7])
    return zeros


def _zero_counts(luma: Pixels) -> Pixels:
    import cv2

    basis = dct_matrix()
    plane = luma.astype(np.float32)
    zeros = np.zeros(luma.shape, np.uint8)
    for u in FREQUENCIES:
        rows = cv2.filter2D(
            plane, cv2.CV_32F, basis[u][None, :], anchor=(0, 0), borderType=cv2.BORDER_REFLECT
        )
        for v in FREQUENCIES:
            both = cv2.filter2D(
                rows, cv2.CV_32F, basis[v][:, None], anchor=(0, 0), borderType=cv2.BORDER_REFLECT
            )
            # The mask is 255 where the product is small: subtracting it adds one, modulo 256.
            zeros -= np.asarray(cv2.inRange(both, -0.5, 0.5), np.uint8)
    return zeros[:-7, :-7]


def vote_cells(zeros: Pixels) -> npt.NDArray[np.int8]:
    """Return the phase that each cell votes for, -1 for a tie.

    Args:
        zeros: (H, W) of `zero_counts`.

    Returns:
        (rows, columns) int8: 8 * row + column of the phase, each modulo 8.
    """
    height, width = (zeros.shape[0] - 8) // CELL + 1, (zeros.shape[1] - 8) // CELL + 1
    windows = np.lib.stride_tricks.sliding_window_view(zeros, (8, 8))[::CELL, ::CELL]
    cells = windows[:height, :width].reshape(height, width, 64)
    best = cells.argmax(axis=2)
    tie = (cells == cells.max(axis=2, keepdims=True)).sum(axis=2) > 1
    rows = (CELL * np.arange(height)[:, None] + best // 8) % 8
    columns = (CELL * np.arange(width)[None, :] + best % 8) % 8
    return np.where(tie, -1, 8 * rows + columns).astype(np.int8)


def grid_votes(cells: npt.NDArray[np.int8]) -> GridVotes:
    """Count the votes of all cells against the null of no grid."""
    voted = cells[cells >= 0]
    counts = np.bincount(voted, minlength=64)
    phase = int(counts.argmax())
    tail = float(log10_binomial_tail(voted.size)[counts[phase]])
    return GridVotes(phase, int(counts[phase]), int(voted.size), tail + float(np.log10(64)))


# P(X >= k) for X ~ Binomial(n, 1/64), summed in the log domain.
def log10_binomial_tail(n: int, p: float = 1 / 64) -> Doubles:
    """Return log10 P(X >= k) for k = 0..n."""
    k = np.arange(n + 1)
    factorial = np.array([lgamma(i + 1) for i in range(n + 1)])
    log = factorial[n] - factorial[k] - factorial[n - k] + k * np.log(p) + (n - k) * np.log1p(-p)
    tail = np.logaddexp.accumulate(log[::-1])[::-1]
    return np.asarray(np.minimum(tail, 0.0) / np.log(10))


def dc_period(luma: Pixels) -> DcPeriod:
    """Look for block means that are multiples of a step, on the 63 grids other than the current one.

    Args:
        luma: (H, W) uint8, both at least 16.
    """
    sums, ok = _block_sums(luma)
    histograms = np.zeros((64, DC_SUMS), np.float32)
    for phase in range(1, 64):
        taken = (slice(phase // 8, None, 8), slice(phase % 8, None, 8))
        histograms[phase] = np.bincount(sums[taken][ok[taken]], minlength=DC_SUMS)
    # DC is the sum over 8: |sum exp(2 pi i sum / (8 step))|^2 for every step at once.
    angle = (2 * np.pi / 8) * np.arange(DC_SUMS)[:, None] / DC_STEPS[None, :]
    real = histograms @ np.cos(angle).astype(np.float32)
    imaginary = histograms @ np.sin(angle).astype(np.float32)
    blocks = np.maximum(histograms.sum(axis=1), 1)
    energy = (real**2 + imaginary**2) / blocks[:, None]
    ranked = np.sort(energy, axis=0)
    step = int(((ranked[-1] + 10) / (ranked[-2] + 10)).argmax())
    phase = int(energy[:, step].argmax())
    return DcPeriod(
        divmod(phase, 8),
        int(DC_STEPS[step]),
        float(ranked[-1, step]),
        float(ranked[-2, step]),
        int(blocks[phase]),
    )


def _block_sums(luma: Pixels) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
    """Sum of every 8x8 window, and whether it is free of black and white."""
    import cv2

    height, width = luma.shape
    window = (8, 8)
    sums = cv2.boxFilter(luma, cv2.CV_32S, window, anchor=(0, 0), normalize=False)[: height - 7, : width - 7]
    clipped = ((luma == 0) | (luma == 255)).astype(np.uint8)
    near = cv2.boxFilter(clipped, cv2.CV_32S, window, anchor=(0, 0), normalize=False)[
        : height - 7, : width - 7
    ]
    return np.asarray(sums, np.int32), np.asarray(near == 0)
