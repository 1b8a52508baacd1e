"""Gated models of grey levels: nothing leaks, nothing is blind, and chances add up to one."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from forensics.errors import UsageError  # noqa: E402
from forensics.generators.pipelines.chance import Chance  # noqa: E402
from forensics.generators.pipelines.tokens import level_by_level  # noqa: E402
from forensics.generators.tokens.gated import GatedPixelCNN  # noqa: E402
from forensics.generators.tokens.logistics import (  # noqa: E402
    Logistics,
    bits_of,
    level_chances,
    log_chance,
    logistics_of,
    needed,
)
from forensics.generators.tokens.pixelcnn import PixelCNNConfig  # noqa: E402
from forensics.generators.train.denoising import as_network  # noqa: E402
from forensics.runtime.sessions import Session  # noqa: E402
from forensics.training.export import export  # noqa: E402

KINDS = {
    "gated": {},
    "pixelcnn++": {"parts": 3},
    "pixelsnail": {"parts": 3, "heads": 2},
    "snail": {"heads": 2},
}


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(3)


def model_of(kind: str, **more: int) -> GatedPixelCNN:
    config = PixelCNNConfig(
        **{"channels": 3, "levels": 8, "width": 12, "depth": 3, **KINDS[kind], **more}, gated=True
    )
    model = GatedPixelCNN(config).double().eval()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.25)
    return model


@pytest.mark.parametrize("kind", KINDS)
def test_values_see_all_before_them_and_no_others(kind: str) -> None:
    """The blind spot of one stack, to the right above, is seen as well (van den Oord et al. 2016)."""
    model, x = model_of(kind), torch.randint(8, (1, 3, 5, 5))
    plain = model(x).log_softmax(-1)
    order = torch.arange(75).reshape(5, 5, 3).movedim(2, 0)  # rows, then columns, then colours
    for channel, row, column in ((0, 2, 2), (1, 2, 2), (2, 0, 4), (0, 0, 0), (2, 3, 1)):
        other = x.clone()
        other[0, channel, row, column] = (other[0, channel, row, column] + 4) % 8
        changed = (model(other).log_softmax(-1) - plain).abs().amax(dim=-1)[0] > 1e-9
        here = order[channel, row, column]
        assert not changed[order <= here].any()
        if channel < 2:
            assert changed[channel + 1, row, column]
        below = order >= 3 * (5 * (row + 1))
        rows = slice(row + 1, row + 3)
        assert changed[:, rows][below[:, rows]].any()
    blind = x.clone()
    blind[0, :, 0, 4] = (blind[0, :, 0, 4] + 4) % 8
    changed = (model(blind).log_softmax(-1) - plain).abs().amax(dim=-1)[0] > 1e-12
    assert changed[:, 1, 0].all()


@pytest.mark.parametrize("kind", ["gated", "pixelcnn++"])
def test_classes_count(kind: str) -> None:
    model, x = model_of(kind, labels=3), torch.randint(8, (2, 3, 4, 4))
    some = model(x, torch.tensor([0, 1]))
    assert not torch.allclose(some[0], model(x, torch.tensor([2, 1]))[0])
    torch.testing.assert_close(some[1], model(x, torch.tensor([2, 1]))[1])
    torch.testing.assert_close(model(x), model(x, torch.tensor([-1, -1])))
    assert (model.bits(x, torch.tensor([0, 1])) - model.bits(x)).abs().min() > 1e-6
    with pytest.raises(UsageError, match="classes"):
        model_of(kind)(x, torch.tensor([0, 1]))


@pytest.mark.parametrize("kind", KINDS)
def test_bits_are_those_of_the_chances_one_by_one(kind: str) -> None:
    model, x = model_of(kind), torch.randint(8, (2, 3, 4, 4))
    chances = model(x).log_softmax(-1).gather(-1, x[..., None])[..., 0]
    torch.testing.assert_close(model.bits(x), -chances.flatten(1).mean(1) / math.log(2))


def test_chances_of_all_256_levels_are_differences_of_logistics_and_add_up_to_one() -> None:
    """Against the definition by NumPy: parts of a mixture between the edges of each level."""
    said = torch.randn(1, needed(4, 1), 1, 1, dtype=torch.float64)
    mixture = logistics_of(said, torch.zeros(1, 1, 1, 1).double(), 4)
    x = torch.linspace(-1, 1, 256, dtype=torch.float64).reshape(-1, 1, 1, 1)
    every = Logistics(*(part.expand(256, *part.shape[1:]) for part in mixture))
    found = (every.log_weights + log_chance(every, x, 256).sum(2)).logsumexp(1).exp().flatten()
    assert found.sum().item() == pytest.approx(1.0, abs=1e-12)
    weights = np.exp(mixture.log_weights.flatten().numpy())
    means, scales = mixture.means.flatten().numpy(), np.exp(mixture.log_scales.flatten().numpy())
    edges = np.concatenate([[-np.inf], (np.arange(255) * 2 + 1) / 255 - 1, [np.inf]])
    with np.errstate(over="ignore"):
        below = (weights / (1 + np.exp(-(edges[:, None] - means) / scales))).sum(1)
    np.testing.assert_allclose(found.numpy(), np.diff(below), rtol=1e-8, atol=1e-15)
    narrow = Logistics(*(mixture.log_weights, 0 * mixture.means, 0 * mixture.log_scales - 7.0))
    assert level_chances(narrow, torch.zeros(1, 1, 1, 1).double(), 256).isfinite().all()


def test_chances_of_all_pixels_of_three_colours_add_up_to_one() -> None:
    """Every pixel of four levels: the product of what each colour has given those before it."""
    said = torch.randn(1, needed(2, 3), 1, 1, dtype=torch.float64).expand(64, -1, 1, 1)
    grid = torch.cartesian_prod(*[torch.linspace(-1, 1, 4, dtype=torch.float64)] * 3).reshape(64, 3, 1, 1)
    mixture = logistics_of(said, grid, 2)
    whole = (-bits_of(mixture, grid, 4) * 3 * math.log(2)).exp()
    assert whole.sum().item() == pytest.approx(1.0, abs=1e-12)
    levels = ((grid + 1) * 1.5).round().long()
    one_by_one = level_chances(mixture, grid, 4).gather(-1, levels[..., None])[..., 0].sum(1).flatten()
    torch.testing.assert_close(one_by_one.exp(), whole)
    moved = logistics_of(said[:1], grid[:1], 2).means - logistics_of(said[:1], grid[-1:], 2).means
    assert (moved[:, :, 0] == 0).all()
    assert (moved[:, :, 1:] != 0).all()  # by the colours before


@pytest.mark.parametrize("scale", [-30.0, -6.0, 30.0])
def test_networks_that_are_sure_say_numbers_in_files_too(tmp_path: Path, scale: float) -> None:
    """What is exported of a logarithm of a sigmoid vanishes below -88, and its logarithm with it."""
    model = model_of("pixelcnn++", levels=256).float()
    with torch.no_grad():
        model.head.bias.unflatten(0, (3, -1))[:, 4:7] = scale  # logarithms of the scales
    x = torch.randint(256, (2, 3, 6, 6))
    wanted = model(x)
    assert wanted.isfinite().all()
    assert scale > 0 or wanted.min() < -200
    assert model.bits(x).isfinite().all()
    export(model, x, tmp_path / "model.onnx")
    (found,) = Session((tmp_path / "model.onnx").read_bytes())(x.numpy())
    np.testing.assert_allclose(found, wanted.detach().numpy(), rtol=1e-4, atol=1e-3)


def test_two_classes_are_learned_and_drawn() -> None:
    real = torch.stack([torch.eye(4), 1 - torch.eye(4)]).long()[:, None]
    label = torch.tensor([0, 1])
    model = GatedPixelCNN(PixelCNNConfig(1, 2, 16, 2, gated=True, labels=2)).train()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-2)
    for _ in range(120):
        loss = model.bits(real, label).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.1  # with the class, nothing is left to say
    network = as_network(model.eval())
    for number in (0, 1):
        told = lambda x, n=number: network(x, np.full(len(x), n))  # noqa: E731
        *_, drawn = level_by_level(told, (1, 4, 4), Chance(1, range(8)))
        assert (drawn == real[number].numpy()).all((1, 2, 3)).mean() > 0.7
