"""Continuous flows: divergences, densities, and closed forms of linear fields."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402

from forensics.generators.flows.continuous import (  # noqa: E402
    ContinuousFlow,
    ContinuousFlowConfig,
    divergence,
    estimated_divergence,
)

SMALL = ContinuousFlowConfig(side=2, channels=2, width=8, steps=20)


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(6)


def shaken(module: nn.Module) -> nn.Module:
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return module.double().eval()


def test_divergence_is_the_trace_of_the_jacobian() -> None:
    weight = torch.randn(6, 6, dtype=torch.float64)

    def field(x: Tensor) -> Tensor:
        return torch.tanh(x @ weight.T)

    x = torch.randn(3, 6, dtype=torch.float64)
    found, trace = divergence(field, x)
    torch.testing.assert_close(found, field(x))
    for one, value in zip(x, trace, strict=True):
        jacobian = torch.autograd.functional.jacobian(lambda v: field(v[None])[0], one)
        torch.testing.assert_close(value, jacobian.trace())


def test_estimates_are_right_on_average_with_the_deviation_of_their_formula() -> None:
    """Of signs: the variance is twice the sum of squares off the diagonal of the symmetric part."""
    weight = torch.randn(5, 5, dtype=torch.float64)
    signs = 2.0 * torch.randint(2, (200_000, 5)).double() - 1.0
    _, found = estimated_divergence(lambda x: x @ weight.T, torch.zeros_like(signs), signs)
    even = (weight + weight.T) / 2
    spread = math.sqrt(2 * (even.square().sum() - even.diagonal().square().sum()))
    assert found.mean().item() == pytest.approx(weight.trace().item(), abs=5 * spread / math.sqrt(200_000))
    assert found.std().item() == pytest.approx(spread, rel=0.02)
    _, diagonal = estimated_divergence(lambda x: 3.0 * x, signs[:4], signs[:4])
    assert diagonal.tolist() == [15.0] * 4  # exact, where there is nothing off the diagonal


def test_flows_are_undone_and_have_the_determinants_of_their_jacobians() -> None:
    flow = shaken(ContinuousFlow(SMALL))
    x = torch.randn(2, 2, 2, 2, dtype=torch.float64)
    found = flow(x)
    torch.testing.assert_close(flow.inverse(found.z), x, atol=1e-6, rtol=1e-6)
    for one, log_det in zip(x, found.log_det, strict=True):
        jacobian = torch.autograd.functional.jacobian(lambda v: flow(v[None]).z.reshape(-1), one)
        expected = torch.linalg.slogdet(jacobian.reshape(8, 8)).logabsdet
        torch.testing.assert_close(log_det, expected, atol=1e-5, rtol=1e-5)


def test_a_linear_field_scales_as_the_exponential() -> None:
    flow = ContinuousFlow(SMALL).double()
    flow.field = _Growing()
    x = torch.randn(3, 2, 2, 2, dtype=torch.float64)
    found = flow(x)
    torch.testing.assert_close(found.z, x * math.exp(0.7), rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(found.log_det, torch.full((3,), 8 * 0.7, dtype=torch.float64))


class _Growing(nn.Module):
    def forward(self, x: Tensor, t: float) -> Tensor:
        return 1.4 * t * x  # whose integral from 0 to 1 is 0.7


def test_estimated_densities_are_exact_on_average_and_drawn_again_alike() -> None:
    flow = shaken(ContinuousFlow(ContinuousFlowConfig(side=2, channels=2, width=8, steps=4)))
    x = torch.randn(1, 2, 2, 2, dtype=torch.float64)
    with torch.no_grad():
        exact = flow.log_prob(x)
        many = flow.log_prob(x.expand(4000, -1, -1, -1), torch.Generator().manual_seed(1))
        again = flow.log_prob(x.expand(4000, -1, -1, -1), torch.Generator().manual_seed(1))
    assert many.mean().item() == pytest.approx(exact.item(), abs=5 * many.std().item() / math.sqrt(4000))
    assert torch.equal(many, again)


def test_narrow_pictures_become_likely() -> None:
    flow = ContinuousFlow(ContinuousFlowConfig(side=2, channels=1, width=8, steps=2))
    optimizer, generator = torch.optim.Adam(flow.parameters(), 0.05), torch.Generator().manual_seed(1)
    for _ in range(100):
        x = 1.0 + 0.2 * torch.randn(64, 1, 2, 2, generator=generator)
        loss = -flow.log_prob(x, generator).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    first = 4 * (0.5 * math.log(2 * math.pi) + 0.5 * (1.0 + 0.2**2))  # of a flow that does nothing
    assert loss.item() < first - 2.5
    drawn = flow.inverse(torch.randn(500, 1, 2, 2, generator=generator))
    assert drawn.mean().item() == pytest.approx(1.0, abs=0.25)
    assert drawn.std().item() < 0.8


def test_flows_are_trained_on_machines_that_compile() -> None:
    """Compiled modules cannot be differentiated twice, and divergences are."""
    flow = shaken(ContinuousFlow(ContinuousFlowConfig(side=2, channels=1, width=4, steps=1)))
    flow.compile(backend="aot_eager")
    x = torch.randn(2, 1, 2, 2, dtype=torch.float64)
    flow.log_prob(x, torch.Generator().manual_seed(1)).sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in flow.parameters())
