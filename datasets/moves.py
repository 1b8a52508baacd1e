"""Clips from stills: a window that moves over a picture and zooms, as a camera does.

No clip of a camera is needed for it, and what a model learns from it is this motion and no other: everything
moves together, nothing turns round, nothing is uncovered.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["LEAST", "filmed", "journey", "reduced"]

Pixels = npt.NDArray[np.uint8]
Doubles = npt.NDArray[np.float64]

LEAST = 1.25  # sides of a clip that a still has at least: what is smaller leaves no room to move
_MOST = 3.0  # sides of a clip to which larger stills are reduced
_SMALLEST, _LARGEST = 0.5, 0.92  # side of the window, as a share of the picture's shorter one
_SPEED = 0.08  # most sides that the window moves from frame to frame
_ZOOM = 0.5  # by which its side changes at most from the first frame to the last, as a logarithm
_STILL = 0.1  # share of clips without a zoom
_FINE = 2  # times as fine a grid, on which frames are sampled


def reduced(pixels: Pixels, side: int) -> Pixels:
    """Return a picture as small as moving crops of it may be sampled from.

    Args:
        pixels: (H, W, 3).
        side: Of the clips.
    """
    import cv2

    height, width = pixels.shape[:2]
    factor = _MOST * side / min(height, width)
    if factor >= 1:
        return pixels
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


# A Bézier curve of the second order stays in the hull of its three points: within the room there is.
def journey(rng: np.random.Generator, shape: tuple[int, int], side: int, frames: int) -> Doubles:
    """Return a smooth path of a square window over a picture, which it never leaves.

    Args:
        rng: Draws it.
        shape: Height and width of the picture, at least `LEAST` times `side` each.
        side: Of the clip. The window is never smaller, so that no frame is enlarged.
        frames: How many.

    Returns:
        (frames, 3) float64: top, left and side of the window in pixels of the picture.
    """
    short = min(shape)
    lowest, highest = np.log(max(side, _SMALLEST * short)), np.log(max(side, _LARGEST * short))
    zoom = 0.0 if rng.random() < _STILL else rng.uniform(-_ZOOM, _ZOOM)
    first = rng.uniform(lowest, highest)
    last = np.clip(first + zoom, lowest, highest)
    t = np.linspace(0, 1, frames)
    sides = np.exp(first + (last - first) * t)
    room = np.array(shape)[None, :] - sides[:, None]
    reach = _SPEED * frames * sides.mean() / np.maximum(room.mean(axis=0), 1e-9)
    start = rng.uniform(0, 1, 2)
    steps = rng.uniform(-1, 1, (2, 2)) * reach / 2
    points = np.clip(np.stack([start, start + steps[0], start + steps[0] + steps[1]]), 0, 1)
    weights = np.stack([(1 - t) ** 2, 2 * t * (1 - t), t**2], axis=1)
    return np.concatenate([weights @ points * room, sides[:, None]], axis=1)


def filmed(pixels: Pixels, windows: Doubles, side: int) -> Pixels:
    """Return what is seen through a moving window.

    Args:
        pixels: (H, W, 3) uint8.
        windows: (T, 3): top, left and side of the window in each frame; parts of pixels count.
        side: Of the frames.

    Returns:
        (T, side, side, 3) uint8.
    """
    import cv2

    frames = np.empty((len(windows), side, side, 3), np.uint8)
    fine, smooth = _FINE * side, pixels.astype(np.float32)
    for number, (top, left, length) in enumerate(windows):
        scale = length / fine  # pixels of the picture for one of the finer grid; centres lie at halves
        matrix = np.array([[scale, 0, left + scale / 2 - 0.5], [0, scale, top + scale / 2 - 0.5]])
        seen = cv2.warpAffine(
            smooth,
            matrix,
            (fine, fine),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        frames[number] = np.rint(cv2.resize(seen, (side, side), interpolation=cv2.INTER_AREA))
    return frames
