"""How well a denoiser tells pictures from noise, level by level."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from forensics.generators.pipelines.chance import Chance
from forensics.generators.sampling.paths import Path
from forensics.generators.sampling.targets import Denoiser

__all__ = ["NOISE_LEVELS", "picture_errors", "variance_error"]

# Noise over picture, sigma / alpha: so models of different paths are asked the same.
NOISE_LEVELS = (16.0, 8.0, 4.0, 2.0, 1.0, 0.5, 0.25, 0.125, 0.0625)


# Karras et al. 2022, arXiv:2206.00364, eq. 2.
def picture_errors(
    denoise: Denoiser,
    x: npt.NDArray[np.float32],
    path: Path,
    chance: Chance,
    levels: Sequence[float] = NOISE_LEVELS,
) -> npt.NDArray[np.float64]:
    """Return (B, levels) mean squared errors of the pictures that a denoiser finds behind noise.

    Whatever a network predicts, the error is that of the picture, in the terms of `x`.

    Args:
        denoise: What is measured.
        x: (B, ...) pictures from -1 to 1, or latents of unit size.
        path: From noise to pictures, along which the denoiser was trained.
        chance: Draws the noise of each picture, at each level anew.
        levels: Noise over picture, sigma / alpha, above 0.
    """
    found = np.empty((len(x), len(levels)))
    for column, level in enumerate(levels):
        t = float(path.time(level))
        z = np.asarray(path.at(t).mix(x, chance.normal(x.shape[1:])), np.float32)
        error: npt.NDArray[Any] = np.square(np.asarray(denoise(z, t).x, np.float64) - x)
        found[:, column] = error.reshape(len(x), -1).mean(1)
    return found


# The least error of an estimate that is linear in one value: Wiener's filter without neighbours.
def variance_error(variance: float, level: float) -> float:
    """Return the error where nothing is known of pictures but mean and variance of their values.

    Args:
        variance: Of all values.
        level: Noise over picture, sigma / alpha.
    """
    return variance * level**2 / (variance + level**2) if variance else 0.0
