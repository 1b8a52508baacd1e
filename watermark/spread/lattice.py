"""Where the tiles lie: the lattice that a periodic mark leaves in the autocorrelation.

M. Kutter, "Watermarking resistant to translation, rotation and scaling", SPIE 3528, 1998: a pattern that
repeats makes peaks at all multiples of its periods, and these turn and stretch as the picture does. One that
alternates makes dips in place of peaks where the multiples have an odd sum.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from forensics.watermark.spread.autocorrelation import Autocorrelation
from forensics.watermark.spread.points import (
    REACH,
    Lattice,
    most_multiples,
    multiples_of,
    signs_of,
    strengths,
)
from forensics.watermark.spread.squares import squares

__all__ = ["lattices"]

Floats = npt.NDArray[np.float32]
Basis = npt.NDArray[np.float64]

_PEAKS = 20
_SAME = 0.02  # relative difference of two bases that count as one


def lattices(
    found: Autocorrelation,
    shortest: float,
    longest: float,
    most: int,
    reach: float = REACH,
    *,
    alternating: bool = False,
) -> tuple[Lattice, ...]:
    """Return the lattices that fit best, strongest first, all different.

    Args:
        found: Where to look.
        shortest: Least period in pixels.
        longest: Greatest period.
        most: How many to return.
        reach: Pixels in which they are scanned for; in fewer, fewer angles and sizes are different.
        alternating: Of tiles that alternate.
    """
    starts = [
        *squares(found, shortest, longest, reach, alternating),
        *_of_peaks(found, shortest, longest, alternating),
    ]
    starts.sort(key=lambda lattice: -lattice.strength)
    out: list[Lattice] = []
    for lattice in _refined(found, starts[: 3 * most], alternating):
        if not _known(lattice, out):
            out.append(lattice)
    return tuple(sorted(out, key=lambda lattice: -lattice.strength)[:most])


def _of_peaks(
    found: Autocorrelation, shortest: float, longest: float, alternating: bool
) -> Iterator[Lattice]:
    """Yield lattices that two strong peaks, or dips, span: stretched and sheared ones as well."""
    values = -found.values if alternating else found.values
    peaks = _strong_peaks(values, found.centre, shortest * 0.8, longest * 1.25)
    first, second = np.triu_indices(len(peaks), 1)
    bases = np.stack([peaks[first], peaks[second]], axis=2)
    lengths = np.hypot(bases[:, 0], bases[:, 1])
    area = np.abs(np.linalg.det(bases)) if len(bases) else np.zeros(0)
    upright = area > 0.5 * lengths.prod(axis=1)  # at least 30 degrees between them
    bases, area = bases[upright & (area > shortest**2)], area[upright & (area > shortest**2)]
    if not len(bases):
        return
    scores = strengths(found, bases, int(most_multiples(np.sqrt(np.median(area)))), alternating)
    for i in np.argsort(-scores)[:_PEAKS]:
        yield Lattice(bases[i], float(scores[i]))


def _strong_peaks(values: Floats, centre: Basis, nearest: float, farthest: float) -> Basis:
    """Return (N, 2) the strongest local maxima of the half plane, as x and y from lag zero."""
    cx, cy = (int(c) for c in centre)
    reach = int(min(farthest, cx - 2, cy - 2))
    window = values[cy : cy + reach + 1, cx - reach : cx + reach + 1]
    import cv2

    y, x = np.nonzero(window == cv2.dilate(window, np.ones((7, 7), np.uint8)))
    strength, x = window[y, x], x - reach
    far = np.hypot(x, y)
    kept = (far >= nearest) & (far <= farthest) & ((y > 0) | (x > 0))
    order = np.argsort(-strength[kept])[:_PEAKS]
    return np.stack([x[kept][order], y[kept][order]], axis=1).astype(np.float64)


def _refined(found: Autocorrelation, starts: Sequence[Lattice], alternating: bool) -> Iterator[Lattice]:
    """Fit the periods of each to the peaks near their multiples, near ones first, then all."""
    if not starts:
        return
    bases = np.stack([start.basis for start in starts])
    sizes = np.sqrt(np.abs(np.linalg.det(bases)))
    farthest = np.clip(found.centre.min() * 0.8 // sizes, 4, 12).astype(int)
    for most in (np.full(len(bases), 2), np.full(len(bases), 4), farthest):
        for number in np.unique(most):
            some = most == number
            bases[some] = _fitted(found, bases[some], multiples_of(int(number)), alternating)
    for basis, size in zip(bases, sizes, strict=True):
        yield Lattice(basis, float(strengths(found, basis, int(most_multiples(size)), alternating)))


def _fitted(found: Autocorrelation, bases: Basis, multiples: Basis, alternating: bool) -> Basis:
    """Return (N, 2, 2) bases moved to what the peaks around their multiples say, where that is near."""
    points = multiples @ bases.transpose(0, 2, 1)  # (N, multiples, x and y)
    height, width = found.values.shape
    corner = np.rint(points + found.centre).astype(np.int64) - 2
    inside = np.asarray(((corner >= 0) & (corner < [width - 5, height - 5])).all(axis=2))
    x, y = np.where(inside[..., None], corner, 0).transpose(2, 0, 1)
    offsets = np.arange(5)
    patches = found.values[y[..., None, None] + offsets[:, None], x[..., None, None] + offsets]
    if alternating:
        patches = patches * signs_of(multiples)[:, None, None]
    patches = np.maximum(patches, 0.0) ** 2
    weight = patches.max(axis=(2, 3)) * inside
    total = np.maximum(patches.sum(axis=(2, 3)), 1e-9)
    peak = np.stack(
        [(patches.sum(axis=2) @ offsets) / total, (patches.sum(axis=3) @ offsets) / total], axis=2
    )
    fitted = _least_squares(multiples, corner + peak - found.centre, weight)
    changed = np.abs(fitted - bases).max(axis=(1, 2)) / np.abs(bases).max(axis=(1, 2))
    near = (changed < 0.1) & (inside.sum(axis=1) >= 3)  # not a number is not near
    return np.where(near[:, None, None], fitted, bases)


def _least_squares(multiples: Basis, seen: Basis, weight: Basis) -> Basis:
    """Return (N, 2, 2) bases whose multiples (M, 2) lie nearest to (N, M, 2) points of (N, M) weights.

    Not a number where the weights say nothing of a period.
    """
    weighted = multiples.T * weight[:, None]  # (N, 2, M)
    square, mixed = weighted @ multiples, weighted @ seen
    (a, b), (c, d) = square.transpose(1, 2, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = np.stack([d, -b, -c, a], axis=1).reshape(-1, 2, 2) / (a * d - b * c)[:, None, None]
        found: Basis = (inverse @ mixed).transpose(0, 2, 1)
    return found


def _known(lattice: Lattice, others: Sequence[Lattice]) -> bool:
    """Return whether one of others is the same: each basis is an integer combination of the other."""
    if not others:
        return False
    changes = np.linalg.solve(lattice.basis, np.stack([other.basis for other in others]))
    whole = np.rint(changes)
    near = np.abs(changes - whole).max(axis=(1, 2)) < 3 * _SAME
    return bool((near & (np.rint(np.abs(np.linalg.det(whole))) == 1)).any())
