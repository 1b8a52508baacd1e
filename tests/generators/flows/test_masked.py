"""Masked flows: order, chances that add up to one, densities, and drawing without PyTorch."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402

from forensics.errors import UsageError  # noqa: E402
from forensics.generators.flows.masked import (  # noqa: E402
    MaskedFlow,
    MaskedFlowConfig,
    MaskedLayer,
    MaskedNetwork,
)
from forensics.generators.pipelines.bending import unmixed, unscaled  # noqa: E402
from forensics.generators.pipelines.flowing import PatchFlowing, patch_by_patch  # noqa: E402
from forensics.generators.pipelines.recipe import Recipe  # noqa: E402
from forensics.generators.train.denoising import as_network  # noqa: E402
from forensics.generators.train.likelihood import _Bends  # noqa: E402

SMALL = MaskedFlowConfig(side=2, channels=2, layers=2, depth=2, width=24)


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(5)


def shaken(module: nn.Module, size: float = 0.4) -> nn.Module:
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(size * torch.randn_like(parameter))
    return module.double().eval()


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_numbers_of_a_value_see_those_before_it_alone(depth: int) -> None:
    network = shaken(MaskedNetwork(6, 2, 20, depth))
    jacobian = torch.autograd.functional.jacobian(network, torch.randn(1, 6).double())[0, :, :, 0]
    for number in range(2):
        assert jacobian[:, number].triu().abs().max() == 0
        assert (jacobian[:, number].tril(-1)[1:].abs().sum(1) > 0).all()


@pytest.mark.parametrize("width", [2, 4, 9])
def test_narrow_networks_see_every_value_but_the_last(width: int) -> None:
    network = shaken(MaskedNetwork(10, 1, width, 2))
    jacobian = torch.autograd.functional.jacobian(network, torch.randn(1, 10).double())[0, :, 0, 0]
    assert jacobian.triu().abs().max() == 0
    assert (jacobian.abs().sum(0)[:-1] > 0).all()


def test_chances_of_all_binary_pictures_add_up_to_one() -> None:
    """MADE as it was made: a bit for each value."""
    network = shaken(MaskedNetwork(8, 1, 32, 2))
    every = torch.tensor(list(itertools.product([0.0, 1.0], repeat=8))).double()
    logits = network(every)[..., 0]
    chances = -F.binary_cross_entropy_with_logits(logits, every, reduction="none").sum(1)
    assert chances.exp().sum().item() == pytest.approx(1.0)
    assert chances.exp().std() > 1e-4


@pytest.mark.parametrize("bend", ["affine", "mixture"])
def test_flows_are_undone_and_have_the_determinants_of_their_jacobians(bend: str) -> None:
    flow = shaken(MaskedFlow(MaskedFlowConfig(2, 2, 2, 2, 24, bend)))  # type: ignore[arg-type]
    x = torch.randn(2, 2, 2, 2, dtype=torch.float64)
    torch.testing.assert_close(flow.inverse(flow(x).z), x, atol=1e-6, rtol=1e-6)
    for one in x:
        jacobian = torch.autograd.functional.jacobian(lambda v: flow(v[None]).z.reshape(-1), one)
        expected = torch.linalg.slogdet(jacobian.reshape(8, 8)).logabsdet
        torch.testing.assert_close(flow(one[None]).log_det[0], expected)


def test_a_layer_is_a_chain_of_gaussians() -> None:
    """Papamakarios et al. 2017, eq. 2: the density of each value is a Gaussian whose mean others say."""
    layer = shaken(MaskedLayer(SMALL, backwards=False))
    x = torch.randn(3, 8, dtype=torch.float64)
    z, log_det = layer(x)
    found = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(1) + log_det
    by = layer.said(x)
    deviation = (-2 * torch.tanh(by[..., 0] / 2)).exp()
    chain = torch.distributions.Normal(-by[..., 1] * deviation, deviation).log_prob(x).sum(1)
    torch.testing.assert_close(found, chain)


@pytest.mark.parametrize("bend", ["affine", "mixture"])
def test_pictures_are_drawn_without_pytorch_as_with_it(bend: str) -> None:
    flow = shaken(MaskedFlow(MaskedFlowConfig(2, 3, 3, 2, 24, bend)), 0.1).float()  # type: ignore[arg-type]
    z = torch.randn(4, 12)
    wanted = flow.inverse(z)
    x = z.numpy()[..., None]
    for number in reversed(range(3)):
        layer = as_network(_Bends(flow.layers[number]).eval())
        undo = unscaled if bend == "affine" else unmixed
        x = patch_by_patch(layer, x, backwards=number % 2 == 1, undo=undo)
    recipe = Recipe("tarflow", (12, 1), settings={"patch": 1, "rows": 2, "bend": bend})
    whole = PatchFlowing(recipe, [])._whole(x)
    np.testing.assert_allclose(whole, wanted.detach().numpy(), atol=2e-3)


def test_other_functions_are_refused() -> None:
    with pytest.raises(UsageError, match="affine or mixture"):
        MaskedFlow(MaskedFlowConfig(bend="spline"))
