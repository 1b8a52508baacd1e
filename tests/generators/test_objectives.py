"""Times, weights and pairs of training, against closed forms."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.stats import kstest, norm

torch = pytest.importorskip("torch")

from torch import Tensor  # noqa: E402

from forensics.errors import UsageError  # noqa: E402
from forensics.generators.objectives import (  # noqa: E402
    Ends,
    LogitNormal,
    Objective,
    Uniform,
    broadcast,
    denoising_loss,
    paired,
    weight_of,
)
from forensics.generators.sampling.paths import PATHS  # noqa: E402
from forensics.generators.sampling.targets import TARGETS, estimate, target  # noqa: E402


def drawing(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_uniform_times_are_uniform() -> None:
    t = Uniform().draw(20_000, drawing()).numpy()
    assert kstest(t, "uniform").pvalue > 0.001


def test_logits_are_normal() -> None:
    t = LogitNormal(-0.8, 0.7).draw(20_000, drawing()).double().numpy()
    logit = np.log(t / (1 - t))
    assert kstest(logit, norm(-0.8, 0.7).cdf).pvalue > 0.001
    assert ((t > 0) & (t < 1)).all()


def test_ends_are_seen_most() -> None:
    """As Lee et al. draw them: of density exp(4 t), or as often that of 1 - t."""
    t = Ends().draw(20_000, drawing()).double().numpy()
    rising, falling = (lambda t: np.expm1(4 * t) / np.expm1(4)), (lambda t: 1 - rising(1 - t))
    assert kstest(t, lambda t: (rising(t) + falling(t)) / 2).pvalue > 0.001


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("name", ["linear", "cosine", "vp"])
def test_weights_turn_errors_into_those_of_the_picture(name: str, kind: str) -> None:
    """The same error of the picture costs the same, whatever is predicted."""
    path, t = PATHS[name], torch.tensor([0.3, 0.8], dtype=torch.float64)
    x, noise, wrong = torch.randn(3, 2, 4, dtype=torch.float64, generator=drawing())
    at = path.at(broadcast(t, x))
    z = at.mix(x, noise)
    as_predicted = target(kind, wrong, estimate("x", wrong, z, at).noise, at)  # type: ignore[arg-type]
    error = as_predicted - target(kind, x, noise, at)  # type: ignore[arg-type]
    found = weight_of(Objective(path, kind, Uniform(), "x"), at) * error**2  # type: ignore[arg-type]
    torch.testing.assert_close(found, (wrong - x) ** 2)


def test_weight_of_the_velocity_makes_errors_of_the_velocity() -> None:
    path, t = PATHS["linear"], torch.tensor([0.3, 0.8])
    x, noise, wrong = torch.randn(3, 2, 4, generator=drawing())
    at = path.at(broadcast(t, x))
    z = at.mix(x, noise)
    velocities = (wrong - z) / (1 - t)[:, None], x - noise
    found = weight_of(Objective(path, "x", Uniform(), "velocity"), at) * (wrong - x) ** 2
    torch.testing.assert_close(found, (velocities[0] - velocities[1]) ** 2)
    last = path.at(torch.tensor([[0.999]]))
    assert weight_of(Objective(path, "x", Uniform(), "velocity"), last).item() == pytest.approx(1 / 0.05**2)


def test_min_snr_is_the_ratio_up_to_five() -> None:
    at = PATHS["cosine"].at(torch.tensor([[0.1], [0.5], [0.9]]))
    found = weight_of(Objective(PATHS["cosine"], "x", Uniform(), "min_snr"), at)
    assert found[:, 0].tolist() == pytest.approx([at.snr[0, 0].item(), 1.0, 5.0], rel=1e-5)
    of_noise = weight_of(Objective(PATHS["cosine"], "noise", Uniform(), "min_snr"), at)
    assert of_noise[:, 0].tolist() == pytest.approx([1.0, 1.0, 5 / at.snr[2, 0].item()], rel=1e-5)


@pytest.mark.parametrize("kind", ["x", "noise", "v", "velocity"])
def test_a_perfect_network_has_no_loss(kind: str) -> None:
    path, constant = PATHS["linear"], 0.3

    def perfect(z: Tensor, t: Tensor) -> Tensor:
        at = path.at(broadcast(t, z))
        x = torch.full_like(z, constant)
        return target(kind, x, estimate("x", x, z, at).noise, at)  # type: ignore[arg-type]

    objective = Objective(path, kind, LogitNormal(), "target")  # type: ignore[arg-type]
    assert denoising_loss(perfect, torch.full((64, 5), constant), objective, drawing()).item() < 1e-6


def test_loss_of_nothing_is_the_size_of_the_target() -> None:
    objective = Objective(PATHS["linear"], "velocity", Uniform())
    x = torch.full((4000, 8), 2.0)
    found = denoising_loss(lambda z, _: torch.zeros_like(z), x, objective, drawing()).item()
    assert found == pytest.approx(2.0**2 + 1, rel=0.03)
    again = denoising_loss(lambda z, _: torch.zeros_like(z), x, objective, drawing()).item()
    assert found == again


def test_pairs_are_the_nearest_all_in_all() -> None:
    noise, x = torch.randn(2, 6, 3, generator=drawing())
    best = min(
        itertools.permutations(range(6)), key=lambda order: float((noise[list(order)] - x).square().sum())
    )
    torch.testing.assert_close(paired(noise, x), noise[list(best)])
    with pytest.raises(UsageError, match="noise of its own"):
        paired(noise[:3], x)
