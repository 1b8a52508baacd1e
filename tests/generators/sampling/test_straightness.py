"""How straight ways are, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from forensics.generators.sampling.paths import PATHS
from forensics.generators.sampling.straightness import deviation
from forensics.generators.sampling.targets import Estimate
from forensics.generators.sampling.times import uniform

PATH = PATHS["linear"]


def test_ways_to_one_picture_are_straight(noise: np.ndarray) -> None:
    def denoise(z: np.ndarray, t: float) -> Estimate:
        return Estimate(np.full_like(z, 0.7), (z - t * 0.7) / (1 - t))

    assert deviation(denoise, noise, uniform(8), PATH) == pytest.approx(0, abs=1e-9)


def test_deviation_is_its_formula() -> None:
    """Velocity 2 t, whatever z: of four steps 0, 0.5, 1 and 1.5, around a mean of 0.75."""

    def denoise(z: np.ndarray, t: float) -> Estimate:
        return Estimate(np.full_like(z, 2 * t), np.zeros_like(z))

    found = deviation(denoise, np.zeros((2, 3)), uniform(4), PATH)
    assert found == pytest.approx(np.var([0, 0.5, 1, 1.5]) / 0.75**2)
