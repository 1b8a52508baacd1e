"""Memory is spared, and gradients stay what they are."""

from __future__ import annotations

import copy
from typing import Any

import pytest

torch = pytest.importorskip("torch")
from torch import Tensor, nn  # noqa: E402

from forensics.generators.networks.transformer import DenoisingTransformer, TransformerConfig  # noqa: E402
from forensics.generators.networks.unet import DenoisingUNet, UNetConfig  # noqa: E402
from forensics.training.machine import Machine  # noqa: E402
from forensics.training.sparing import spare  # noqa: E402

TRANSFORMER = TransformerConfig(channels=3, patch=4, width=32, depth=4, heads=2)


def gradients(module: nn.Module) -> tuple[list[Tensor], int]:
    """Return the gradients of a loss, and how many bytes were kept for them."""
    kept: dict[int, int] = {}

    def keep(value: Tensor) -> Tensor:
        kept[value.data_ptr()] = value.untyped_storage().nbytes()
        return value

    x = torch.randn(4, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    t = torch.tensor([0.1, 0.3, 0.6, 0.9])
    module.zero_grad()
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda value: value):
        loss = module(x, t).square().mean()
    loss.backward()
    return [p.grad.clone() for p in module.parameters() if p.grad is not None], sum(kept.values())


def alive(module: nn.Module) -> nn.Module:
    """Move weights away from zero, so that all of them have gradients."""
    torch.manual_seed(3)
    with torch.no_grad():
        for p in module.parameters():
            p.add_(0.05 * torch.randn_like(p))
    return module


@pytest.mark.parametrize(
    "module",
    [
        lambda: DenoisingTransformer(TRANSFORMER),
        lambda: DenoisingUNet(UNetConfig(channels=3, width=16, multiples=(1, 2))),
    ],
    ids=["transformer", "unet"],
)
def test_gradients_are_the_same_in_less_memory(module: Any) -> None:
    plain = alive(module())
    sparing = copy.deepcopy(plain)
    assert spare(sparing) >= 4
    assert sparing.state_dict().keys() == plain.state_dict().keys()
    wanted, most = gradients(plain)
    found, less = gradients(sparing)
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-8)
    assert less < 0.5 * most


def test_copies_made_before_stay_as_they_are() -> None:
    module = alive(DenoisingTransformer(TRANSFORMER))
    copied = copy.deepcopy(module)
    Machine("cpu", compiled=False, sparing=True).hasten(module)
    assert gradients(copied)[1] > 2 * gradients(module)[1]


def test_parts_with_a_state_are_left() -> None:
    module = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Sequential(nn.BatchNorm1d(2), nn.Linear(2, 2)))
    assert spare(module) == 2
    module(torch.randn(8, 2)).sum().backward()
    assert int(module[2][0].num_batches_tracked) == 1
