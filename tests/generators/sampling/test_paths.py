"""Paths end where they should, and their rates and times are those of numerical references."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from forensics.generators.sampling.paths import (
    PATHS,
    Cosine,
    Linear,
    Path,
    VarianceExploding,
    VariancePreserving,
)

NAMES = sorted(PATHS)


@pytest.mark.parametrize("name", NAMES)
def test_noise_falls_and_picture_rises(name: str) -> None:
    levels = [PATHS[name].at(t) for t in np.linspace(0.001, 0.999, 50).tolist()]
    assert all(a.sigma > b.sigma for a, b in pairwise(levels))
    assert all(a.alpha <= b.alpha for a, b in pairwise(levels))
    assert all(a.snr < b.snr for a, b in pairwise(levels))


@pytest.mark.parametrize("name", NAMES)
def test_the_picture_ends_clean(name: str) -> None:
    assert (PATHS[name].at(1.0).alpha, PATHS[name].at(1.0).sigma) == pytest.approx((1, 0), abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_left_of_the_noise(name: str) -> None:
    """Not even what rounding leaves: samplers ask whether they are at the end by it."""
    assert PATHS[name].at(1.0).sigma == 0
    assert PATHS[name].at(np.array([1.0], np.float32)).sigma[0] == 0


@pytest.mark.parametrize("path", [Linear(), Cosine()])
def test_ends_are_noise_and_picture(path: Path) -> None:
    noise, picture = path.at(0.0), path.at(1.0)
    assert (noise.alpha, noise.sigma) == pytest.approx((0, 1), abs=1e-12)
    assert (picture.alpha, picture.sigma) == pytest.approx((1, 0), abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("t", [0.03, 0.4, 0.8, 0.97])
def test_rates_are_derivatives(name: str, t: float) -> None:
    path, step = PATHS[name], 1e-5
    at, less, more = (path.at(t + d) for d in (0, -step, step))
    assert at.alpha_rate == pytest.approx((more.alpha - less.alpha) / (2 * step), rel=1e-4, abs=1e-8)
    assert at.sigma_rate == pytest.approx((more.sigma - less.sigma) / (2 * step), rel=1e-4, abs=1e-8)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("t", [0.01, 0.5, 0.99])
def test_times_are_found_from_levels(name: str, t: float) -> None:
    at = PATHS[name].at(t)
    assert PATHS[name].time(at.sigma / at.alpha) == pytest.approx(t, abs=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_arrays_are_taken_like_floats(name: str) -> None:
    path, t = PATHS[name], np.array([0.1, 0.6])
    at = path.at(t)
    for i, one in enumerate(t.tolist()):
        single = path.at(one)
        for field in ("alpha", "sigma", "alpha_rate", "sigma_rate"):
            assert getattr(at, field)[i] == pytest.approx(getattr(single, field))
    np.testing.assert_allclose(path.time(at.sigma / at.alpha), t, atol=1e-9)


@pytest.mark.parametrize("path", [Cosine(), VariancePreserving()])
@pytest.mark.parametrize("t", [0.0, 0.2, 0.9, 1.0])
def test_variance_is_kept(path: Path, t: float) -> None:
    at = path.at(t)
    assert at.alpha**2 + at.sigma**2 == pytest.approx(1)


def test_linear_schedule_of_ddpm_is_the_discrete_one() -> None:
    cumulative = np.exp(-np.cumsum(np.linspace(1e-4, 0.02, 1000)))  # with ever more, ever smaller steps
    for step in (100, 500, 900):
        at = VariancePreserving().at(1 - step / 1000)
        assert at.alpha**2 == pytest.approx(cumulative[step - 1], rel=0.02)


def test_power_law_of_edm() -> None:
    path = VarianceExploding(80, 7)
    for i in range(5):
        expected = (80 ** (1 / 7) + i / 4 * (0 - 80 ** (1 / 7))) ** 7  # Karras et al., eq. 5
        assert path.at(i / 4).sigma == pytest.approx(expected)
    assert math.isclose(path.at(0.3).alpha, 1.0)
