"""Losses and penalties of adversarial training against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402

from forensics.errors import UsageError  # noqa: E402
from forensics.generators.gan.objectives import (  # noqa: E402
    GAMES,
    game_named,
    gradient_penalty,
    zero_centred,
)
from forensics.generators.gan.spectral import radial_profile, spectral_loss  # noqa: E402


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(2)


REAL, MADE = torch.tensor([0.5, -1.5, 2.0]), torch.tensor([-0.3, 0.8, -2.5])


def test_cross_entropy_is_that_of_pytorch() -> None:
    logits, labels = torch.cat([REAL, MADE]), torch.cat([torch.ones(3), torch.zeros(3)])
    expected = 2 * nn.functional.binary_cross_entropy_with_logits(logits, labels)
    torch.testing.assert_close(GAMES["non-saturating"].critic(REAL, MADE), expected)
    log_not = torch.log(1 - torch.sigmoid(MADE)).mean()
    torch.testing.assert_close(GAMES["minimax"].maker(REAL, MADE), log_not)
    torch.testing.assert_close(GAMES["non-saturating"].maker(REAL, MADE), -torch.sigmoid(MADE).log().mean())


def test_losses_by_hand() -> None:
    assert GAMES["wasserstein"].critic(REAL, MADE).item() == pytest.approx(-2 / 3 - 1 / 3)
    assert GAMES["hinge"].critic(REAL, MADE).item() == pytest.approx((0.5 + 2.5) / 3 + (0.7 + 1.8) / 3)
    assert GAMES["least-squares"].maker(REAL, MADE).item() == pytest.approx(
        0.5 * (1.3**2 + 0.2**2 + 3.5**2) / 3
    )
    expected = np.mean(
        [math.log1p(math.exp(m - r)) for r, m in zip(REAL.tolist(), MADE.tolist(), strict=True)]
    )
    assert GAMES["relativistic"].critic(REAL, MADE).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", sorted(GAMES.keys() - {"least-squares"}))  # whose targets are 0 and 1
def test_both_pull_in_opposite_directions(name: str) -> None:
    made = MADE.clone().requires_grad_()
    (by_critic,) = torch.autograd.grad(GAMES[name].critic(REAL, made), made)
    (by_maker,) = torch.autograd.grad(GAMES[name].maker(REAL, made), made)
    assert (by_critic >= 0).all()
    assert (by_maker <= 0).all()


def test_relativistic_losses_are_antisymmetric() -> None:
    game = GAMES["relativistic"]
    torch.testing.assert_close(game.critic(REAL, MADE), game.maker(MADE, REAL))
    torch.testing.assert_close(game.critic(REAL + 5, MADE + 5), game.critic(REAL, MADE))


def test_unknown_games_are_refused() -> None:
    assert game_named("hinge") is GAMES["hinge"]
    with pytest.raises(UsageError, match="no game"):
        game_named("chess")


def linear(weights: Tensor) -> object:
    return lambda x: (x * weights).flatten(1).sum(1)


def test_penalties_of_a_linear_critic_are_closed_forms() -> None:
    weights = torch.randn(3, 4, 4)
    real, made = torch.randn(2, 5, 3, 4, 4)
    norm = weights.norm()
    generator = torch.Generator().manual_seed(1)
    found = gradient_penalty(linear(weights), real, made, generator)  # type: ignore[arg-type]
    torch.testing.assert_close(found, (norm - 1).square())
    torch.testing.assert_close(zero_centred(linear(weights), real), 0.5 * norm.square())  # type: ignore[arg-type]


def test_penalties_of_a_quadratic_critic_depend_on_where() -> None:
    def critic(x: Tensor) -> Tensor:
        return x.flatten(1).square().sum(1)

    x = torch.randn(5, 3, 4, 4)
    torch.testing.assert_close(zero_centred(critic, x), 2 * x.flatten(1).square().sum(1).mean())
    same = gradient_penalty(critic, x, x, torch.Generator().manual_seed(1))
    torch.testing.assert_close(same, (2 * x.flatten(1).norm(dim=1) - 1).square().mean())


def test_penalties_reach_the_weights() -> None:
    critic = nn.Sequential(nn.Flatten(), nn.Linear(48, 8), nn.Softplus(), nn.Linear(8, 1))
    zero_centred(critic, torch.randn(5, 3, 4, 4)).backward()
    assert critic[1].weight.grad.abs().sum() > 0


def test_profile_is_the_mean_over_rings() -> None:
    x = torch.rand(2, 1, 16, 16)
    power = np.abs(np.fft.fft2(x[:, 0].numpy())) ** 2
    f = np.fft.fftfreq(16, 1 / 16)
    ring = np.rint(np.hypot(f[:, None], f[None]))
    expected = np.stack([power[:, ring == r].mean(axis=1) for r in range(8)], axis=1)
    np.testing.assert_allclose(radial_profile(x).numpy(), expected / expected[:, :1], rtol=1e-3)


def test_profile_of_a_wave_has_one_peak() -> None:
    across = torch.arange(32) * 2 * math.pi * 5 / 32
    x = (0.5 + 0.4 * across.cos()).expand(1, 3, 32, 32)
    profile = radial_profile(x)[0]
    assert profile[1:].argmax() == 4
    assert profile[5] > 1e3 * profile[1:5].max()


def test_spectral_loss_is_least_at_the_real_profile() -> None:
    real = torch.rand(64, 3, 16, 16).cumsum(2).cumsum(3)
    real = real / real.amax(dim=(1, 2, 3), keepdim=True)
    profile = radial_profile(real).mean(0)
    same = spectral_loss(real, profile)
    noisy = spectral_loss((real + 0.2 * torch.randn_like(real)).clamp(0, 1), profile)
    smooth = spectral_loss(nn.functional.avg_pool2d(real, 3, 1, 1), profile)
    assert 0 <= same < noisy
    assert same < smooth


def test_spectral_loss_pulls_the_spectrum() -> None:
    real = nn.functional.avg_pool2d(torch.rand(32, 1, 18, 18), 3, 1)
    profile = radial_profile(real).mean(0)
    made = torch.rand(8, 1, 16, 16).requires_grad_()
    optimizer, losses = torch.optim.Adam([made], 0.02), []
    for _ in range(80):
        loss = spectral_loss(made.clamp(0, 1), profile)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]
    before, after = (
        (radial_profile(x).log10().mean(0) - profile.log10()).abs().mean().item()
        for x in (torch.rand(8, 1, 16, 16), made.detach().clamp(0, 1))
    )
    assert after < 0.7 * before
