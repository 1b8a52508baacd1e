"""Flows can be undone, and stretch space by what they say."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from forensics.generators.flows.layers import (  # noqa: E402
    ActNorm,
    Coupling,
    Invertible,
    InvertibleConvolution,
    Squeeze,
    checkerboard,
)
from forensics.generators.flows.masked import MaskedFlow, MaskedFlowConfig  # noqa: E402
from forensics.generators.flows.model import (  # noqa: E402
    Flow,
    FlowConfig,
    bits_per_dimension,
    dequantized,
)
from forensics.generators.flows.tarflow import TarFlow, TarFlowConfig  # noqa: E402
from forensics.generators.pipelines.base import pixels_of  # noqa: E402
from forensics.generators.train.likelihood import pictures_of  # noqa: E402


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(11)


def shaken(module: nn.Module) -> nn.Module:
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return module.double().eval()


LAYERS = {
    "squeeze": Squeeze,
    "act norm": lambda: ActNorm(2),
    "convolution": lambda: InvertibleConvolution(2),
    "coupling": lambda: Coupling(2, 8, checkerboard(4, 4, first=True)),
    "realnvp": lambda: Flow(FlowConfig("realnvp", 4, 2, 2, 4, 8)),
    "glow": lambda: Flow(FlowConfig("glow", 4, 2, 2, 2, 8)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_are_undone(name: str) -> None:
    layer: Invertible = shaken(LAYERS[name]())
    x = torch.randn(3, 2, 4, 4, dtype=torch.float64)
    torch.testing.assert_close(layer.inverse(layer(x).z), x, atol=1e-8, rtol=1e-8)
    single = layer.float()
    assert (single.inverse(single(x.float()).z) - x.float()).abs().max() < 1e-4


@pytest.mark.parametrize("name", LAYERS)
def test_determinants_are_those_of_the_jacobian(name: str) -> None:
    layer = shaken(LAYERS[name]())
    x = torch.randn(2, 2, 4, 4, dtype=torch.float64)
    for one in x:
        jacobian = torch.autograd.functional.jacobian(lambda v: layer(v[None]).z.reshape(-1), one)
        expected = torch.linalg.slogdet(jacobian.reshape(32, 32)).logabsdet
        torch.testing.assert_close(layer(one[None]).log_det[0], expected)


def test_what_a_coupling_sees_stays() -> None:
    mask = checkerboard(4, 4, first=False)
    layer = shaken(Coupling(2, 8, mask))
    x = torch.randn(3, 2, 4, 4, dtype=torch.float64)
    seen = mask.bool().expand_as(x)
    found = layer(x).z
    assert (found[seen] == x[seen]).all()
    assert (found[~seen] != x[~seen]).all()
    assert (checkerboard(4, 4, first=True) + mask == 1).all()


def test_couplings_start_as_nothing() -> None:
    x = torch.randn(3, 2, 4, 4)
    found = Coupling(2, 8, checkerboard(4, 4, first=True))(x)
    torch.testing.assert_close(found.z, x)
    assert (found.log_det == 0).all()


def test_the_first_batch_becomes_standard() -> None:
    layer, x = ActNorm(2), 3 + 5 * torch.randn(50, 2, 4, 4)
    found = layer(x).z
    assert found.mean(dim=(0, 2, 3)).abs().max() < 1e-5
    torch.testing.assert_close(found.std(dim=(0, 2, 3)), torch.ones(2))
    torch.testing.assert_close(layer(x + 1).z, found + layer.log_scale.exp())  # the second does not
    assert not ActNorm(2).eval()(x).z.mean().abs() < 1


def test_densities_integrate_to_one() -> None:
    """Of a flow of four values, by importance sampling."""
    flow = shaken(Flow(FlowConfig("glow", 2, 1, 1, 2, 4)))
    z = 1.5 * torch.randn(200_000, 4, dtype=torch.float64)
    points = flow.inverse(torch.randn(200_000, 4, dtype=torch.float64)) + 0.5 * z.reshape(-1, 1, 2, 2)
    spread = points.flatten(1).std(0) * 1.2
    centre = points.flatten(1).mean(0)
    drawn = centre + spread * torch.randn(200_000, 4, dtype=torch.float64)
    density = torch.distributions.Normal(centre, spread).log_prob(drawn).sum(1)
    with torch.no_grad():
        ratio = (flow.log_prob(drawn.reshape(-1, 1, 2, 2)) - density).exp()
    assert ratio.mean().item() == pytest.approx(1.0, abs=0.05)


def test_bits_of_uniform_noise_are_eight() -> None:
    values = 2 * 4 * 4
    assert bits_per_dimension(torch.zeros(3), values).tolist() == [8.0, 8.0, 8.0]
    half = torch.full((1,), values * math.log(2))  # everything within half of the range
    assert bits_per_dimension(half, values).item() == pytest.approx(7.0)


def test_noise_stays_inside_its_grey_level() -> None:
    pixels = torch.arange(256, dtype=torch.uint8).repeat(50)
    found = dequantized(pixels, torch.Generator().manual_seed(1))
    assert ((found * 256).floor() == pixels).all()
    assert ((found * 256) % 1).mean().item() == pytest.approx(0.5, abs=0.01)


FLOWS = {
    "glow": (lambda: Flow(FlowConfig("glow", 4, 3, 2, 2, 8)), 1.0),  # and how wide pictures are to it
    "masked": (lambda: MaskedFlow(MaskedFlowConfig(4, 3, 2, 1, 47)), 2.0),
    "transformer": (lambda: TarFlow(TarFlowConfig(4, 3, 2, 2, 1, 16, 2)), 2.0),
}


@pytest.mark.parametrize("name", FLOWS)
def test_noise_of_pictures_becomes_their_grey_levels_again(name: str) -> None:
    """Wherever inside its grey level the noise has put a value, black and white as well."""
    make, wide = FLOWS[name]
    flow = shaken(make())
    pixels = torch.randint(0, 256, (32, 3, 4, 4), dtype=torch.uint8)
    pixels[0], pixels[1] = 0, 255
    x = dequantized(pixels, torch.Generator().manual_seed(1)).double()
    with torch.no_grad():
        made = pictures_of(flow, flow(wide * (x - 0.5)).z).numpy()
    for drawn, real in zip(pixels_of(made), pixels, strict=True):
        assert (drawn == real.movedim(0, -1).numpy()).mean() > 0.99  # but for what lies on an edge


def test_half_precision_of_networks_leaves_noise_inside_grey_levels() -> None:
    """As GPUs compute in training: what a coupling makes of values may be coarse, values may not."""
    flow, x = Flow(FlowConfig("glow", 8, 3, 2, 3, 8)).eval(), torch.rand(4, 3, 8, 8) - 0.5
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        z = flow(x).z
    torch.testing.assert_close(z, flow(x).z.detach())


@pytest.mark.parametrize("kind", ["realnvp", "glow"])
def test_flows_learn_eight_pictures(kind: str) -> None:
    pixels = torch.randint(0, 256, (8, 1, 1, 1), dtype=torch.uint8).expand(8, 3, 8, 8)
    flow = Flow(FlowConfig(kind, 8, 3, 2, 4, 24)).train()  # type: ignore[arg-type]
    optimizer, generator = torch.optim.Adam(flow.parameters(), 3e-3), torch.Generator().manual_seed(1)
    bits = []
    for _ in range(250):
        loss = bits_per_dimension(flow.log_prob(dequantized(pixels, generator)), 192).mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(flow.parameters(), 1.0)
        optimizer.step()
        bits.append(loss.item())
    assert bits[-1] < bits[0] - 2
