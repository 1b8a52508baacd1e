"""Faces drawn by hand, that the cascades find: with eyes that shut, at any place, size and tilt."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

__all__ = ["blinking", "face", "scene"]

SIDE = 256
EYES = ((0.31, 0.42), (0.69, 0.42))  # middle of each eye in sides of the drawing


def face(shut: float = 0.0, seed: int = 0) -> np.ndarray:
    """Return a face, (256, 256) uint8.

    Args:
        shut: Share in [0, 1] of the eye that the lid covers.
        seed: Of the texture of the skin.
    """
    out = np.full((SIDE, SIDE), 70.0, np.float32)
    ellipse(out, (0.5, 0.52), (0.36, 0.47), 185)
    ellipse(out, (0.5, 0.1), (0.38, 0.16), 45)  # hair
    for x, y in EYES:
        ellipse(out, (x, y), (0.13, 0.085), 135)  # socket
        ellipse(out, (x, y - 0.105), (0.12, 0.018), 60)  # brow
        tall = 0.042 * (1 - shut)
        if tall > 0.006:
            ellipse(out, (x, y), (0.085, tall), 225)
            ellipse(out, (x, y), (0.038, min(0.038, tall)), 40)
        ellipse(out, (x, y + (0.03 if shut > 0.5 else -tall)), (0.09, 0.008), 55)  # lid
    ellipse(out, (0.5, 0.55), (0.035, 0.13), 200)
    ellipse(out, (0.5, 0.67), (0.07, 0.018), 120)
    ellipse(out, (0.5, 0.8), (0.13, 0.028), 100)
    grain = cv2.GaussianBlur(
        np.random.default_rng(seed).normal(0, 22, out.shape).astype(np.float32), (0, 0), 2
    )
    return np.clip(cv2.GaussianBlur(out, (0, 0), 1.5) + grain, 0, 255).astype(np.uint8)


def ellipse(out: np.ndarray, middle: tuple[float, float], axes: tuple[float, float], value: float) -> None:
    centre, radii = (tuple(round(SIDE * v) for v in pair) for pair in (middle, axes))
    cv2.ellipse(out, centre, radii, 0, 0, 360, value, -1, cv2.LINE_AA)


def scene(
    shut: float = 0.0,
    at: tuple[float, float] = (160, 120),
    side: float = 150,
    turn: float = 0.0,
    shape: tuple[int, int] = (240, 320),
) -> tuple[np.ndarray, np.ndarray]:
    """Return a picture with a face, and where its eyes are, (2, 2) x, y.

    Args:
        shut: Share of the eye that the lid covers.
        at: Middle of the drawing, x and y.
        side: Of the drawing in pixels.
        turn: Degrees, clockwise.
        shape: Rows and columns.
    """
    matrix = cv2.getRotationMatrix2D((SIDE / 2 - 0.5, SIDE / 2 - 0.5), -turn, side / SIDE)
    matrix[:, 2] += np.array(at) - (SIDE / 2 - 0.5)
    rows, columns = np.indices(shape)
    ground = (95 + 25 * np.sin(columns / 17) * np.cos(rows / 23)).astype(np.uint8)
    drawn = cv2.warpAffine(face(shut), matrix, shape[::-1], flags=cv2.INTER_AREA)
    mask = cv2.warpAffine(np.full((SIDE, SIDE), 255, np.uint8), matrix, shape[::-1])
    eyes = np.array(EYES) * SIDE - 0.5
    return np.where(mask > 127, drawn, ground), eyes @ matrix[:, :2].T + matrix[:, 2]


def blinking(frames: int, shut: list[int], **options: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield scenes of a head that sways, its eyes shut in some frames.

    Args:
        frames: How many.
        shut: Numbers of the frames in which the eyes are shut.
        options: Of `scene`.
    """
    for number in range(frames):
        phase = 2 * np.pi * number / 45
        at = (160 + 18 * np.sin(phase), 120 + 6 * np.cos(2 * phase))
        yield scene(float(number in shut), at=at, turn=4 * np.sin(phase / 2), **options)
