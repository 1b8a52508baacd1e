"""Langevin dynamics settle at the distribution of the pictures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from forensics.generators.sampling.base import last, start
from forensics.generators.sampling.langevin import annealed_langevin, langevin_step, predictor_corrector
from forensics.generators.sampling.paths import PATHS
from forensics.generators.sampling.times import log_snr

from .gaussian import DEVIATION, MEAN, gaussian

Draw = Callable[[np.ndarray], np.ndarray]


def test_a_step_is_its_formula(noise: np.ndarray, drawn: Draw) -> None:
    gradient, fresh = drawn(noise), drawn(noise)
    found = langevin_step(gradient, noise, 0.3, lambda _: fresh)
    np.testing.assert_allclose(found, noise + 0.15 * gradient + np.sqrt(0.3) * fresh)


def test_steps_settle_at_a_gaussian(rng: np.random.Generator, drawn: Draw) -> None:
    z = rng.uniform(-3, 3, (1, 20_000))
    for _ in range(600):
        z = langevin_step(-(z - 0.5) / 0.49, z, 0.01, drawn)
    assert z.mean() == pytest.approx(0.5, abs=0.03)
    assert z.std() == pytest.approx(0.7, abs=0.03)


@pytest.mark.parametrize("name", ["ve", "linear", "vp"])
@pytest.mark.parametrize(("sampler", "rounds"), [(annealed_langevin, 40), (predictor_corrector, 1)])
def test_samplers_draw_from_the_distribution(
    sampler: Callable, rounds: int, name: str, rng: np.random.Generator, drawn: Draw
) -> None:
    path = PATHS[name]
    times = log_snr(80, path, 0.01, 30)
    begun = start(rng.standard_normal((1, 5000)), path, times[0])
    found = last(sampler(gaussian(path), begun, times, path, drawn, rounds=rounds))
    assert found.mean() == pytest.approx(MEAN, abs=0.05)
    assert found.std() == pytest.approx(DEVIATION, abs=0.05)


def test_correction_mends_a_poor_start(rng: np.random.Generator, drawn: Draw) -> None:
    """Without corrections, an error of the start stays."""
    path = PATHS["linear"]
    times = log_snr(40, path, 0.01, 1.0)
    wrong = 2.0 + 0.1 * rng.standard_normal((1, 5000))
    plain, mended = (
        last(predictor_corrector(gaussian(path), wrong, times, path, drawn, rounds=rounds))
        for rounds in (0, 8)
    )
    assert abs(mended.mean() - MEAN) < 0.5 * abs(plain.mean() - MEAN)
