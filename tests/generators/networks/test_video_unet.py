"""The U-Net of clips: layers over time after each of space, all of them learned, and exported."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from forensics.generators.networks.unet import DenoisingUNet, UNetConfig  # noqa: E402
from forensics.generators.networks.video import DenoisingVideoUNet, clip_denoiser  # noqa: E402
from forensics.generators.parts.clips import TimeAttention, TimeConvolution  # noqa: E402

from .test_video import UNET, shaken  # noqa: E402


@pytest.fixture
def pictures() -> DenoisingUNet:
    torch.manual_seed(9)
    return shaken(DenoisingUNet(UNET))


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
