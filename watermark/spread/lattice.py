"""Where the tiles lie: the lattice that a periodic mark leaves in the autocorrelation.

M. Kutter, "Watermarking resistant to translation, rotation and scaling", SPIE 3528, 1998: a pattern that
repeats makes peaks at all multiples of its periods, and these turn and stretch as the picture does. One that
alternates makes dips in place of peaks where the multiples have an odd sum.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt

from forensics.watermark.spread.plane import Plane, real_plane

__all__ = ["Autocorrelation", "Lattice", "autocorrelation", "lattices"]

Floats = npt.NDArray[np.float32]
Basis = npt.NDArray[np.float64]

_BAND = (0.05, 0.40)  # cycles per pixel
_REACH = 200.0  # pixels in which lattices are scanned for; farther multiples are used to refine
_MOST_MULTIPLES = 6
_TURN = 0.5  # degrees between angles
_STEP = 0.009  # of the logarithm of the period
_PEAKS = 20
_SAME = 0.02  # relative difference of two bases that count as one


@dataclass(frozen=True)
class Autocorrelation:
    """The autocorrelation of a whitened residual.

    Attributes:
        values: (H, W) in units of its deviation; lag zero stands at `centre`.
        centre: x and y of lag zero.
    """

    values: Floats
    centre: Basis

    @cached_property
    def peaks(self) -> Floats:
        """(H, W) the largest of each pixel's neighbourhood, in units of its own deviation."""
        return _largest(self.values)

    @cached_property
    def dips(self) -> Floats:
        """(H, W) the same of the values with the other sign."""
        return _largest(-self.values)


@dataclass(frozen=True)
class Lattice:
    """Two periods of a tile.

    Attributes:
        basis: (2, 2); its columns are the periods as (x, y) in pixels.
        strength: Sum of the autocorrelation at the lattice's points over the root of their number.
    """

    basis: Basis
    strength: float


