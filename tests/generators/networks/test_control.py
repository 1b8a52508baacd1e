"""A side branch: nothing at first, and then what another picture says."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional as F  # noqa: E402

from forensics.generators.networks.control import (  # noqa: E402
    ControlledDenoiser,
    ControlledUNet,
    branched,
    edges,
)
from forensics.generators.networks.text import CaptionedDenoiser, TextConfig, TextEncoder  # noqa: E402
from forensics.generators.networks.transformer import DenoisingTransformer, TransformerConfig  # noqa: E402
from forensics.generators.networks.unet import DenoisingUNet, UNetConfig  # noqa: E402

CONFIG = TransformerConfig(channels=3, patch=4, width=32, depth=4, heads=2, labels=2)


@pytest.fixture
def denoiser() -> DenoisingTransformer:
    torch.manual_seed(2)
    found = DenoisingTransformer(CONFIG)
    for parameter in found.parameters():
        torch.nn.init.normal_(parameter, std=0.15)
    return found


def test_branch_begins_as_nothing(denoiser: DenoisingTransformer) -> None:
    z, t, label = torch.randn(2, 3, 8, 12), torch.tensor([0.2, 0.7]), torch.tensor([0, -1])
    expected = denoiser(z, t, label)
    controlled = ControlledDenoiser(denoiser)
    for shown in (torch.zeros_like(z), torch.randn_like(z)):
        torch.testing.assert_close(controlled(z, t, shown, label), expected)
    assert len(controlled.blocks) == 2


def test_only_the_branch_is_trained(denoiser: DenoisingTransformer) -> None:
    """It learns to draw what it is shown, and the denoiser stays as it is."""
    before = {name: value.clone() for name, value in denoiser.state_dict().items()}
    controlled = ControlledDenoiser(denoiser).train()
    assert not controlled.denoiser.training
    optimizer = torch.optim.AdamW(controlled.trainable(), 3e-3)
    z, t = torch.randn(16, 3, 8, 8), torch.full((16,), 0.5)
    losses = []
    for _ in range(250):
        shown = torch.randn(16, 3, 1, 1).expand_as(z)
        loss = F.mse_loss(controlled(z, t, shown), 0.5 * shown)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.35 * losses[0]
    torch.testing.assert_close(dict(denoiser.state_dict()), before)


def test_edges_are_slopes() -> None:
    ramp = torch.linspace(0, 1, 11)[None, None, None].expand(1, 3, 8, 11)
    torch.testing.assert_close(edges(ramp)[0, 0, :, 1:-1], torch.full((8, 9), 0.2))
    torch.testing.assert_close(edges(ramp.transpose(2, 3)), edges(ramp).transpose(2, 3))
    assert edges(torch.full((1, 3, 8, 8), 0.4)).abs().max() < 1e-6


def scattered(module: torch.nn.Module) -> torch.nn.Module:
    """Give a module weights that are nowhere zero."""
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.15)
    return module


def test_what_is_shown_has_more_pixels_than_latents(denoiser: DenoisingTransformer) -> None:
    model = ControlledDenoiser(denoiser, channels=1, depth=1, scale=4)
    z, t, shown = torch.randn(2, 3, 8, 12), torch.tensor([0.2, 0.7]), torch.rand(2, 1, 32, 48)
    torch.testing.assert_close(model(z, t, shown), denoiser(z, t))
    scattered(model.branch())
    found = model(z, t, shown)
    assert found.shape == z.shape
    shown[0, 0, 31, 47] += 1.0
    changed = (model(z, t, shown) - found).abs().flatten(1).amax(1)
    assert changed[0] > 1e-5
    assert changed[1] == 0


def test_words_are_told_beside_the_picture() -> None:
    torch.manual_seed(0)
    text = TextEncoder(TextConfig(words=5, length=3, width=16, depth=1, heads=2))
    inner = DenoisingTransformer(TransformerConfig(width=32, depth=2, heads=2, context=16))
    base = scattered(CaptionedDenoiser(inner, text))
    z, t, words = torch.randn(2, 3, 8, 8), torch.tensor([0.2, 0.7]), torch.tensor([[1, 2, 0], [5, 0, 0]])
    model = branched(base, channels=2, scale=1)
    shown = torch.rand(2, 2, 8, 8)
    torch.testing.assert_close(model(z, t, shown, words), base(z, t, words))
    assert not any(p.requires_grad for p in base.parameters())
    assert (model(z, t, shown, words) - model(z, t, shown, words.flip(0))).abs().max() > 1e-4


def test_copy_of_a_u_net_begins_as_nothing_and_gains_its_effect() -> None:
    torch.manual_seed(1)
    base = scattered(DenoisingUNet(UNetConfig(width=8, multiples=(1, 2), attention=1, labels=2)))
    before = {name: value.clone() for name, value in base.state_dict().items()}
    model = branched(base, channels=1, scale=2).train()
    assert isinstance(model, ControlledUNet)
    assert not model.denoiser.training
    z, t, label = torch.randn(2, 3, 8, 8), torch.tensor([0.2, 0.7]), torch.tensor([1, -1])
    shown = torch.rand(2, 1, 16, 16)
    torch.testing.assert_close(model(z, t, shown, label), base(z, t, label))
    optimizer = torch.optim.SGD(model.branch().parameters(), 0.05)
    for _ in range(2):  # the joins first, and through them what enters
        optimizer.zero_grad()
        model(z, t, shown, label).square().mean().backward()
        optimizer.step()
    assert model.enter.weight.abs().max() > 0
    assert all(join.weight.abs().max() > 0 for join in model.joins)
    scattered(model.branch())
    assert (model(z, t, shown, label) - model(z, t, 1 - shown, label)).abs().max() > 1e-4
    torch.testing.assert_close(dict(base.state_dict()), before)
