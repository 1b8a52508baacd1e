"""Flows behind a Gaussian posterior: their determinants, their order, and what they cost."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from forensics.generators.codec.bottlenecks import Gaussian, gaussian_kl  # noqa: E402
from forensics.generators.codec.model import Codec, CodecConfig  # noqa: E402
from forensics.generators.codec.posteriors import FlowPosterior, Gated, Planar  # noqa: E402


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(4)


def drawing() -> torch.Generator:
    return torch.Generator().manual_seed(2)


def shaken(module: nn.Module) -> nn.Module:
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.3)
    return module.double().eval()


FLOWS = {
    "planar": lambda: Planar(2),
    "iaf": lambda: Gated(2, 4, backwards=False),
    "iaf backwards": lambda: Gated(2, 4, backwards=True),
}


@pytest.mark.parametrize("name", FLOWS)
def test_determinants_are_those_of_the_jacobian(name: str) -> None:
    flow = shaken(FLOWS[name]())
    z = torch.randn(2, 2, 2, 3, dtype=torch.float64)
    context = 2 * torch.randn(2, flow.context, 2, 3, dtype=torch.float64)
    for one, told in zip(z, context, strict=True):
        jacobian = torch.autograd.functional.jacobian(lambda v, c=told: flow(v[None], c[None]).z[0], one)
        square = jacobian.reshape(12, 12)
        torch.testing.assert_close(
            flow(one[None], told[None]).log_det[0], torch.linalg.slogdet(square).logabsdet
        )
        order = torch.arange(12).reshape(2, 2, 3).movedim(0, -1).flatten()  # places, then channels
        ordered = square.reshape(12, 12)[torch.argsort(_rank(order))][:, torch.argsort(_rank(order))]
        if name == "iaf":
            assert ordered.triu(1).abs().max() == 0
        if name == "iaf backwards":
            assert ordered.tril(-1).abs().max() == 0


def _rank(order: torch.Tensor) -> torch.Tensor:
    rank = torch.empty_like(order)
    rank[order] = torch.arange(len(order))
    return rank


def test_planes_push_as_their_formula_says() -> None:
    z, along, normal, offset = np.array([0.3, -0.7]), np.array([0.5, 0.2]), np.array([1.0, 2.0]), 0.4
    both = along @ normal
    kept = along + (math.log1p(math.exp(both)) - 1 - both) * normal / (normal @ normal)
    expected = z + kept * math.tanh(normal @ z + offset)
    context = torch.tensor([*along, *normal, offset]).reshape(1, 5, 1, 1)
    found = Planar(2).double()(torch.tensor(z).reshape(1, 2, 1, 1), context.double())
    np.testing.assert_allclose(found.z.flatten(), expected, rtol=1e-6)


def test_without_flows_the_cost_is_that_of_a_gaussian() -> None:
    found = torch.randn(3, 4, 2, 2).repeat(4000, 1, 1, 1)
    plain = FlowPosterior(2, "iaf", 1.0, 0)(found, drawing())
    mean, log_variance = found.chunk(2, dim=1)
    expected = gaussian_kl(mean, log_variance).flatten(1).sum(1).mean()
    assert plain.loss.item() == pytest.approx(expected.item(), rel=0.02)
    torch.testing.assert_close(plain.z, Gaussian(2)(found, drawing()).z)


@pytest.mark.parametrize("kind", ["planar", "iaf"])
def test_the_cost_is_the_divergence_of_what_is_drawn(kind: str) -> None:
    """Of one latent value: the density of the draws, from a histogram, against a standard normal."""
    posterior = shaken(FlowPosterior(1, kind, 1.0, 2))  # type: ignore[arg-type]
    found = torch.randn(1, posterior.needed, 1, 1, dtype=torch.float64)
    drawn = posterior(found.expand(400_000, -1, 1, 1), drawing())
    z = drawn.z.flatten().detach().numpy()
    count, edges = np.histogram(z, 200)
    share, middle, width = count / len(z), (edges[1:] + edges[:-1]) / 2, edges[1] - edges[0]
    normal = -0.5 * (middle**2 + math.log(2 * math.pi))
    some = share > 0
    expected = (share * (np.log(np.where(some, share, 1.0) / width) - normal))[some].sum()
    assert drawn.loss.item() == pytest.approx(expected, abs=0.03)


def test_flows_tighten_the_bound() -> None:
    """The posterior of a latent whose size alone is seen lies on both sides of zero: no Gaussian does."""
    costs = {}
    for flows in (0, 4):
        torch.manual_seed(1)
        posterior = FlowPosterior(2, "planar", 1.0, flows)
        found = nn.Parameter(0.3 * torch.randn(1, posterior.needed, 1, 1))
        optimizer, generator, seen = torch.optim.Adam([found], 0.03), drawing(), []
        for step in range(400):
            latents = posterior(found.expand(256, -1, 1, 1), generator)
            size = latents.z.flatten(1).norm(dim=1)
            loss = latents.loss + 0.5 * ((size - 2.0) / 0.3).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if step >= 350:
                seen.append(loss.item())
        costs[flows] = np.mean(seen)
    assert costs[4] < costs[0] - 0.3


@pytest.mark.parametrize("kind", ["planar", "iaf"])
def test_codecs_take_them(kind: str) -> None:
    codec = Codec(CodecConfig(factor=2, latent=2, width=8, bottleneck=kind))  # type: ignore[arg-type]
    x = torch.rand(2, 3, 8, 8)
    drawn = codec.latents(x, drawing())
    assert drawn.z.shape == (2, 2, 4, 4)
    torch.testing.assert_close(codec.latents(x).z, codec.latents(x).z)
    assert not torch.allclose(drawn.z, codec.latents(x).z)
    (drawn.loss + codec.pictures(drawn.z).square().mean()).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in codec.parameters())
