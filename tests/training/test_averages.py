"""Power-function averages: their profile, their width, and any width afterwards."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from forensics.errors import UsageError  # noqa: E402
from forensics.training.averages import Averaged, PowerAverage, combined, exponent_of, keep_at  # noqa: E402


def profile(steps: int, exponent: float) -> np.ndarray:
    """Weight of each step in an average over them."""
    weights = np.zeros(steps)
    for i in range(1, steps + 1):
        keep = keep_at(i, 1, exponent)
        weights *= keep
        weights[i - 1] = 1 - keep
    return weights


@pytest.mark.parametrize("width", [0.05, 0.10, 0.20])
def test_profile_has_the_width_asked_for(width: float) -> None:
    weights, places = profile(4000, exponent_of(width)), np.arange(4000) / 4000
    assert weights.sum() == pytest.approx(1)
    mean = (weights * places).sum()
    assert np.sqrt((weights * (places - mean) ** 2).sum()) == pytest.approx(width, rel=0.01)


def test_exponents_are_those_of_the_paper() -> None:
    assert exponent_of(0.05) == pytest.approx(16.97, abs=0.01)
    assert exponent_of(0.10) == pytest.approx(6.94, abs=0.01)
    for width in (0.0, 0.3):
        with pytest.raises(UsageError, match="no average"):
            exponent_of(width)


def test_average_of_a_run_is_its_profile() -> None:
    module = nn.Linear(1, 1, bias=False)
    mean = PowerAverage(module, 0.1)
    values = np.random.default_rng(1).normal(size=50)
    for i, value in enumerate(values):
        nn.init.constant_(module.weight, float(value))
        mean.update(module, 8 * (i + 1), 8)
    assert mean.module.weight.item() == pytest.approx(
        (profile(50, exponent_of(0.1)) * values).sum(), abs=1e-5
    )


def test_another_width_is_found_afterwards() -> None:
    values = np.cumsum(np.random.default_rng(1).normal(size=2000)) / 10
    kept = []
    for end in range(250, 2001, 250):
        for width in (0.05, 0.10):
            power = exponent_of(width)
            value = (profile(end, power) * values[:end]).sum()
            kept.append((end, power, {"w": torch.tensor(value)}))
    for width in (0.06, 0.08, 0.15):
        expected = (profile(2000, exponent_of(width)) * values).sum()
        found = combined(kept, 2000, width)["w"].item()
        assert found == pytest.approx(expected, abs=0.05 * values.std())
    exact = combined(kept, 2000, 0.10)["w"].item()
    assert exact == pytest.approx(kept[-1][2]["w"].item(), abs=1e-6)


def test_average_of_fixed_length_follows_the_weights() -> None:
    start = nn.Linear(1, 1)
    with torch.no_grad():
        start.weight.zero_()
    mean, module = Averaged(start, keep=0.9), nn.Linear(1, 1)
    with torch.no_grad():
        module.weight.fill_(1.0)
    for step in range(200, 210):
        mean.update(module, 8 * (step + 1), 8)
    assert float(mean.module.weight) == pytest.approx(1 - 0.9**10, rel=1e-5)
    assert not mean.module.weight.requires_grad


def test_first_steps_count_more() -> None:
    start = nn.Linear(1, 1)
    with torch.no_grad():
        start.weight.fill_(100.0)
    mean, module = Averaged(start), nn.Linear(1, 1)
    with torch.no_grad():
        module.weight.fill_(1.0)
    mean.update(module, 4, 4)
    assert float(mean.module.weight) == pytest.approx(0.1 * 100 + 0.9, rel=1e-5)
