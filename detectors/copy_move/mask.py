"""Looking at the pixels of two regions that may be copies of each other.

Copies share their finest detail, noise and compression included; things that merely look alike do not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.detectors.copy_move.align import Box, Matrix, Region, is_exact, moved, partner, refine
from forensics.detectors.copy_move.blocks import lively
from forensics.detectors.copy_move.voting import Candidate
from forensics.media import Pixels

__all__ = ["Match", "correlation", "picture_of", "residual", "verify"]

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

_WINDOW = 9
_COPIED = 0.5  # local correlation above which a pixel counts as copied
_LARGEST = 600_000  # pixels of a crop; larger ones are reduced, both regions alike
_NOISE = 0.3  # grey levels squared: least power of the finest detail for it to be judged
_LEAST_SHIFT = 12.0
_OVERLAP = 0.25  # share of a region within its own copy that makes it a pattern
_GROWTHS = 3
_REFINEMENTS = 3
_HOPELESS = 0.3  # correlation of the finest detail below which no further work is spent


@dataclass(frozen=True)
class Match:
    """Two regions compared pixel by pixel.

    Attributes:
        matrix: (2, 3) affine map of (x, y) from the first region to the second.
        region: The first region.
        area: Pixels of the picture in the first region.
        textured: How many of them have texture in both directions.
        correlation: Mean local correlation of the detail there.
        fine: The same of the finest detail.
        quiet: Mean local correlation of the finest detail in the less contrasty half of the region.
        poorest: Its lower decile over the region.
        flat: Share of the region that is exactly flat, near black or near white: drawn, not photographed.
        overlap: Share of the first region that is in the second as well.
        pixels: Pixels of the whole picture.
        candidate: What led here.
    """

    matrix: Matrix
    region: Region
    area: int
    textured: int
    correlation: float
    fine: float
    quiet: float
    poorest: float
    flat: float
    overlap: float
    pixels: int
    candidate: Candidate


def residual(plane: Floats, sigma: float) -> Floats:
    """Return a picture without its coarser content: x - G_sigma(x).

    Args:
        plane: (H, W) grey levels.
        sigma: Standard deviation of the Gaussian in pixels.
    """
    import cv2

    return np.asarray(plane - cv2.GaussianBlur(plane, (0, 0), sigma))


def correlation(a: Floats, b: Floats, window: int = _WINDOW) -> Floats:
    """Return the normalised correlation of two planes in a window around every pixel.

    Args:
        a: (H, W) residual.
        b: (H, W) residual.
        window: Side of the square window.
    """
    import cv2

    size = (window, window)
    mean_a, mean_b = cv2.blur(a, size), cv2.blur(b, size)
    var_a = cv2.blur(a * a, size) - mean_a * mean_a
    var_b = cv2.blur(b * b, size) - mean_b * mean_b
    joint = cv2.blur(a * b, size) - mean_a * mean_b
    return np.asarray(joint / np.sqrt(np.maximum(var_a, 0.05) * np.maximum(var_b, 0.05)), np.float32)


def picture_of(matches: Iterable[Match], shape: tuple[int, ...]) -> Pixels:
    """Return both regions of all matches on the grid of the picture: (H, W) uint8, 0 or 1.

    Args:
        matches: The matches.
        shape: Height and width of the picture.
    """
    import cv2

    shown = np.zeros(shape[:2], np.uint8)
    for match in matches:
        box = match.region.box
        first = cv2.resize(match.region.mask.astype(np.uint8), box.size, interpolation=cv2.INTER_NEAREST)
        target = Box.around(moved(box.corners(), match.matrix), 2, shown.shape)
        onto = match.matrix.copy()
        onto[:, 2] += match.matrix[:, :2] @ [box.left, box.top] - [target.left, target.top]
        second = cv2.warpAffine(first, onto, target.size, flags=cv2.INTER_NEAREST)
        for part, place in ((first, box), (second, target)):
            view = place.cut(shown)
            np.maximum(view, part, out=view)
    return shown


def verify(luma: Pixels, candidate: Candidate) -> Match | None:
    """Compare the two regions of a candidate pixel by pixel; None where nothing is left of it.

    Args:
        luma: (H, W) uint8.
        candidate: The map and the places that led to it.
    """
    points = candidate.points
    matrix = candidate.matrix
    if not candidate.exact:
        refined = refine(luma, matrix, points)
        matrix = matrix if refined is None or not _sane(refined, points) else refined
    if not _sane(matrix, points):
        return None
    best = _grow(luma, candidate, matrix)
    for _ in range(_REFINEMENTS):
        if best is None or best.fine < _HOPELESS or is_exact(best.matrix):
            break
        again = refine(luma, best.matrix, best.region.points(), best.region)
        better = None if again is None or not _sane(again, points) else _grow(luma, candidate, again)
        if better is None or _agreement(better) <= 1.02 * _agreement(best):
            break
        best = better
    return best


def _agreement(match: Match) -> float:
    return match.correlation * match.textured


def _sane(matrix: Matrix, points: Matrix) -> bool:
    """Return whether a map scales moderately, hardly shears, and moves its points away from themselves."""
    large, small = np.linalg.svd(matrix[:, :2], compute_uv=False)
    steps = np.hypot(*(moved(points, matrix) - points).T)
    return bool(small > 0.4 and large < 2.5 and large < 1.4 * small and np.median(steps) >= _LEAST_SHIFT)


def _grow(luma: Pixels, candidate: Candidate, matrix: Matrix) -> Match | None:
    """Compare within a box that grows for as long as the region touches its border."""
    box = Box.around(candidate.points, 24, luma.shape)
    match = None
    for _ in range(_GROWTHS):
        match = _compare(luma, candidate, matrix, box)
        if match is None or match.overlap > _OVERLAP:
            return None
        larger = _larger(match.region, luma.shape)
        if larger == box or match.fine < _HOPELESS:
            break
        box = larger
    return match


def _larger(region: Region, shape: tuple[int, ...]) -> Box:
    box, mask = region.box, region.mask
    step = max(48, max(box.size) // 2)
    return Box(
        max(0, box.left - step * int(mask[:, :2].any())),
        max(0, box.top - step * int(mask[:2].any())),
        min(shape[1], box.right + step * int(mask[:, -2:].any())),
        min(shape[0], box.bottom + step * int(mask[-2:].any())),
    )


def _compare(luma: Pixels, candidate: Candidate, matrix: Matrix, box: Box) -> Match | None:
    import cv2

    a = box.cut(luma)
    b, inside = partner(luma, matrix, box)
    scale = max(1.0, (a.size / _LARGEST) ** 0.5)
    size = (int(a.shape[1] / scale), int(a.shape[0] / scale))
    if min(size) < 2 * _WINDOW:
        return None
    if scale > 1.0:
        a, b = (np.asarray(cv2.resize(p, size, interpolation=cv2.INTER_AREA), np.uint8) for p in (a, b))
        inside = cv2.resize(inside.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    first, second = a.astype(np.float32), b.astype(np.float32)
    alike = correlation(residual(first, 2.0), residual(second, 2.0))
    places = ((candidate.points - [box.left, box.top]) / scale).astype(np.int64)
    mask = _connected((alike > _COPIED) & inside, places) & inside
    seen = mask & lively(a, _WINDOW) & lively(b, _WINDOW)
    if not seen.any():
        return None
    noise = residual(first, 0.8)
    fine = correlation(noise, residual(second, 0.8))
    contrast = cv2.blur(noise * noise, (_WINDOW, _WINDOW))
    judged = mask & (contrast > _NOISE)
    if not judged.any():
        return None
    quiet = judged & (contrast <= np.median(contrast[judged]))
    region = Region(box, mask)
    return Match(
        matrix=matrix,
        region=region,
        area=round(float(mask.sum()) * scale * scale),
        textured=round(float(seen.sum()) * scale * scale),
        correlation=float(alike[seen].mean()),
        fine=float(fine[seen].mean()),
        quiet=float(fine[quiet].mean()),
        poorest=float(np.quantile(fine[judged], 0.1)),
        flat=_flatness(a, mask),
        overlap=_overlap(region, matrix),
        pixels=luma.size,
        candidate=candidate,
    )


def _flatness(plane: Pixels, mask: Bools) -> float:
    """Return the share of a region whose pixels equal all their neighbours, or are near black or white."""
    import cv2

    kernel = np.ones((3, 3), np.uint8)
    flat = cv2.dilate(plane, kernel) == cv2.erode(plane, kernel)
    flat |= (plane >= 250) | (plane <= 5)
    return float(flat[mask].mean())


def _connected(good: Bools, places: npt.NDArray[np.int64]) -> Bools:
    """Return the connected areas that hold places of matches, holes filled.

    Args:
        good: (h, w) pixels that agree.
        places: (N, 2) x, y of matches.
    """
    import cv2

    tidy = cv2.morphologyEx(good.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    tidy = cv2.morphologyEx(tidy, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    count, labels = cv2.connectedComponents(tidy, connectivity=4)
    x, y = np.clip(places, 0, np.array(good.shape[::-1]) - 1).T
    hits = np.bincount(labels[y, x], minlength=count)
    hits[0] = 0
    chosen = (hits >= min(3, hits.max())) & (hits > 0)
    outlines, _ = cv2.findContours(chosen[labels].astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros(good.shape, np.uint8)
    cv2.drawContours(filled, outlines, -1, 1, cv2.FILLED)
    return np.asarray(filled > 0)


def _overlap(region: Region, matrix: Matrix) -> float:
    """Return the share of a region that its map leaves inside the region.

    A copy pasted over part of its own source destroys that part, so that a real pair never overlaps; a
    pattern or a straight edge does.
    """
    points = region.points()
    back = region.to_picture
    shown = np.round((moved(points, matrix) - back[:, 2]) / np.diag(back[:, :2])).astype(np.int64)
    height, width = region.mask.shape
    inside = (shown >= 0).all(axis=1) & (shown[:, 0] < width) & (shown[:, 1] < height)
    return float(region.mask[shown[inside, 1], shown[inside, 0]].sum() / max(len(points), 1))
