"""Functions of single values are undone and have the slopes they say; couplings of them are flows."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from forensics.errors import UsageError  # noqa: E402
from forensics.generators.flows.couplings import BentCoupling, Scaling  # noqa: E402
from forensics.generators.flows.dequantization import Dequantizer  # noqa: E402
from forensics.generators.flows.layers import checkerboard  # noqa: E402
from forensics.generators.flows.model import Flow, FlowConfig  # noqa: E402
from forensics.generators.flows.transforms import Mixture, Spline, transform_of  # noqa: E402
from forensics.generators.train.likelihood import noisy_bits  # noqa: E402

KINDS = ("additive", "affine", "spline", "mixture")


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(12)


def shaken(module: nn.Module, size: float = 0.3) -> nn.Module:
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(size * torch.randn_like(parameter))
    return module.double().eval()


@pytest.mark.parametrize("kind", KINDS)
def test_functions_rise_are_undone_and_have_the_slope_they_say(kind: str) -> None:
    transform = transform_of(kind)  # type: ignore[arg-type]
    x = torch.linspace(-5, 5, 401, dtype=torch.float64).requires_grad_()
    by = 1.5 * torch.randn(transform.needed, 1, dtype=torch.float64).expand(-1, 401)
    bent = transform.forward(x, by)
    assert (bent.y.diff() > 0).all()
    torch.testing.assert_close(transform.inverse(bent.y, by), x, atol=1e-7, rtol=1e-7)
    (slope,) = torch.autograd.grad(bent.y.sum(), x)
    torch.testing.assert_close(bent.log_slope, slope.log(), atol=1e-7, rtol=1e-7)


def test_splines_are_their_formula_bin_by_bin() -> None:
    """Against Durkan et al. 2019, eq. 4, by hand, and the root of its equation by NumPy."""
    bins, bound = 4, 2.0
    by = torch.randn(3 * bins - 1, 1, dtype=torch.float64)
    numbers = by[:, 0].numpy()
    knots = []
    for part in (numbers[:bins], numbers[bins : 2 * bins]):
        shares = 1e-3 + (1 - 1e-3 * bins) * np.exp(part) / np.exp(part).sum()
        knots.append(np.concatenate([[-bound], -bound + 2 * bound * np.cumsum(shares)]))
    of_one = math.log(math.expm1(1 - 1e-3))
    slopes = np.array([1.0, *(1e-3 + np.log1p(np.exp(numbers[2 * bins :] + of_one))), 1.0])
    x, y = knots
    for value in (-1.9, -0.4, 0.3, 1.7):
        k = int(np.searchsorted(x, value, side="right")) - 1
        s, share = (y[k + 1] - y[k]) / (x[k + 1] - x[k]), (value - x[k]) / (x[k + 1] - x[k])
        top = (y[k + 1] - y[k]) * (s * share**2 + slopes[k] * share * (1 - share))
        expected = y[k] + top / (s + (slopes[k + 1] + slopes[k] - 2 * s) * share * (1 - share))
        found = Spline(bins, bound).forward(torch.tensor([value], dtype=torch.float64), by)
        assert found.y.item() == pytest.approx(expected, rel=1e-9)


def test_splines_bend_nothing_beyond_their_knots_and_at_first() -> None:
    transform, x = Spline(), torch.tensor([-7.0, -3.1, -1.0, 0.4, 2.9, 5.0])
    nothing = transform.forward(x, torch.zeros(transform.needed, 6))
    torch.testing.assert_close(nothing.y, x)
    torch.testing.assert_close(nothing.log_slope, torch.zeros(6), atol=1e-5, rtol=0)
    bent = transform.forward(x, torch.randn(transform.needed, 1).expand(-1, 6))
    assert (bent.y[[0, 1, 5]] == x[[0, 1, 5]]).all()
    assert (bent.y[2:5] != x[2:5]).all()


def test_mixtures_are_their_distribution_function() -> None:
    """Against the sum of logistic functions, by hand."""
    transform = Mixture(3)
    by = torch.randn(transform.needed, 1, dtype=torch.float64)
    plain = transform.plain(by)[:, 0].numpy()
    weights = np.exp(plain[2:5]) / np.exp(plain[2:5]).sum()
    for value in (-2.0, 0.1, 3.0):
        below = (weights / (1 + np.exp(-(value - plain[5:8]) / np.exp(plain[8:])))).sum()
        expected = math.log(below / (1 - below)) * math.exp(plain[0]) + plain[1]
        found = transform.forward(torch.tensor([value], dtype=torch.float64), by).y
        assert found.item() == pytest.approx(expected, rel=1e-9)


LAYERS = {
    "scaling": lambda: Scaling(2, 4, 4),
    **{
        kind: lambda kind=kind: BentCoupling(
            2, 8, checkerboard(4, 4, first=True), transform_of(kind), heads=2
        )
        for kind in KINDS
    },
    "nice": lambda: Flow(FlowConfig("nice", 4, 2, 2, 4, 8)),
    "spline flow": lambda: Flow(FlowConfig("glow", 4, 2, 1, 2, 8, coupling="spline")),
    "flow++": lambda: Flow(FlowConfig("realnvp", 4, 2, 2, 2, 8, coupling="mixture", heads=2)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_are_undone_and_have_the_determinants_of_their_jacobians(name: str) -> None:
    layer = shaken(LAYERS[name]())
    x = torch.randn(2, 2, 4, 4, dtype=torch.float64)
    torch.testing.assert_close(layer.inverse(layer(x).z), x, atol=1e-6, rtol=1e-6)
    for one in x:
        jacobian = torch.autograd.functional.jacobian(lambda v: layer(v[None]).z.reshape(-1), one)
        expected = torch.linalg.slogdet(jacobian.reshape(32, 32)).logabsdet
        torch.testing.assert_close(layer(one[None]).log_det[0], expected)
    single = shaken(LAYERS[name](), 0.05).float()
    assert (single.inverse(single(x.float()).z) - x.float()).abs().max() < 2e-3


def test_shifts_stretch_nothing_and_scales_do() -> None:
    flow = shaken(Flow(FlowConfig("nice", 4, 3, 1, 4, 8)))
    x = torch.randn(3, 3, 4, 4, dtype=torch.float64)
    scales = [layer for layer in flow.modules() if isinstance(layer, Scaling)]
    (scale,) = scales
    assert scale.log_scale.numel() == x[0].numel()
    torch.testing.assert_close(flow(x).log_det, scale.log_scale.sum().expand(3))


def test_the_first_batch_of_a_training_sets_scales_and_no_other() -> None:
    scale = Scaling(2, 4, 4)
    x = torch.randn(64, 2, 4, 4) * torch.tensor([0.1, 20.0])[None, :, None, None]
    torch.testing.assert_close(scale(x).z.square().mean(dim=(0, 2, 3)), torch.ones(2))
    before = scale.log_scale.clone()
    torch.testing.assert_close(scale(3 * x).z.square().mean(dim=(0, 2, 3)), torch.full((2,), 9.0))
    torch.testing.assert_close(scale.log_scale, before, atol=0, rtol=0)
    judged = Scaling(2, 4, 4).eval()
    torch.testing.assert_close(judged(x).z, x, atol=0, rtol=0)


def test_unknown_couplings_are_refused() -> None:
    with pytest.raises(UsageError, match="no coupling"):
        transform_of("cubic")  # type: ignore[arg-type]


def test_learned_noise_has_the_density_it_says() -> None:
    """By its Jacobian, and by its integral over (0, 1) of one value."""
    learned = shaken(Dequantizer(2, 2, 8))
    levels, noise = torch.rand(1, 2, 2, 2).double(), torch.randn(1, 2, 2, 2).double()
    jacobian = torch.autograd.functional.jacobian(lambda v: learned(levels, v[None]).z.reshape(-1), noise[0])
    normal = torch.distributions.Normal(0.0, 1.0).log_prob(noise).sum()
    expected = normal - torch.linalg.slogdet(jacobian.reshape(8, 8)).logabsdet
    found = learned(levels, noise)
    torch.testing.assert_close(found.log_det[0], expected)
    assert ((found.z > 0) & (found.z < 1)).all()
    one = shaken(Dequantizer(1, 1, 4))
    grid = torch.linspace(-6, 6, 4001, dtype=torch.float64).reshape(-1, 1, 1, 1)
    drawn = one(torch.full_like(grid, 0.4), grid)
    assert torch.trapezoid(drawn.log_det.exp(), drawn.z.flatten()).item() == pytest.approx(1.0, abs=1e-4)


def test_learned_noise_bounds_the_bits_from_above() -> None:
    """The bound on a density that is known: everything within the first half of each level."""
    flow = Flow(FlowConfig("glow", 2, 1, 1, 1, 4, learned_noise=True))
    x = torch.full((4096, 1, 2, 2), 100.0) / 255.0
    with torch.no_grad():
        flow.dequantizer.couplings[1].network.last.bias[1] = -4.0  # noise of some values near zero
        bound = noisy_bits(flow, x, torch.Generator().manual_seed(1))
        points = (100.0 + torch.rand(4096, 1, 2, 2)) / 256.0
        chance = flow.log_prob(points - 0.5).exp().mean().log() - 4 * math.log(256)
    assert bound.mean().item() * 4 > -chance.item() / math.log(2) - 1e-3
