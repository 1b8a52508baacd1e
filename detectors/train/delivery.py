"""What happens to pictures on their way, alike for photos and for what was made of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Delivery", "cropped", "delivered", "drawn"]

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Delivery:
    """What is done to a picture, in this order; nothing where a value is 0.

    Attributes:
        scale: Ratio of its sides, 1 for none.
        blur: Deviation of a Gaussian in pixels.
        noise: Deviation in grey levels.
        webp: Quality.
        jpeg: Quality.
        subsampled: Whether that JPEG halves its colours.
        seed: Of the noise.
    """

    scale: float = 1.0
    blur: float = 0.0
    noise: float = 0.0
    webp: int = 0
    jpeg: int = 0
    subsampled: bool = False
    seed: int = 0


def drawn(rng: np.random.Generator, strength: float = 1.0) -> Delivery:
    """Return a delivery drawn by lot: a quarter of all pictures stay as they are, half are saved as JPEG.

    Args:
        rng: Draws it.
        strength: Of what is done, 0-1.
    """
    if rng.random() < 0.25:
        return Delivery()
    scaled, blurred, noisy, web = rng.random(4) < (0.35, 0.15, 0.15, 0.1)
    return Delivery(
        scale=float(2.0 ** (strength * rng.uniform(-0.5, 0.5))) if scaled else 1.0,
        blur=float(strength * rng.uniform(0.3, 1.0)) if blurred else 0.0,
        noise=float(strength * rng.uniform(0.5, 5.0)) if noisy else 0.0,
        webp=int(rng.integers(60, 96)) if web else 0,
        jpeg=int(100 - strength * rng.integers(2, 46)) if rng.random() < 0.65 else 0,
        subsampled=bool(rng.random() < 0.6),
        seed=int(rng.integers(1 << 31)),
    )


def delivered(picture: Pixels, how: Delivery) -> Pixels:
    """Return a picture after its delivery.

    Args:
        picture: (H, W, 3) uint8 RGB.
        how: What is done to it.
    """
    import cv2

    steps: list[Callable[[Pixels], Pixels]] = []
    if how.scale != 1.0:
        steps.append(lambda p: _scaled(p, how.scale))
    if how.blur:
        steps.append(lambda p: np.asarray(cv2.GaussianBlur(p, (0, 0), how.blur), np.uint8))
    if how.noise:
        steps.append(lambda p: _noisy(p, how))
    if how.webp:
        steps.append(lambda p: _coded(p, ".webp", [cv2.IMWRITE_WEBP_QUALITY, how.webp]))
    if how.jpeg:
        chroma = (
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420 if how.subsampled else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
        )
        values = [cv2.IMWRITE_JPEG_QUALITY, how.jpeg, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, chroma]
        steps.append(lambda p: _coded(p, ".jpg", values))
    for step in steps:
        picture = step(picture)
    return picture


def cropped(picture: Pixels, side: int, place: tuple[float, float]) -> Pixels:
    """Return a square of a picture that begins at a multiple of 8, mirrored where the picture is too small.

    Args:
        picture: (H, W, 3).
        side: Of the square.
        place: Where, as shares of the room that there is.
    """
    missing = [max(0, side - n) for n in picture.shape[:2]]
    if any(missing):
        picture = np.pad(picture, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="symmetric")
    room = [(n - side) // 8 for n in picture.shape[:2]]
    y, x = (8 * min(r, int(share * (r + 1))) for r, share in zip(room, place, strict=True))
    return np.ascontiguousarray(picture[y : y + side, x : x + side])


def _scaled(picture: Pixels, scale: float) -> Pixels:
    import cv2

    size = tuple(max(8, round(n * scale)) for n in picture.shape[1::-1])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8)


def _noisy(picture: Pixels, how: Delivery) -> Pixels:
    noise = np.random.default_rng(how.seed).normal(0.0, how.noise, picture.shape)
    return np.asarray(np.clip(np.rint(picture + noise), 0, 255), np.uint8)


def _coded(picture: Pixels, kind: str, values: list[int]) -> Pixels:
    import cv2

    _, coded = cv2.imencode(kind, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), values)
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR_RGB), np.uint8)
