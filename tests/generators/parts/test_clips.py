"""Layers along time start as nothing, mix frames of one clip at one place, and nothing else."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402

from forensics.errors import UsageError  # noqa: E402
from forensics.generators.parts.clips import (  # noqa: E402
    TimeAttention,
    TimeConvolution,
    times_of_frames,
    which_frame,
)

FRAMES, CHANNELS = 5, 8
LAYERS = {
    "attention": lambda: TimeAttention(CHANNELS, 2),
    "convolution": lambda: TimeConvolution(CHANNELS),
}


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(11)


def shaken(module: nn.Module) -> nn.Module:
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.3)
    return module.eval()


def features() -> torch.Tensor:
    """Two clips of feature maps of 3 x 4 places."""
    return torch.randn(2 * FRAMES, CHANNELS, 3, 4)


@pytest.mark.parametrize("name", LAYERS)
def test_layers_over_time_start_as_nothing_to_the_last_bit(name: str) -> None:
    x = features()
    assert torch.equal(LAYERS[name]()(x, FRAMES), x)


@pytest.mark.parametrize(("name", "reach"), [("attention", [0, 1, 2, 3, 4]), ("convolution", [1, 2, 3])])
def test_only_the_same_place_of_the_same_clip_is_seen(name: str, reach: list[int]) -> None:
    layer, x = shaken(LAYERS[name]()), features()
    other = x.clone()
    other[2, :, 1, 3] += torch.randn(CHANNELS)  # one place of the third frame of the first clip
    changed = (layer(other, FRAMES) - layer(x, FRAMES)).abs().amax(1) > 1e-6
    assert changed[reach, 1, 3].all()
    changed[reach, 1, 3] = False
    assert not changed.any()


@pytest.mark.parametrize("name", LAYERS)
def test_every_part_is_learned(name: str) -> None:
    """From the start what comes last; once that is something, all that comes before it."""
    layer, x = LAYERS[name](), features()
    for _ in range(2):
        layer(x, FRAMES).sin().sum().backward()
        with torch.no_grad():
            for parameter in layer.parameters():
                parameter.add_(0.1 * torch.randn_like(parameter))
    assert all(parameter.grad.abs().max() > 0 for parameter in layer.parameters())


def test_convolutions_over_time_are_those_of_volumes() -> None:
    layer, x = shaken(TimeConvolution(CHANNELS)), features()
    size = x / (x.square().mean(1, keepdim=True) + 1e-6).sqrt() * layer.norm.weight[:, None, None]
    volumes = F.silu(size).unflatten(0, (2, FRAMES)).transpose(1, 2)  # (B, channels, T, H, W)
    weight = layer.convolution.weight[..., None]  # 3 x 1 x 1
    found = F.conv3d(volumes, weight, layer.convolution.bias, padding=(1, 0, 0))
    torch.testing.assert_close(layer(x, FRAMES), x + found.transpose(1, 2).flatten(0, 1))


def test_attention_over_time_is_that_of_each_place_alone() -> None:
    layer, x = shaken(TimeAttention(CHANNELS, 2)), features()
    found = layer(x, FRAMES).unflatten(0, (2, FRAMES))
    for clip in range(2):
        for row, column in ((0, 0), (2, 1)):
            along = x.unflatten(0, (2, FRAMES))[clip, :, :, row, column][None]
            when = which_frame(FRAMES, CHANNELS)
            expected = layer.block(along + when)[0] - when
            torch.testing.assert_close(found[clip, :, :, row, column], expected, rtol=1e-4, atol=1e-5)


def test_known_frames_have_times_of_their_own() -> None:
    z, t = torch.zeros(2, 3, 1, 4, 4), torch.tensor([0.25, 0.5])
    assert times_of_frames(z, t).tolist() == [0.25] * 3 + [0.5] * 3
    known = torch.tensor([[True, True, False], [False, False, False]])
    assert times_of_frames(z, t, known).tolist() == [1, 1, 0.25, 0.5, 0.5, 0.5]
    with pytest.raises(UsageError, match="five axes"):
        times_of_frames(z[0], t)
