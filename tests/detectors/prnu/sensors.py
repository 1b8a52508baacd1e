"""Made-up sensors: a known pattern that multiplies the light of made-up scenes."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]


def pattern_of(seed: int, height: int = 256, width: int = 320) -> Floats:
    """The pattern of a sensor: independent normal values."""
    return np.random.default_rng([seed, 77]).standard_normal((height, width)).astype(np.float32)


def shot(
    pattern: Floats | None, seed: int, *, strength: float = 0.03, size: tuple[int, int] = (256, 320)
) -> Pixels:
    """A smooth scene taken by a sensor; by none with a pattern if None.

    Args:
        pattern: Pattern of the sensor.
        seed: Of the scene and the noise.
        strength: Standard deviation of the pattern, as a share of the light.
        size: Rows and columns, without a pattern.
    """
    height, width = size if pattern is None else pattern.shape
    rng = np.random.default_rng([seed, 5])
    coarse = rng.uniform(70, 200, (4, 5, 3)).astype(np.float32)
    light = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    if pattern is not None:
        light = light * (1 + strength * pattern[..., None])
    return np.asarray(np.clip(np.rint(light + rng.normal(0, 2, light.shape)), 0, 255), np.uint8)
