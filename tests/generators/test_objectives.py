"""Times, weights and pairs of training, against closed forms."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.stats import kstest, norm, uniform

torch = pytest.importorskip("torch")

from torch import Tensor  # noqa: E402

from forensics.errors import UsageError  # noqa: E402
from forensics.generators.objectives import (  # noqa: E402
    Ends,
    Ladder,
    Level,
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


@pytest.mark.parametrize("name", ["ve", "linear", "cosine"])
def test_levels_are_normal_and_ladders_even(name: str) -> None:
    """By the logarithm of sigma / alpha, along any path."""
    path = PATHS[name]
    for times, wanted in (
        (Level(path, -1.2, 0.7), norm(-1.2, 0.7)),
        (Ladder(path, 0.05, 20.0), uniform(np.log(0.05), np.log(20 / 0.05))),
    ):
        at = path.at(times.draw(20_000, drawing()).double())
        assert kstest(torch.log(at.sigma / at.alpha).numpy(), wanted.cdf).pvalue > 0.001


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


def noisy_score(z: Tensor, sigma: Tensor) -> Tensor:
    """The score of pictures of variance 0.25 around 0.4, with noise."""
    return -(z - 0.4) / (0.25 + sigma**2)


def test_weight_of_noise_is_that_of_the_score_by_the_variance() -> None:
    """Song & Ermon 2019, eq. 6: sigma^2 |s + e / sigma|^2, whether the score or the picture is predicted."""
    path, t = PATHS["ve"], torch.tensor([0.3, 0.6], dtype=torch.float64)
    at = path.at(broadcast(t, torch.zeros(2, 4)).double())
    x, noise = torch.randn(2, 2, 4, dtype=torch.float64, generator=drawing())
    z = at.mix(x, noise)
    said = noisy_score(z, at.sigma)
    wanted = at.sigma**2 * (said + noise / at.sigma) ** 2
    for kind, predicted in (("score", said), ("x", z + at.sigma**2 * said)):
        error = predicted - target(kind, x, noise, at)  # type: ignore[arg-type]
        found = weight_of(Objective(path, kind, Uniform(), "noise"), at) * error**2  # type: ignore[arg-type]
        torch.testing.assert_close(found, wanted)


def test_denoising_score_matching_finds_the_score_of_noisy_pictures() -> None:
    """Of Gaussian pictures it is linear; the loss is least there (Vincent 2011)."""
    path, sigma = PATHS["ve"], torch.tensor(0.7, dtype=torch.float64)
    objective = Objective(path, "score", Level(path, float(sigma.log()), 0.0))
    x = 0.4 + 0.5 * torch.randn(50_000, 1, dtype=torch.float64, generator=drawing())
    slope, offset = (torch.zeros((), dtype=torch.float64, requires_grad=True) for _ in range(2))
    optimizer = torch.optim.LBFGS([slope, offset], line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = denoising_loss(lambda z, _: slope * z + offset, x, objective, drawing(2))
        loss.backward()
        return loss

    optimizer.step(closure)  # type: ignore[arg-type, unused-ignore]
    z = torch.tensor([-1.0, 0.5, 2.0], dtype=torch.float64)
    torch.testing.assert_close(slope * z + offset, noisy_score(z, sigma), atol=0.03, rtol=0)


def test_weight_of_edm_is_that_of_the_paper() -> None:
    """Karras et al. 2022, table 1: (sigma^2 + data^2) / (sigma data)^2."""
    path, sigma = PATHS["ve"], torch.tensor([0.1, 0.5, 7.0], dtype=torch.float64)
    objective = Objective(path, "x", Uniform(), "edm", 0.4)
    found = weight_of(objective, path.at(path.time(sigma)))
    torch.testing.assert_close(found, (sigma**2 + 0.16) / (0.4 * sigma) ** 2)


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
