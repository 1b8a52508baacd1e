"""Learned variances and the bound, against torch.distributions, closed forms and exact gradients."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

torch = pytest.importorskip("torch")

from torch import Tensor  # noqa: E402
from torch.distributions import Normal, kl_divergence  # noqa: E402

from forensics.generators.objectives import Objective, Uniform, broadcast  # noqa: E402
from forensics.generators.sampling.paths import PATHS  # noqa: E402
from forensics.generators.sampling.targets import Estimate  # noqa: E402
from forensics.generators.sampling.times import log_snr  # noqa: E402
from forensics.generators.variance import (  # noqa: E402
    hybrid_loss,
    level_likelihood,
    normal_divergence,
    step_divergence,
    variational_bound,
)

PATH = PATHS["cosine"]


def drawing(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def values(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=drawing(seed), dtype=torch.float64)


def by_hand(x: Tensor, guess: Tensor, z: Tensor, t: float, after: float, share: Tensor) -> Tensor:
    """KL of one step, with the cumulative alphas of DDPM and the distributions of PyTorch."""
    now, before = math.sin(math.pi / 2 * t) ** 2, math.sin(math.pi / 2 * after) ** 2
    beta = 1 - now / before
    tilde = (1 - before) / (1 - now) * beta

    def mean(picture: Tensor) -> Tensor:
        return (math.sqrt(before) * beta * picture + math.sqrt(1 - beta) * (1 - before) * z) / (1 - now)

    learned = torch.exp(share * math.log(beta) + (1 - share) * math.log(tilde))
    return kl_divergence(Normal(mean(x), math.sqrt(tilde)), Normal(mean(guess), learned.sqrt()))


def test_divergence_is_that_of_pytorch() -> None:
    means, spreads = values(2, 50), values(2, 50, seed=2).abs() + 0.1
    found = normal_divergence(means[0], spreads[0] ** 2, means[1], spreads[1] ** 2)
    expected = kl_divergence(Normal(means[0], spreads[0]), Normal(means[1], spreads[1]))
    torch.testing.assert_close(found, expected)


def test_divergence_of_a_step_is_that_of_pytorch() -> None:
    x, guess, z = values(3, 4, 5)
    share = torch.rand(4, 5, generator=drawing(), dtype=torch.float64)
    found = step_divergence(Estimate(guess, z, share), x, z, PATH.at(0.6), PATH.at(0.62))
    torch.testing.assert_close(found, by_hand(x, guess, z, 0.6, 0.62, share))
    perfect = step_divergence(Estimate(x, z), x, z, PATH.at(0.6), PATH.at(0.62))
    torch.testing.assert_close(perfect, torch.zeros_like(x))


def test_hybrid_loss_is_its_formula_and_the_bound_leaves_the_mean_alone() -> None:
    x = values(3, 2, 4)
    said = torch.nn.Parameter(0.3 * values(3, 4, 4, seed=5))
    seen: list[tuple[Tensor, Tensor]] = []

    def predict(z: Tensor, t: Tensor) -> Tensor:
        seen.append((z, t))
        return said

    loss = hybrid_loss(predict, x, Objective(PATH, "noise", Uniform()), drawing(7))
    loss.backward()
    ((z, t),) = seen
    at = PATH.at(broadcast(t, x))
    noise = (z - at.alpha * x) / at.sigma
    assert torch.equal((1000 * t).round(), 1000 * t)
    mine = said.detach().clone().requires_grad_()
    simple = (mine[:, :2] - noise).square().mean()
    guess = (z - at.sigma * mine[:, :2].detach()) / at.alpha
    share = (mine[:, 2:] + 1) / 2
    rows = [by_hand(x[i], guess[i], z[i], float(t[i]), float(t[i]) + 0.001, share[i]) for i in range(len(x))]
    expected = simple + 0.001 * 1000 * torch.stack(rows).mean() / math.log(2)
    expected.backward()
    torch.testing.assert_close(loss, expected, rtol=1e-3, atol=1e-6)
    torch.testing.assert_close(said.grad[:, :2], 2 * (mine[:, :2] - noise).detach() / noise.numel())
    torch.testing.assert_close(said.grad[:, 2:], mine.grad[:, 2:], rtol=1e-2, atol=1e-5)
    assert (said.grad[:, 2:] != 0).all()


def test_chances_of_all_levels_are_one() -> None:
    levels = torch.linspace(-1, 1, 256, dtype=torch.float64)
    found = level_likelihood(levels, torch.tensor(0.9, dtype=torch.float64), 0.2)
    assert found.exp().sum().item() == pytest.approx(1, abs=1e-6)
    edges = norm(0.9, 0.2).cdf([levels[200] - 1 / 255, levels[200] + 1 / 255])
    assert found[200].exp().item() == pytest.approx(edges[1] - edges[0], rel=1e-9)
    assert found[255].exp().item() == pytest.approx(1 - norm(0.9, 0.2).cdf(1 - 1 / 255), rel=1e-9)


@pytest.mark.parametrize("learned", [False, True])
def test_bound_comes_near_to_the_likelihood(learned: bool) -> None:
    """Of Gaussian pixels, of which a perfect model is known: never below it, and near in many steps."""
    mean, spread = 0.1, 0.3
    x = ((mean + spread * values(64, 100)).clamp(-1, 1) * 127.5 + 127.5).round() / 127.5 - 1

    def perfect(z: Tensor, t: float) -> Estimate:
        at = PATH.at(t)
        rest = (z - at.alpha * mean) / ((at.alpha * spread) ** 2 + at.sigma**2)
        share = torch.full_like(z, 0.5) if learned else None
        return Estimate(mean + at.alpha * spread**2 * rest, at.sigma * rest, share)

    exact = -level_likelihood(x, torch.tensor(mean, dtype=torch.float64), spread).mean().item() / np.log(2)
    few, many = (
        variational_bound(perfect, x, log_snr(steps, PATH, 0.01), PATH, drawing()).mean().item()
        for steps in (20, 300)
    )
    assert exact < many < few
    assert many < exact + 0.15


def test_bound_begins_where_the_sampler_does() -> None:
    """With as much noise as there is at the first time: on the path of EDM, 80 times that of others."""
    path, spread = PATHS["ve"], 0.3
    x = ((spread * values(16, 50)).clamp(-1, 1) * 127.5 + 127.5).round() / 127.5 - 1

    def perfect(z: Tensor, t: float) -> Estimate:
        at = path.at(t)
        rest = z / (spread**2 + at.sigma**2)
        return Estimate(spread**2 * rest, at.sigma * rest)

    exact = -level_likelihood(x, torch.zeros((), dtype=torch.float64), spread).mean().item() / np.log(2)
    found = variational_bound(perfect, x, log_snr(300, path, 0.01), path, drawing()).mean().item()
    assert exact < found < exact + 0.15
