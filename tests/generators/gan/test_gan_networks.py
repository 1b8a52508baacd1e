"""Generators and discriminators: sizes, styles, classes, and a game that is won."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402

from forensics.errors import UsageError  # noqa: E402
from forensics.generators.gan.networks import Critic, GanConfig, critic_of, generator_of  # noqa: E402
from forensics.generators.gan.objectives import GAMES, zero_centred  # noqa: E402
from forensics.generators.gan.styles import (  # noqa: E402
    StyledConvolution,
    StyleMapping,
    adaptive_instance_norm,
    modulated_convolution,
)
from forensics.generators.parts.resampling import UPSAMPLINGS  # noqa: E402

KINDS = ("plain", "style")


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(4)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("upsample", UPSAMPLINGS)
@pytest.mark.parametrize("side", [8, 32])
def test_pictures_are_of_the_side_asked_for(side: int, upsample: str, kind: str) -> None:
    config = GanConfig(side, 3, 8, 4, upsample=upsample, kind=kind)  # type: ignore[arg-type]
    made = generator_of(config)(torch.randn(2, config.noise))
    assert made.shape == (2, 3, side, side)
    assert Critic(config)(made).shape == (2,)
    assert made.flatten(1).std(1).min() > 0


@pytest.mark.parametrize("side", [4, 24, 0, -8])
def test_other_sides_are_refused(side: int) -> None:
    with pytest.raises(UsageError, match="power of two"):
        GanConfig(side)


@pytest.mark.parametrize("kind", KINDS)
def test_classes_count(kind: str) -> None:
    config = GanConfig(16, 3, 8, 4, labels=3, kind=kind)  # type: ignore[arg-type]
    make, noise = generator_of(config).eval(), torch.randn(2, config.noise)

    def made(label: list[int] | None) -> torch.Tensor:
        torch.manual_seed(0)
        return make(noise, None if label is None else torch.tensor(label))

    assert not torch.allclose(made([0, 1]), made([1, 2]))
    torch.testing.assert_close(made(None), made([-1, -1]))
    critic, x = Critic(config), torch.randn(2, 3, 16, 16)
    assert not torch.allclose(critic(x, torch.tensor([0, 1])), critic(x, torch.tensor([1, 2])))
    torch.testing.assert_close(critic(x), critic(x, torch.tensor([-1, -1])))
    with pytest.raises(UsageError, match="classes"):
        generator_of(GanConfig(16, 3, 8, 4, kind=kind))(noise, torch.tensor([0, 1]))  # type: ignore[arg-type]


def test_spectral_norms_are_one() -> None:
    critic = Critic(GanConfig(16, 3, 8, 8, normalised=True)).train()
    for _ in range(60):
        critic(torch.randn(2, 3, 16, 16))
    weights = [layer.weight for layer in critic.modules() if hasattr(layer, "parametrizations")]
    assert len(weights) == 4
    for weight in weights:
        assert torch.linalg.matrix_norm(weight.flatten(1), 2).item() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(
    "changes",
    [{"classes": "projection"}, {"classes": "auxiliary"}, {"critic": "transformer"}, {"crowd": "distance"}],
)
def test_no_layer_is_left_out_of_spectral_norm(changes: dict[str, Any]) -> None:
    config = GanConfig(8, 3, 8, 4, labels=3, normalised=True, **changes)
    critic = critic_of(config).train()
    for _ in range(60):
        critic(torch.randn(2, 3, 8, 8), torch.tensor([0, 1]))
    kinds = (torch.nn.Conv2d, torch.nn.Linear, torch.nn.Embedding)
    layers = [layer for layer in critic.eval().modules() if isinstance(layer, kinds)]
    for layer in layers:
        norm = torch.linalg.matrix_norm(layer.weight.detach().flatten(1), 2).item()
        assert norm == pytest.approx(1, abs=0.05), layer


def test_projection_of_normalised_critics_is_as_strong_as_the_rest() -> None:
    critic, label = Critic(GanConfig(8, 3, 8, 4, labels=3, normalised=True)).eval(), torch.tensor([2, 0])
    x = torch.randn(2, 3, 8, 8)
    found = critic.layers(x)
    expected = critic.head.real(found)[:, 0] + (critic.head.of_label.weight[label] * found).sum(1)
    torch.testing.assert_close(critic(x, label), expected)


def test_instance_norm_takes_mean_and_deviation_from_the_style() -> None:
    scale, shift = torch.rand(2, 3) + 0.5, torch.randn(2, 3)
    found = adaptive_instance_norm(5 + 3 * torch.randn(2, 3, 32, 32), scale, shift)
    torch.testing.assert_close(found.mean(dim=(2, 3)), shift, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(found.std(dim=(2, 3), correction=0), scale, atol=1e-3, rtol=1e-3)


def test_modulation_is_a_convolution_of_its_own_for_each_picture() -> None:
    x, weight, style = torch.randn(3, 4, 8, 8), torch.randn(5, 4, 3, 3), torch.randn(3, 4)
    for i in range(3):
        own = weight * style[i][None, :, None, None]
        own = own / own.square().sum(dim=(1, 2, 3), keepdim=True).add(1e-8).sqrt()
        expected = F.conv2d(x[i : i + 1], own, padding=1)[0]
        torch.testing.assert_close(modulated_convolution(x, weight, style)[i], expected, rtol=1e-4, atol=1e-5)


def test_only_the_direction_of_noise_counts() -> None:
    mapping, noise = StyleMapping(6, 10), torch.randn(3, 6)
    torch.testing.assert_close(mapping(noise), mapping(7 * noise))


def test_noise_of_layers_starts_without_effect() -> None:
    layer, x, style = StyledConvolution(4, 6), torch.randn(2, 4, 8, 8), torch.randn(2, 6)
    grains = torch.randn(2, 2, 1, 8, 8)
    torch.testing.assert_close(layer(x, style, grains[0]), layer(x, style, grains[1]))
    torch.nn.init.ones_(layer.noise)
    assert not torch.allclose(layer(x, style, grains[0]), layer(x, style, grains[1]))


def test_each_layer_has_noise_of_its_own() -> None:
    config = GanConfig(16, 3, 8, 4, kind="style")
    assert config.sides == (4, 8, 16)
    assert config.noise == 8 + 16 + 64 + 256
    make = generator_of(config).eval()
    for layer in make.styled:
        torch.nn.init.ones_(layer.noise)
    noise = torch.randn(1, config.noise)
    plain = make(noise)
    for start, stop in ((8, 24), (24, 88), (88, 344)):
        other = noise.clone()
        other[:, start:stop] = torch.randn(1, stop - start)
        assert not torch.allclose(make(other), plain, atol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_eight_pictures_are_learned(kind: str) -> None:
    """Made pictures come to have the mean and the spread of real ones."""
    config = GanConfig(8, 3, 8, 16, kind=kind)  # type: ignore[arg-type]
    real = torch.linspace(-0.8, 0.2, 8)[:, None, None, None] * torch.ones(8, 3, 8, 8)
    maker, critic, game = generator_of(config).train(), Critic(config).train(), GAMES["relativistic"]
    by_maker = torch.optim.Adam(maker.parameters(), 1e-3, betas=(0.0, 0.99))
    by_critic = torch.optim.Adam(critic.parameters(), 1e-3, betas=(0.0, 0.99))
    for _ in range(400):
        made = maker(torch.randn(8, config.noise))
        loss = game.critic(critic(real), critic(made.detach())) + (
            zero_centred(critic, real) + zero_centred(critic, made)
        )
        by_critic.zero_grad()
        loss.backward()
        by_critic.step()
        by_maker.zero_grad()
        game.maker(critic(real).detach(), critic(made)).backward()
        by_maker.step()
    made = maker(torch.randn(200, config.noise)).detach()
    assert made.mean().item() == pytest.approx(real.mean().item(), abs=0.15)
    assert made.mean(dim=(1, 2, 3)).std().item() > 0.1  # not one picture over and over
    assert made.std(dim=(2, 3)).mean().item() < 0.25  # flat as the real ones
