"""DPM-Solver has the orders that it says, and is DDIM where it says so."""

from __future__ import annotations

import numpy as np
import pytest

from forensics.errors import UsageError
from forensics.generators.sampling.base import last
from forensics.generators.sampling.counting import Counted, evaluations
from forensics.generators.sampling.diffusion import ddim
from forensics.generators.sampling.guidance import guided
from forensics.generators.sampling.ode import euler, heun, midpoint
from forensics.generators.sampling.paths import PATHS
from forensics.generators.sampling.solvers import dpm_solver, dpmpp_2s
from forensics.generators.sampling.times import log_snr, uniform

from .gaussian import exact, gaussian

SOLVERS = {
    1: lambda *a: dpm_solver(*a, order=1),
    2: lambda *a: dpm_solver(*a, order=2),
    3: lambda *a: dpm_solver(*a, order=3),
    "2S": dpmpp_2s,
}


@pytest.mark.parametrize("name", ["vp", "linear", "cosine"])
@pytest.mark.parametrize("kind", SOLVERS)
def test_errors_fall_at_the_order(kind: int | str, name: str, noise: np.ndarray) -> None:
    path, order = PATHS[name], 2 if kind == "2S" else kind
    errors = []
    for steps in (16, 32):
        times = log_snr(steps + 1, path, 0.1, 5.0)[:-1]
        z = noise * path.at(times[0]).sigma
        wanted = exact(path, z, times[0], times[-1])
        errors.append(np.abs(last(SOLVERS[kind](gaussian(path), z, times, path)) - wanted).max())
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.35)


def test_order_one_is_ddim(noise: np.ndarray) -> None:
    path = PATHS["vp"]
    times = log_snr(8, path)
    found = last(dpm_solver(gaussian(path), noise, times, path, 1))
    np.testing.assert_allclose(found, last(ddim(gaussian(path), noise, times, path)), rtol=1e-9)


@pytest.mark.parametrize("kind", SOLVERS)
def test_pictures_are_reached(kind: int | str, noise: np.ndarray) -> None:
    path = PATHS["linear"]
    times = log_snr(30, path, 0.01, 30)
    z = noise * path.at(times[0]).sigma
    found = last(SOLVERS[kind](gaussian(path), z, times, path))
    np.testing.assert_allclose(found, exact(path, z, times[0]), atol=0.2 if kind == 1 else 0.05)


def test_other_orders_and_noise_alone_are_refused(noise: np.ndarray) -> None:
    path = PATHS["linear"]
    with pytest.raises(UsageError, match="no order 4"):
        next(dpm_solver(gaussian(path), noise, [0.1, 1.0], path, 4))
    with pytest.raises(UsageError, match="some picture"):
        next(dpm_solver(gaussian(path), noise, [0.0, 1.0], path))
    with pytest.raises(UsageError, match="some picture"):
        next(dpmpp_2s(gaussian(path), noise, [0.0, 1.0], path))


def test_evaluations_are_counted(noise: np.ndarray) -> None:
    """One a step, two, or one less at the end, as each sampler says of itself."""
    path = PATHS["linear"]
    model, even = gaussian(path), uniform(10)
    assert evaluations(euler, model, noise, even, path) == 10
    assert evaluations(heun, model, noise, even, path) == 19
    assert evaluations(midpoint, model, noise, even, path) == 20
    times = log_snr(10, path)
    assert evaluations(dpm_solver, model, noise, times, path) == 2 * 9 + 1
    counted = Counted(model)
    last(euler(guided(counted, counted, 2.0), noise, even, path))
    assert counted.calls == 20
