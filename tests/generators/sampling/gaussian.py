"""A model that is known exactly: of Gaussian pictures."""

from __future__ import annotations

import numpy as np

from forensics.generators.sampling.paths import Path
from forensics.generators.sampling.targets import Denoiser, Estimate

MEAN, DEVIATION = 0.4, 0.6


def gaussian(path: Path, mean: float = MEAN, deviation: float = DEVIATION) -> Denoiser:
    """Return the denoiser of pictures of independent Gaussian pixels: the posterior mean."""

    def denoise(z: np.ndarray, t: float) -> Estimate:
        at = path.at(t)
        variance = (at.alpha * deviation) ** 2 + at.sigma**2
        rest = (z - at.alpha * mean) / variance
        return Estimate(mean + at.alpha * deviation**2 * rest, at.sigma * rest)

    return denoise


def exact(path: Path, z: np.ndarray, t: float, after: float = 1.0) -> np.ndarray:
    """Return where the probability-flow ODE leads: the same quantile, at another time."""
    here, there = path.at(t), path.at(after)
    spread = [np.sqrt((at.alpha * DEVIATION) ** 2 + at.sigma**2) for at in (here, there)]
    return there.alpha * MEAN + spread[1] * (z - here.alpha * MEAN) / spread[0]
