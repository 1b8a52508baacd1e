"""Editing keeps what is known, and paints what fits to it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from forensics.errors import UsageError
from forensics.generators.sampling.base import last
from forensics.generators.sampling.diffusion import ddim
from forensics.generators.sampling.editing import Canvas, after, interpolated, repaint, sdedit
from forensics.generators.sampling.paths import PATHS
from forensics.generators.sampling.targets import Denoiser, Estimate
from forensics.generators.sampling.times import uniform

from .gaussian import DEVIATION, MEAN, gaussian

PATH = PATHS["linear"]
Draw = Callable[[np.ndarray], np.ndarray]


def test_more_strength_changes_more(noise: np.ndarray, drawn: Draw) -> None:
    x = np.full_like(noise, 1.2)
    far = [
        np.abs(last(sdedit(ddim, gaussian(PATH), x, uniform(40), PATH, drawn, strength)) - x).mean()
        for strength in (0.0, 0.2, 0.5, 1.0)
    ]
    assert far[0] == 0
    assert far == sorted(far)


def test_strength_is_a_share_of_the_times() -> None:
    assert after(uniform(10), 0.3) == pytest.approx([0.7, 0.8, 0.9, 1.0])
    assert list(after(uniform(10), 1.0)) == uniform(10)
    assert list(after(uniform(10), 0.0)) == [1.0]
    for strength in (-0.1, 1.1):
        with pytest.raises(UsageError, match="strength"):
            after(uniform(10), strength)


def pairs(correlation: float) -> Denoiser:
    """Return the denoiser of pictures of two pixels that hang together."""
    covariance = DEVIATION**2 * np.array([[1, correlation], [correlation, 1]])

    def denoise(z: np.ndarray, t: float) -> Estimate:
        at = PATH.at(t)
        gain = at.alpha * covariance @ np.linalg.inv(at.alpha**2 * covariance + at.sigma**2 * np.eye(2))
        x = MEAN + (z - at.alpha * MEAN) @ gain.T
        return Estimate(x, (z - at.alpha * x) / max(at.sigma, 1e-9))

    return denoise


@pytest.mark.parametrize("rounds", [1, 10])
def test_what_is_known_is_kept(rounds: int, rng: np.random.Generator, drawn: Draw) -> None:
    known = np.stack([rng.normal(MEAN, DEVIATION, 500), np.zeros(500)], axis=1)
    canvas = Canvas(known, np.array([1.0, 0.0]))
    found = last(repaint(pairs(0.9), drawn(known), uniform(20), PATH, drawn, canvas, rounds))
    np.testing.assert_array_equal(found[:, 0], known[:, 0])


def test_more_rounds_fit_better(rng: np.random.Generator, drawn: Draw) -> None:
    known = np.stack([rng.normal(MEAN, DEVIATION, 4000), np.zeros(4000)], axis=1)
    canvas = Canvas(known, np.array([1.0, 0.0]))
    once, often = (
        last(repaint(pairs(0.95), drawn(known), uniform(120), PATH, drawn, canvas, rounds))
        for rounds in (1, 10)
    )
    assert np.corrcoef(once.T)[0, 1] < 0.9
    assert np.corrcoef(often.T)[0, 1] == pytest.approx(0.95, abs=0.02)
    assert once[:, 1].std() < 0.9 * DEVIATION
    assert often[:, 1].std() == pytest.approx(DEVIATION, abs=0.03)


def test_interpolated_noise_is_noise(rng: np.random.Generator) -> None:
    first, second = rng.standard_normal((2, 3, 4, 32, 32))
    np.testing.assert_allclose(interpolated(first, second, 0.0), first, atol=1e-9)
    np.testing.assert_allclose(interpolated(first, second, 1.0), second, atol=1e-9)
    middle = interpolated(first, second, 0.5)
    assert middle.std() == pytest.approx(1, abs=0.03)  # where the mean has 0.71
    assert np.isfinite(interpolated(first, first, 0.3)).all()