def autocorrelation(plane: Plane) -> Autocorrelation:
    """Return the autocorrelation of a picture's residual from its whitened spectrum."""
    height, width = len(plane.values), plane.width
    power = plane.values.real**2 + plane.values.imag**2
    power *= np.float32(0.5)
    power -= np.float32(1.0)
    v, u = np.fft.fftfreq(height)[:, None] ** 2, (np.arange(width // 2) / width) ** 2
    power *= (v + u >= _BAND[0] ** 2) & (v + u <= _BAND[1] ** 2)
    power[:2] = power[-2:] = 0.0  # what runs along the axes is the frame and the blocks of JPEG
    power[:, :3] = 0.0
    whole = real_plane(power)
    rows, columns = (n * 7 // 16 for n in (height, width))
    values = np.roll(whole, (rows, columns), (0, 1))[: 2 * rows + 1, : 2 * columns + 1]
    edge = np.concatenate([values[: rows // 4].ravel(), values[-(rows // 4) :].ravel()])
    return Autocorrelation(values / max(float(edge.std()), 1e-12), np.array([columns, rows], np.float64))


def _largest(values: Floats) -> Floats:
    import cv2

    spread = np.asarray(cv2.dilate(values, np.ones((3, 3), np.uint8)), np.float32)
    edge = spread[: len(values) // 8]
    return np.asarray((spread - edge.mean()) / max(float(edge.std()), 1e-12), np.float32)


def lattices(
    found: Autocorrelation,
    shortest: float,
    longest: float,
    most: int,
    reach: float = _REACH,
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
        *_squares(found, shortest, longest, reach, alternating),
        *_of_peaks(found, shortest, longest, alternating),
    ]
    starts.sort(key=lambda lattice: -lattice.strength)
    out: list[Lattice] = []
    for start in starts[: 3 * most]:
        lattice = _refined(found, start, alternating)
        if all(not _same(lattice.basis, other.basis) for other in out):
            out.append(lattice)
    return tuple(sorted(out, key=lambda lattice: -lattice.strength)[:most])


def _squares(
    found: Autocorrelation, shortest: float, longest: float, reach: float, alternating: bool
) -> Iterator[Lattice]:
    """Yield the best square lattice of each size that is better than its neighbours in size."""
    coarser = _REACH / reach
    sizes = shortest * np.exp(np.arange(0.0, np.log(longest / shortest), _STEP * coarser))
    angles = np.radians(np.arange(0.0, 90.0, _TURN * coarser))
    turns = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    units = np.stack([turns, turns[:, ::-1] * [-1, 1]], axis=2)  # (angles, x and y, which period)
    scores = np.empty((len(sizes), len(units)))
    most = _most_multiples(sizes, reach)
    for number in np.unique(most):
        bases = sizes[most == number, None, None, None] * units
        scores[most == number] = _strengths(found, bases, int(number), alternating)
    values = scores.max(axis=1)
    for i in np.argsort(-values)[:_PEAKS]:
        if values[i] == values[max(0, i - 2) : i + 3].max():
            yield Lattice(sizes[i] * units[int(scores[i].argmax())], float(values[i]))


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
    scores = _strengths(found, bases, int(_most_multiples(np.sqrt(np.median(area)))), alternating)
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


def _most_multiples(sizes: Basis | np.float64 | float, reach: float = _REACH) -> npt.NDArray[np.int64]:
    """Return how many multiples of periods of some sizes are looked at."""
    return np.asarray(np.clip(reach / np.asarray(sizes), 2, _MOST_MULTIPLES), np.int64)


def _strengths(found: Autocorrelation, bases: Basis, most: int, alternating: bool) -> npt.NDArray[np.float64]:
    """Return (...,) strengths of (..., 2, 2) lattices, by so many multiples of their periods."""
    points = np.rint(bases @ _multiples(most).T)
    x, y = (np.asarray(points[..., k, :] + found.centre[k], np.int64) for k in (0, 1))
    height, width = found.values.shape
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    x, y = x.clip(0, width - 1), y.clip(0, height - 1)
    seen = np.where(inside, found.peaks[y, x], np.float32(0))
    if alternating:
        odd = _signs(_multiples(most)) < 0
        seen[..., odd] = np.where(inside[..., odd], found.dips[y[..., odd], x[..., odd]], np.float32(0))
    count = np.maximum(inside.sum(axis=-1), 1)
    return np.asarray(seen.sum(axis=-1, dtype=np.float64) / np.sqrt(count), np.float64)


@cache
def _multiples(most: int) -> Basis:
    """Return (N, 2) multiples of the two periods, those of a half plane within a circle."""
    i, j = (a.ravel() for a in np.meshgrid(np.arange(-most, most + 1), np.arange(most + 1)))
    kept = ((j > 0) | (i > 0)) & (np.hypot(i, j) <= most + 0.01)
    return np.stack([i[kept], j[kept]], axis=1).astype(np.float64)


def _signs(multiples: Basis) -> Basis:
    """Return (N,) signs that a tile that alternates has after so many steps."""
    return np.asarray(1 - 2 * (multiples.sum(axis=1) % 2), np.float64)


def _refined(found: Autocorrelation, start: Lattice, alternating: bool) -> Lattice:
    """Fit the periods to the peaks near their multiples, near ones first, then all."""
    basis = start.basis
    size = float(np.sqrt(abs(np.linalg.det(basis))))
    for most in (2, 4, max(4, int(found.centre.min() * 0.8 / size))):
        basis = _fitted(found, basis, _multiples(min(most, 12)), alternating)
    return Lattice(basis, float(_strengths(found, basis, int(_most_multiples(size)), alternating)))


def _fitted(found: Autocorrelation, basis: Basis, multiples: Basis, alternating: bool) -> Basis:
    points = multiples @ basis.T
    height, width = found.values.shape
    corner = np.rint(points + found.centre).astype(np.int64) - 2
    inside = ((corner >= 0) & (corner < [width - 5, height - 5])).all(axis=1)
    if inside.sum() < 3:
        return basis
    corner, multiples = corner[inside], multiples[inside]
    offsets = np.arange(5)
    patches = found.values[corner[:, 1, None, None] + offsets[:, None], corner[:, 0, None, None] + offsets]
    if alternating:
        patches = patches * _signs(multiples)[:, None, None]
    patches = np.maximum(patches, 0.0) ** 2
    weight = patches.max(axis=(1, 2))
    total = np.maximum(patches.sum(axis=(1, 2)), 1e-9)
    peak = np.stack(
        [(patches.sum(axis=1) @ offsets) / total, (patches.sum(axis=2) @ offsets) / total], axis=1
    )
    seen = corner + peak - found.centre
    root = np.sqrt(weight)[:, None]
    solution, *_ = np.linalg.lstsq(multiples * root, seen * root, rcond=None)
    fitted = np.asarray(solution.T, np.float64)
    changed = np.abs(fitted - basis).max() / np.abs(basis).max()
    return fitted if changed < 0.1 else basis


def _same(first: Basis, second: Basis) -> bool:
    """Return whether two bases span the same lattice: each is an integer combination of the other."""
    change = np.linalg.solve(first, second)
    whole = np.rint(change)
    return bool(np.abs(change - whole).max() < 3 * _SAME and abs(round(float(np.linalg.det(whole)))) == 1)
