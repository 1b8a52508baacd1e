"""In words a person uses: what was done to a picture, and where its mark is missing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forensics.watermark.detection import Geometry, Tampering
from forensics.watermark.spread.binding import Margins
from forensics.watermark.spread.carriers import SIDE
from forensics.watermark.spread.inspecting import Inspection
from forensics.watermark.spread.searching import Aligned

__all__ = ["geometry_of", "tampering_of"]

Floats = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float64]

_TILTED = 0.02  # relative change of scale over the picture from which it counts as perspective
_MISSING = 0.3  # share of the agreement expected below which a tile's mark counts as missing
_LEAST_TILES = 9
_MAP_SIDE = 1024
_JUDGED = (
    5.0  # agreement expected of a tile from which it can be judged: chance leaves it 3.5 deviations short
)


def geometry_of(aligned: Aligned, inspection: Inspection | None) -> Geometry:
    """Return what was done to a picture.

    Args:
        aligned: The picture on the grid of the tiles.
        inspection: The tiles one by one; None if the payload is not known.
    """
    margins = inspection.margins if inspection else None
    matrix, (width, height) = aligned.warp.matrix, aligned.warp.size
    linear = _derivative(matrix, width / 2, height / 2)
    corners = [_derivative(matrix, x, y) for x in (0, width) for y in (0, height)]
    areas = [abs(float(np.linalg.det(c))) for c in corners]
    mirrored = bool(np.linalg.det(linear) < 0)
    if mirrored:
        linear = linear @ np.diag([-1.0, 1.0])
    across, down = linear[:, 0], linear[:, 1]
    length = float(np.hypot(*across))
    area = float(np.linalg.det(linear))
    level = 2.0**aligned.view.times
    return Geometry(
        rotation=float(-np.degrees(np.arctan2(across[1], across[0]))),
        mirrored=mirrored,
        scale=None if margins is None else area**0.5 * level / 2.0**margins.octave,
        aspect=length**2 / area,
        shear=float(np.degrees(np.arcsin(np.clip(across @ down / (length * np.hypot(*down)), -1, 1)))),
        perspective=max(areas) / min(areas) > (1 + _TILTED) ** 2,
        kept=_kept(aligned, margins, inspection.origin, _tiles(inspection))
        if inspection and margins
        else None,
        tile=SIDE * area**0.5 * level,
    )


def tampering_of(aligned: Aligned, inspection: Inspection) -> Tampering | None:
    """Return where the mark is missing; None if single tiles cannot be judged.

    Args:
        aligned: The picture on the grid of the tiles.
        inspection: The tiles one by one.
    """
    import cv2

    judged = inspection.inside & (inspection.expected >= _JUDGED)
    if judged.sum() < _LEAST_TILES:
        return None
    missing = ((inspection.presence < _MISSING * inspection.expected) & judged).astype(np.float32)
    x, y = inspection.origin
    width, height = aligned.warp.size
    grid = np.zeros((height, width), np.float32)
    part = np.repeat(np.repeat(missing, SIDE, axis=0), SIDE, axis=1)
    grid[y : y + part.shape[0], x : x + part.shape[1]] = part
    seen = grid
    if aligned.warped:
        rows, columns = aligned.view.luma.shape
        seen = np.asarray(cv2.warpPerspective(grid, aligned.warp.matrix, (columns, rows)), np.float32)
    if max(seen.shape) > _MAP_SIDE:
        scale = _MAP_SIDE / max(seen.shape)
        seen = np.asarray(
            cv2.resize(seen, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.float32
        )
    return Tampering(seen.clip(0, 1), float(missing.sum() / judged.sum()))


def _tiles(inspection: Inspection) -> tuple[int, int]:
    rows, columns = inspection.presence.shape
    return rows, columns


def _derivative(matrix: Matrix, x: float, y: float) -> Matrix:
    """Return the (2, 2) derivative of a homography at a point."""
    u, v, w = matrix @ [x, y, 1.0]
    rows = matrix[:2, :2] * w - np.outer([u, v], matrix[2, :2])
    return np.asarray(rows / w**2, np.float64)


def _kept(aligned: Aligned, margins: Margins, origin: tuple[int, int], tiles: tuple[int, int]) -> float:
    """Return the share of the original's area that the picture shows, to half a tile on each side."""
    columns, rows = aligned.warp.size
    x, y = origin
    top, bottom = _edges(y, tiles[0], margins.top, margins.bottom, rows)
    left, right = _edges(x, tiles[1], margins.left, margins.right, columns)
    inside = aligned.inside[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    return min(1.0, float(inside.sum()) / max((bottom - top) * (right - left), 1))


def _edges(first: int, tiles: int, before: int, after: int, size: int) -> tuple[int, int]:
    """Return where the original began and ended; the picture's own edge where nothing is missing."""
    start = first - SIDE * before - SIDE // 2 if before else 0
    end = first + SIDE * (tiles + after) + SIDE // 2 if after else size
    return start, end
