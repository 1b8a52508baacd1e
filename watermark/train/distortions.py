"""What happens to marked pictures on their way (the noise layer of arXiv:1807.09937), drawn for each anew.

The real thing is done to the pixels, JPEG by its encoder, and the gradient passes as if nothing had been
(straight through, arXiv:1308.3432): what a network is trained on is what it will meet.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

__all__ = ["DISTORTIONS", "distorted"]

Floats = npt.NDArray[np.float32]
Distortion = Callable[[Floats, np.random.Generator, float], Floats]


def distorted(luma: Tensor, rng: np.random.Generator, strength: float, kind: str = "") -> Tensor:
    """Return pictures after a distortion each, rounded and clipped, with the gradient straight through.

    Args:
        luma: (B, 1, H, W), 0 to 255.
        rng: Draws the distortions.
        strength: 0 for none, 1 for the strongest.
        kind: One of `DISTORTIONS`; drawn for each picture if empty.
    """
    pictures = luma.detach().float().cpu().numpy()[:, 0]
    out = np.empty_like(pictures)
    kinds = list(DISTORTIONS)
    for i, picture in enumerate(np.clip(np.rint(pictures), 0, 255)):
        chosen = kind or kinds[int(rng.integers(len(kinds)))]
        share = strength * (1.0 if kind else float(rng.random()))
        out[i] = np.clip(np.rint(DISTORTIONS[chosen](picture, rng, share)), 0, 255)
    there = torch.from_numpy(out[:, None]).to(luma)
    return luma + (there - luma).detach()


def _none(picture: Floats, _rng: np.random.Generator, _share: float) -> Floats:
    return picture


def _jpeg(picture: Floats, _rng: np.random.Generator, share: float) -> Floats:
    return _coded(picture, round(95 - 70 * share))


def _blur(picture: Floats, _rng: np.random.Generator, share: float) -> Floats:
    import cv2

    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.3 + 1.2 * share), np.float32)


def _noise(picture: Floats, rng: np.random.Generator, share: float) -> Floats:
    return picture + 12 * share * rng.standard_normal(picture.shape, np.float32)


def _resize(picture: Floats, _rng: np.random.Generator, share: float) -> Floats:
    return _scaled(picture, 1 - 0.65 * share)


def _value(picture: Floats, rng: np.random.Generator, share: float) -> Floats:
    contrast, brightness = 1 + 0.6 * share * rng.uniform(-1, 1), 40 * share * rng.uniform(-1, 1)
    return np.asarray((picture - 128) * contrast + 128 + brightness, np.float32)


def _moved(picture: Floats, rng: np.random.Generator, share: float) -> Floats:
    """Move, turn and scale a little: what is left of a geometry that was put right."""
    import cv2

    height, width = picture.shape
    angle, zoom = 0.4 * share * rng.uniform(-1, 1), 1 + 0.004 * share * rng.uniform(-1, 1)
    turn = np.asarray(cv2.getRotationMatrix2D((width / 2, height / 2), angle, zoom), np.float64)
    turn[:, 2] += share * rng.uniform(-0.5, 0.5, 2)
    return np.asarray(
        cv2.warpAffine(picture, turn, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT),
        np.float32,
    )


def _shared(picture: Floats, rng: np.random.Generator, share: float) -> Floats:
    """Scale down and up, move, and compress: what happens when a picture is passed on."""
    return _coded(_moved(_scaled(picture, 1 - 0.4 * share), rng, share), round(95 - 45 * share))


DISTORTIONS: dict[str, Distortion] = {
    "none": _none,
    "jpeg": _jpeg,
    "blur": _blur,
    "noise": _noise,
    "resize": _resize,
    "value": _value,
    "moved": _moved,
    "shared": _shared,
}


def _coded(picture: Floats, quality: int) -> Floats:
    import cv2

    pixels = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
    _, coded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.float32)


def _scaled(picture: Floats, scale: float) -> Floats:
    import cv2

    height, width = picture.shape
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
