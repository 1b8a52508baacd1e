"""Traces of interpolation: the picture was scaled or rotated.

Interpolated pixels are predictable from their neighbours, and how well varies with a period that the
factor sets (Popescu and Farid 2005; Gallagher 2005; Kirchner 2008; Mahdian and Saic 2008). Scaling by s
puts lines of the predictor's error at the frequency 1/s, folded into (0, 1/2]; rotation puts them off the
axes. Eighths are left out: there stand the block borders of JPEG, and demosaicing stands at one half.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from forensics.detectors.periodicity.null import bonferroni, f_tail_exponent, limited_tail_log10
from forensics.detectors.periodicity.spectrum import Spectra

__all__ = ["Peak", "Periodogram", "factors", "periodogram", "strongest"]

Floats = npt.NDArray[np.float32]

_INNER, _OUTER = 2, 7  # the floor of a bin is the mean of the square ring between the two
# The ring has 200 bins, but under a Hann window neighbours are correlated, by 4/9 and 1/36 in power: along
# each axis n bins are worth n / (1 + 2 (4/9 + 1/36)).
_NEIGHBOURS = round(((2 * _OUTER + 1) ** 2 - (2 * _INNER + 1) ** 2) / (1 + 2 * (4 / 9 + 1 / 36)) ** 2)
_MOST = 3.0  # no tile gives more than -ln p = 3, so that no single texture makes a peak
_LOW = 0.08  # cycles per pixel below which the content of pictures rules
_GUARD = 2  # bins around each eighth that are not looked at


@dataclass(frozen=True)
class Periodogram:
    """The evidence of all tiles for a line at each frequency.

    Attributes:
        exponent: (N, N) float32, sum over tiles of min(-ln p, 3), zero frequency first.
        unlimited: (N, N) float32, the same without the limit: where exactly a line stands.
        tested: (N, N) bool, the frequencies looked at: half a plane, without eighths.
        tiles: Number of tiles.
    """

    exponent: Floats
    unlimited: Floats
    tested: npt.NDArray[np.bool_]
    tiles: int


@dataclass(frozen=True)
class Peak:
    """A line.

    Attributes:
        row: Vertical frequency in cycles per pixel, -1/2 to 1/2.
        column: Horizontal frequency, 0 to 1/2.
        log10_p: Of this bin alone.
        p_value: Corrected for the number of frequencies looked at.
    """

    row: float
    column: float
    log10_p: float
    p_value: float

    @property
    def on_axis(self) -> bool:
        """Whether it is what scaling without rotation leaves."""
        return min(abs(self.row), abs(self.column)) < 0.012


def periodogram(transform: Spectra) -> Periodogram:
    """Test every frequency of every tile against its neighbourhood and add up.

    Args:
        transform: (T, N, N) spectra of the predictor's error.
    """
    import cv2

    count, side, _ = transform.shape
    wide, narrow = 2 * _OUTER + 1, 2 * _INNER + 1
    limited, total = np.zeros((2, side, side), dtype=np.float32)
    for tile in transform:
        power = np.abs(tile) ** 2
        padded = np.pad(power, _OUTER, mode="wrap")
        outer = np.asarray(cv2.boxFilter(padded, -1, (wide, wide), normalize=False), dtype=np.float32)
        inner = np.asarray(cv2.boxFilter(padded, -1, (narrow, narrow), normalize=False), dtype=np.float32)
        floor = (outer - inner)[_OUTER:-_OUTER, _OUTER:-_OUTER] / np.float32(wide**2 - narrow**2)
        ratio = power / np.maximum(floor, np.float32(1e-12))
        exponent = f_tail_exponent(ratio, _NEIGHBOURS)
        total += exponent
        limited += np.minimum(exponent, np.float32(_MOST))
    return Periodogram(limited, total, _tested(side), count)


def strongest(found: Periodogram) -> Peak:
    """Return the strongest line, one on an axis before an equally certain one beside it."""
    exponent = np.where(found.tested, found.exponent, 0)
    best = np.where(exponent == exponent.max(), found.unlimited, 0)  # the limit makes plateaus
    y, x = (int(k) for k in np.unravel_index(int(best.argmax()), best.shape))
    axis = exponent.copy()
    axis[2:-1, 2:] = 0  # what is left: the axes and a bin to each side
    best = np.where(axis == axis.max(), found.unlimited, 0)
    v, u = (int(k) for k in np.unravel_index(int(best.argmax()), best.shape))
    if axis[v, u] > 0.8 * exponent[y, x]:
        y, x = v, u
    log10_p = limited_tail_log10(found.tiles, float(exponent[y, x]), _MOST)
    row, column = _refined(found.unlimited, y, x)
    row = row - 1 if row > 0.5 else row
    tests = int(found.tested.sum())
    return Peak(row, min(column, 1 - column), log10_p, bonferroni(log10_p, tests))


def factors(found: Periodogram, peak: Peak) -> tuple[float, ...]:
    """Return at most four scale factors between 1/2 and 4 that explain a peak on an axis, the best first.

    A factor s puts lines at multiples of 1/s and, where a JPEG was scaled, of 1/(8 s), all folded into
    (0, 1/2]. Each candidate is judged by the evidence at all frequencies where it predicts lines, less a
    little for each of them. Those that nothing tells apart are given together, enlargement below 2 first.

    Args:
        found: The tests.
        peak: Its strongest line, on an axis.
    """
    vertical = abs(peak.row) > peak.column
    axis = found.unlimited[:, 0] if vertical else found.unlimited[0]
    frequency = abs(peak.row) if vertical else peak.column
    bins, weights = _axis_peaks(axis / np.float32(max(found.tiles, 1)))
    aliases = [turn + sign * frequency for turn, sign in ((0, 1), (1, -1), (1, 1), (2, -1), (2, 1))]
    first = [(1 / alias, 1, 0.0) for alias in aliases]
    second = [(2 / alias, 1, 0.4) for alias in aliases]  # the second line is seldom the stronger one
    jpegs = [(k / (8 * alias), 8, 0.0) for alias in aliases for k in range(1, 8)]
    judged = sorted(
        (round(cost - _explained(bins, weights, _predicted(s, parts, len(axis))), 1), parts, not 1 < s < 2, s)
        for s, parts, cost in first + second + jpegs
        if 0.5 < s <= 4 and abs(s - 1) > 0.015
    )
    best: list[float] = []
    for _, _, _, s in judged:
        if all(abs(s / other - 1) > 0.01 for other in best):
            best.append(round(s, 3))
    return tuple(best[:4])


# Local maxima well above chance (mean 1), away from eighths: their bins and what they exceed 1 by.
def _axis_peaks(mean: Floats) -> tuple[npt.NDArray[np.int_], Floats]:
    side = len(mean)
    k = np.arange(3, side // 2)
    around = mean[k[:, None] + np.arange(-3, 4)]
    chosen = k[(around.max(axis=1) == mean[k]) & (mean[k] > 1.3) & ~_near_eighth(k, side)]
    return chosen, np.minimum(mean[chosen] - 1, 2)


# Bins of the multiples of 1/(parts * s) up to 2/s, folded, without those near eighths.
def _predicted(factor: float, parts: int, side: int) -> npt.NDArray[np.float64]:
    multiples = np.arange(1, 2 * parts + 1) / (parts * factor)
    folded = np.abs(multiples - np.rint(multiples)) * side
    return np.unique(folded[~_near_eighth(folded, side)].round(2))


# What the peaks at predicted frequencies weigh, less a little for each prediction that fails.
def _explained(bins: npt.NDArray[np.int_], weights: Floats, predicted: npt.NDArray[np.float64]) -> float:
    if not len(bins) or not len(predicted):
        return 0.0
    near = np.abs(bins[:, None] - predicted) <= 1
    return float(weights[near.any(axis=1)].sum()) - 0.15 * float((~near.any(axis=0)).sum())


def _near_eighth(bins: npt.NDArray[Any], side: int) -> npt.NDArray[np.bool_]:
    step = side // 8
    return np.asarray(np.minimum(bins % step, -bins % step) <= _GUARD)


def _tested(side: int) -> npt.NDArray[np.bool_]:
    k = np.arange(side)
    near = _near_eighth(k, side)
    low = np.minimum(k, side - k) < _LOW * side
    half = np.zeros((side, side), dtype=bool)
    half[:, 1 : side // 2] = True
    half[1 : side // 2, 0] = True
    return half & ~(near[:, None] & near[None, :]) & ~(low[:, None] & low[None, :])


# Centre of gravity of the excess over the floor in the 3x3 bins around a peak.
def _refined(exponent: Floats, y: int, x: int) -> tuple[float, float]:
    side = exponent.shape[0]
    offsets = np.arange(-1, 2)
    around = exponent[(y + offsets)[:, None] % side, (x + offsets)[None, :] % side]
    weight = np.maximum(around - np.median(exponent), 0)
    weight = weight / max(float(weight.sum()), 1e-9)
    dy, dx = float((weight.sum(1) * offsets).sum()), float((weight.sum(0) * offsets).sum())
    return ((y + dy) / side) % 1, ((x + dx) / side) % 1
