"""Windows over a picture: what its noise looks like there, and what the content has to do with it.

Noise follows content: sensors are noisier where it is bright, codecs and noise reduction spare edges.
Brightness and coarse contrast are therefore measured along, so that what they explain can be taken out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.detectors.noise.features import CLASSES, QUIET, cell_counts, residual_step
from forensics.media import Pixels

__all__ = ["LEAST_CELL", "WINDOW", "Windows", "cell_side", "look"]

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

# Cells, each way, of a window; windows stand a cell apart.
WINDOW = 5
LEAST_CELL, MOST_CELLS = 16, 3000
# Share of a window's sequences that must be free of black and white.
LEAST_COUNTED = 0.64
# Largest share of a window's sequences that stay in the middle level: beyond it there is no noise to compare.
MOST_QUIET = 0.8
# Standard deviation of the blur before coarse contrast is measured: noise does not pass it.
BLUR = 2.0
# Squared slope, in grey levels per pixel, below which content counts as smooth.
SMOOTH = 0.3


@dataclass(frozen=True)
class Windows:
    """What each window shows.

    Attributes:
        features: (rows, columns, 50) square roots of the shares of the classes, along and across.
        usable: (rows, columns) whether a window lies inside, has enough to count, and noise.
        brightness: (rows, columns) mean level, -1 to 1.
        contrast: (rows, columns) log of the mean squared slope of the blurred content.
        step: Step of the residual's quantiser, grey levels.
        side: Pixels from window to window.
    """

    features: Floats
    usable: Bools
    brightness: Floats
    contrast: Floats
    step: float
    side: int


def cell_side(shape: tuple[int, ...]) -> int:
    """Return the side of a cell for a picture of (H, W): at least 16 pixels, at most about 3000 cells."""
    return max(LEAST_CELL, int(np.ceil(np.sqrt(shape[0] * shape[1] / MOST_CELLS))))


def look(luma: Pixels, step: float | None = None, most_quiet: float = MOST_QUIET) -> Windows:
    """Look at all windows of a picture.

    Args:
        luma: (H, W) uint8, both at least five cells.
        step: Step of the residual's quantiser; the picture's own if None.
        most_quiet: Share of sequences in the middle level beyond which a window is not usable.
    """
    side, step = cell_side(luma.shape), residual_step(luma) if step is None else step
    counts = _around(cell_counts(luma, side, step))
    along, across = counts[..., :CLASSES], counts[..., CLASSES:]
    total = along.sum(axis=2)
    usable = total >= LEAST_COUNTED * total.max(initial=1.0)
    usable &= along[..., QUIET] <= most_quiet * total
    edge = WINDOW // 2
    inside = np.zeros_like(usable)
    inside[edge : inside.shape[0] - edge, edge : inside.shape[1] - edge] = True
    shares = [part / np.maximum(part.sum(axis=2, keepdims=True), 1) for part in (along, across)]
    brightness, contrast = _content(luma, side)
    return Windows(np.sqrt(np.concatenate(shares, axis=2)), usable & inside, brightness, contrast, step, side)


def _content(luma: Pixels, side: int) -> tuple[Floats, Floats]:
    """Return mean level and log squared slope of every window."""
    import cv2

    rows, columns = luma.shape[0] // side, luma.shape[1] // side
    whole = luma[: rows * side, : columns * side]
    size = (columns, rows)
    level = np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.float32)
    blurred = cv2.GaussianBlur(whole, (0, 0), BLUR)
    across, down = (cv2.Sobel(blurred, cv2.CV_32F, 1 - i, i) / 8 for i in (0, 1))
    power = np.asarray(across * across + down * down, np.float32)
    slope = np.asarray(cv2.resize(power, size, interpolation=cv2.INTER_AREA), np.float32)
    area = WINDOW * WINDOW
    brightness = _around(level[..., None])[..., 0] / (128 * area) - 1
    contrast = np.log(_around(slope[..., None])[..., 0] / area + SMOOTH)
    return np.asarray(brightness, np.float32), np.asarray(contrast, np.float32)


def _around(planes: Floats) -> Floats:
    """Return (rows, columns, N) sums over the cells of the window around each."""
    import cv2

    parts = [
        cv2.boxFilter(
            np.ascontiguousarray(planes[..., i]),
            cv2.CV_32F,
            (WINDOW, WINDOW),
            normalize=False,
            borderType=cv2.BORDER_CONSTANT,
        )
        for i in range(planes.shape[2])
    ]
    return np.stack(parts, axis=2)
