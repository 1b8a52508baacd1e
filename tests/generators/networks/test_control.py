"""A side branch: nothing at first, and then what another picture says."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional as F  # noqa: E402

from forensics.generators.networks.control import ControlledDenoiser, edges  # noqa: E402
from forensics.generators.networks.transformer import DenoisingTransformer, TransformerConfig  # noqa: E402

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
