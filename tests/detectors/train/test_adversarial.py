"""Pictures changed against a network: near, within range, and worse for it."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from forensics.detectors.train.adversarial import attacked  # noqa: E402
from forensics.detectors.train.networks import ResidualNetwork  # noqa: E402

cost = nn.BCEWithLogitsLoss(reduction="none")


class Linear(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.linspace(-1, 1, 3 * 8 * 8).reshape(3, 8, 8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x * self.weight).sum(dim=(1, 2, 3))


def test_one_step_is_that_of_the_paper() -> None:
    network, x = Linear(), 0.2 + 0.6 * torch.rand(2, 3, 8, 8)
    found = attacked(network, x, torch.tensor([1.0, 0.0]), 2.0)
    signs = network.weight.detach().sign()
    expected = x + torch.stack([-signs, signs]) * 2 / 255
    torch.testing.assert_close(found, expected)


def test_several_steps_end_in_the_corner_of_a_linear_network() -> None:
    network, x = Linear(), 0.2 + 0.6 * torch.rand(2, 3, 8, 8)
    truth = torch.tensor([1.0, 0.0])
    ten = attacked(network, x, truth, 2.0, steps=10, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(ten, attacked(network, x, truth, 2.0), atol=1e-6, rtol=0)


@pytest.mark.parametrize("steps", [1, 7])
def test_they_stay_near_and_in_range_and_cost_more(steps: int) -> None:
    torch.manual_seed(0)
    network, x = ResidualNetwork().eval(), torch.rand(4, 3, 32, 32).round(decimals=1)
    truth = torch.tensor([1.0, 1.0, 0.0, 0.0])
    found = attacked(network, x, truth, 1.5, steps=steps)
    assert (found - x).abs().max() <= 1.5 / 255 + 1e-6
    assert 0 <= found.min() <= found.max() <= 1
    assert (cost(network(found), truth) > cost(network(x), truth)).all()
    assert all(value.grad is None for value in network.parameters())
    assert not found.requires_grad


def test_no_radius_changes_nothing() -> None:
    x = torch.rand(1, 3, 8, 8)
    assert torch.equal(attacked(Linear(), x, torch.ones(1), 0.0), x)
    for radius, steps in ((-1.0, 1), (1.0, 0)):
        with pytest.raises(ValueError, match="radius"):
            attacked(Linear(), x, torch.ones(1), radius, steps=steps)
