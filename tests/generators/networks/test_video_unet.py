"""The U-Net of clips is that of pictures to begin with, and learns what moves."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from forensics.errors import UsageError  # noqa: E402
from forensics.generators.networks.transformer import TransformerConfig  # noqa: E402
from forensics.generators.networks.unet import DenoisingUNet, UNetConfig  # noqa: E402
from forensics.generators.networks.video import (  # noqa: E402
    DenoisingVideoTransformer,
    DenoisingVideoUNet,
    clip_denoiser,
)
from forensics.generators.parts.clips import TimeAttention, TimeConvolution  # noqa: E402

SMALL = UNetConfig(channels=2, width=8, multiples=(1, 2), blocks=2, attention=1, heads=2, labels=3)


def shaken(module: nn.Module) -> nn.Module:
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.1)
    return module.eval()


@pytest.fixture
def pictures() -> DenoisingUNet:
    torch.manual_seed(9)
    return shaken(DenoisingUNet(SMALL))


def test_clips_are_pictures_to_begin_with(pictures: DenoisingUNet) -> None:
    z, t, label = torch.randn(3, 5, 2, 8, 6), torch.rand(3), torch.tensor([0, 2, -1])
    found = DenoisingVideoUNet(pictures).eval()(z, t, label)
    for frame in range(5):
        torch.testing.assert_close(found[:, frame], pictures(z[:, frame], t, label), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("attention", [0, 1, 2, 3])
def test_attention_over_time_follows_that_over_space(attention: int) -> None:
    """Levels have convolutions over time where they have no attention; each layer has one of the two."""
    network = clip_denoiser(UNetConfig(width=8, multiples=(1, 2), blocks=2, attention=attention, heads=2))
    assert isinstance(network, DenoisingVideoUNet)
    down, up = network.pictures.down, reversed(network.pictures.up)
    layers = [*(one for level in down for one in level), *network.pictures.middle]
    layers += [one for level in up for one in level]
    kinds = [TimeConvolution if layer.attention is None else TimeAttention for layer in layers]
    assert [type(layer) for layer in network.temporal] == kinds
    z = torch.randn(2, 3, 3, 8, 8)
    assert shaken(network)(z, torch.rand(2)).shape == z.shape


def test_frames_see_each_other_after_training(pictures: DenoisingUNet) -> None:
    network = DenoisingVideoUNet(pictures).eval()
    shaken(network.temporal)
    z, t = torch.randn(2, 4, 2, 8, 8), torch.rand(2)
    other = z.clone()
    other[0, 2] += 1
    changed = (network(other, t) - network(z, t)).abs().flatten(2).amax(2) > 1e-5
    assert changed[0].all()  # every frame of the clip
    assert not changed[1].any()  # and none of the other one
    turned = network(z.flip(1), t).flip(1)
    assert not torch.allclose(turned, network(z, t), atol=1e-4)  # time has a direction


def test_known_frames_are_at_the_end_of_the_path(pictures: DenoisingUNet) -> None:
    network = DenoisingVideoUNet(pictures).eval()
    z, t = torch.randn(1, 3, 2, 8, 6), torch.tensor([0.2])
    found = network(z, t, known=torch.tensor([[True, False, False]]))
    torch.testing.assert_close(found[:, 0], pictures(z[:, 0], torch.ones(1)), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found[:, 1:], network(z, t)[:, 1:], rtol=1e-4, atol=1e-5)


def test_every_part_over_time_is_learned(pictures: DenoisingUNet) -> None:
    network = DenoisingVideoUNet(pictures)
    z, t = torch.randn(2, 4, 2, 8, 8), torch.rand(2)
    network(z, t).square().mean().backward()
    for layer in network.temporal:  # what starts at zero is where the gradient enters
        first = layer.block.modulation if isinstance(layer, TimeAttention) else layer.convolution.weight
        assert first.grad.abs().max() > 0
    shaken(network.temporal)
    network(z, t).square().mean().backward()
    assert all(parameter.grad.abs().max() > 0 for parameter in network.temporal.parameters())


def test_pictures_are_refused(pictures: DenoisingUNet) -> None:
    with pytest.raises(UsageError, match="five axes"):
        DenoisingVideoUNet(pictures)(torch.randn(2, 2, 8, 8), torch.rand(2))


def test_networks_of_both_kinds_are_made() -> None:
    small = TransformerConfig(channels=2, patch=2, width=24, depth=1, heads=2)
    assert isinstance(clip_denoiser(small), DenoisingVideoTransformer)


def test_what_only_other_frames_tell_is_learned() -> None:
    """Each frame is to be the one before it: no picture alone says that."""
    torch.manual_seed(10)
    network = clip_denoiser(UNetConfig(1, 8, (1,), attention=1, heads=2))
    z, t = torch.randn(8, 4, 1, 4, 4), torch.rand(8)
    wanted = z.roll(1, dims=1)
    optimizer, losses = torch.optim.AdamW(network.parameters(), 1e-2), []
    for _ in range(100):
        loss = (network(z, t) - wanted)[:, 1:].square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]


def test_onnx_computes_the_same_for_any_number_of_clips(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    from forensics.generators.train.video import Clips
    from forensics.training.export import export, parity

    torch.manual_seed(12)
    network = shaken(Clips(clip_denoiser(UNetConfig(3, 8, (1, 2), attention=1, heads=2))))

    def inputs(count: int) -> list[torch.Tensor]:
        return [torch.randn(count, 4, 3, 8, 8), torch.rand(count), torch.rand(count, 4) < 0.3]

    export(network, inputs(2), tmp_path / "clips.onnx", free=(0,))
    assert parity(network, tmp_path / "clips.onnx", [inputs(1), inputs(2), inputs(5)]) < 1e-4
