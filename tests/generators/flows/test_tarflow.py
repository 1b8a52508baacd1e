"""The transformer flow can be undone, knows its determinant, and sees only what comes before."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from forensics.errors import UsageError  # noqa: E402
from forensics.generators.flows.tarflow import TarFlow, TarFlowConfig, denoised  # noqa: E402

SMALL = TarFlowConfig(4, 2, 2, 3, 1, 16, 2, 3)


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(12)


def shaken(flow: TarFlow) -> TarFlow:
    with torch.no_grad():
        for parameter in flow.parameters():
            parameter.add_(0.15 * torch.randn_like(parameter))
    return flow.eval()


@pytest.mark.parametrize("label", [None, [0, 2, -1]])
def test_flow_is_undone(label: list[int] | None) -> None:
    flow, x = shaken(TarFlow(SMALL)), torch.randn(3, 2, 4, 4)
    which = None if label is None else torch.tensor(label)
    assert (flow.inverse(flow(x, which).z, which) - x).abs().max() < 1e-4


def test_determinant_is_that_of_the_jacobian() -> None:
    flow, x = shaken(TarFlow(SMALL)).double(), torch.randn(2, 4, 4, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda v: flow(v[None]).z.reshape(-1), x)
    expected = torch.linalg.slogdet(jacobian.reshape(32, 32)).logabsdet
    torch.testing.assert_close(flow(x[None]).log_det[0], expected)


@pytest.mark.parametrize("number", [0, 1])
def test_patches_are_changed_by_those_before(number: int) -> None:
    layer = shaken(TarFlow(SMALL)).layers[number]
    x = torch.randn(1, 4, 8, requires_grad=True)
    z, order = layer(x).z, range(4) if number == 0 else range(3, -1, -1)
    for rank, place in enumerate(order):
        (slope,) = torch.autograd.grad(z[0, place].sum(), x, retain_graph=True)
        seen = slope[0].abs().sum(1) > 0
        assert seen[list(order)[: rank + 1]].all()
        assert not seen[list(order)[rank + 1 :]].any()


def test_flow_starts_as_nothing() -> None:
    x = torch.randn(3, 2, 4, 4)
    found = TarFlow(SMALL)(x)
    torch.testing.assert_close(found.z, x)
    assert (found.log_det == 0).all()


def test_classes_count() -> None:
    flow, x = shaken(TarFlow(SMALL)), torch.randn(2, 2, 4, 4)
    one, other = (flow.log_prob(x, torch.tensor(label)) for label in ([0, 1], [1, 2]))
    assert (one != other).all()
    torch.testing.assert_close(flow.log_prob(x), flow.log_prob(x, torch.tensor([-1, -1])))
    with pytest.raises(UsageError, match="classes"):
        TarFlow(replace(SMALL, labels=0))(x, torch.tensor([0, 1]))


def test_noise_is_taken_away() -> None:
    """The flow that does nothing has a standard normal density, whose score is known."""
    x = torch.randn(3, 2, 4, 4)
    torch.testing.assert_close(denoised(TarFlow(SMALL), x, 0.3), x * (1 - 0.09))


def test_likelihood_rises_to_that_of_the_distribution() -> None:
    """Each value follows from those before: the entropy is that of what is new in each."""
    config = TarFlowConfig(4, 1, 1, 2, 1, 32, 2)
    flow = TarFlow(config).train()
    optimizer, generator = torch.optim.AdamW(flow.parameters(), 3e-3), torch.Generator().manual_seed(1)

    def drawn(count: int) -> torch.Tensor:
        base = torch.randn(count, 1, 1, 1, generator=generator)
        return base + 0.2 * torch.randn(count, 1, 4, 4, generator=generator)

    for _ in range(250):
        loss = -flow.log_prob(drawn(64)).mean() / 16
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(flow.parameters(), 1.0)
        optimizer.step()
    covariance = torch.ones(16, 16) + 0.04 * torch.eye(16)
    entropy = 0.5 * (torch.logdet(covariance) + 16 * (1 + math.log(2 * math.pi))) / 16
    with torch.no_grad():
        found = -flow.log_prob(drawn(2000)).mean().item() / 16
        made = flow.inverse(torch.randn(500, 1, 4, 4, generator=generator))
    assert found == pytest.approx(entropy.item(), abs=0.1)
    assert made.mean(dim=(1, 2, 3)).std().item() == pytest.approx(1.0, abs=0.15)
    assert made.flatten(1).std(1).mean().item() == pytest.approx(0.2, abs=0.06)
