"""Residual blocks start as nothing, and every way of upsampling leaves its own trace."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402

from forensics.errors import UsageError  # noqa: E402
from forensics.generators.parts.resampling import UPSAMPLINGS, Blur, Downsample, Upsample  # noqa: E402
from forensics.generators.parts.residual import ResidualBlock  # noqa: E402


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(5)


@pytest.mark.parametrize("groups", [0, 4])
def test_residual_blocks_start_as_the_way_past_them(groups: int) -> None:
    x = torch.randn(2, 8, 6, 6)
    torch.testing.assert_close(ResidualBlock(8, groups=groups)(x), x)
    wider = ResidualBlock(8, 12, groups=groups)
    torch.testing.assert_close(wider(x), wider.past(x))


def test_conditions_scale_and_shift_features() -> None:
    block = ResidualBlock(8, condition=5)
    for parameter in block.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    x, condition = torch.randn(2, 8, 6, 6), torch.randn(2, 5)
    scale, shift = block.condition(F.silu(condition))[:, :, None, None].chunk(2, dim=1)
    deep = F.group_norm(x, 8, block.first_norm.weight, block.first_norm.bias)
    deep = F.group_norm(block.first(F.silu(deep)), 8, block.second_norm.weight, block.second_norm.bias)
    expected = x + block.second(F.silu(deep * (1 + scale) + shift))
    torch.testing.assert_close(block(x, condition), expected)
    assert not torch.allclose(block(x, condition), block(x))


@pytest.mark.parametrize("kind", UPSAMPLINGS)
def test_sides_double(kind: str) -> None:
    assert Upsample(6, 4, kind)(torch.randn(2, 6, 5, 7)).shape == (2, 4, 10, 14)  # type: ignore[arg-type]


def test_sides_halve() -> None:
    assert Downsample(6, 4)(torch.randn(2, 6, 10, 14)).shape == (2, 4, 5, 7)


def test_unknown_upsamplings_are_refused() -> None:
    with pytest.raises(UsageError, match="no upsampling"):
        Upsample(3, 3, "cubic")  # type: ignore[arg-type]


def test_blur_is_binomial() -> None:
    x = torch.zeros(1, 2, 5, 5)
    x[:, :, 2, 2] = 16
    expected = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]])
    torch.testing.assert_close(Blur(x.shape[1])(x)[0, 1, 1:4, 1:4], expected)
    torch.testing.assert_close(Blur(2)(torch.ones(1, 2, 4, 4)), torch.ones(1, 2, 4, 4))


def spectrum(kind: str) -> np.ndarray:
    """Mean power spectrum, over untrained layers, of white noise made twice as large."""
    power = np.zeros((32, 32))
    with torch.no_grad():
        for _ in range(40):
            found = Upsample(8, 1, kind)(torch.randn(16, 8, 16, 16))  # type: ignore[arg-type]
            power += (np.abs(np.fft.fft2(found.numpy()[:, 0])) ** 2).mean(0)
    power[0, 0] = 0
    return power / power.sum()


def test_each_way_of_upsampling_leaves_its_own_trace() -> None:
    found = {kind: spectrum(kind) for kind in UPSAMPLINGS}
    high = {kind: power[12:21, 12:21].mean() / power.mean() for kind, power in found.items()}
    assert high["blur"] < high["nearest"] < high["shuffle"]
    assert high["bilinear"] < high["shuffle"]
    assert high["blur"] < 0.1
    # Four convolutions that take turns are independent: white. One that is repeated is not.
    assert found["shuffle"].std() < 0.5 * found["nearest"].std()
