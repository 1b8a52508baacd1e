"""Making feature maps larger and smaller, in all the ways whose traces differ in the spectrum."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from forensics.errors import UsageError

__all__ = ["UPSAMPLINGS", "Blur", "Downsample", "Upsample", "Upsampling"]

Upsampling: TypeAlias = Literal["transpose", "nearest", "bilinear", "shuffle", "blur"]
UPSAMPLINGS: tuple[Upsampling, ...] = get_args(Upsampling)


class Blur(nn.Module):
    """The binomial filter 1 2 1 of StyleGAN (Karras et al. 2018, arXiv:1812.04948), mirrored at the edges.

    Args:
        channels: Of what comes in.
    """

    kernel: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        line = torch.tensor([0.25, 0.5, 0.25])
        kernel = torch.outer(line, line).expand(channels, 1, 3, 3).clone()
        self.register_buffer("kernel", kernel, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, channels, H, W) for the same."""
        padded = F.pad(x, [1, 1, 1, 1], mode="reflect")
        return F.conv2d(padded, self.kernel.to(x.dtype), groups=self.kernel.shape[0])


class Upsample(nn.Module):
    """Twice as many pixels each way, by a convolution.

    Args:
        channels: Of what comes in.
        out: Of what goes out.
        kind: `transpose`: a transposed convolution (DCGAN, Radford et al. 2015, arXiv:1511.06434); `nearest`
            and `bilinear`: interpolation, then a convolution; `shuffle`: sub-pixel convolution (Shi et al.
            2016, arXiv:1609.05158); `blur`: nearest and a blur after the convolution (StyleGAN).

    Raises:
        UsageError: There is no such kind.
    """

    def __init__(self, channels: int, out: int, kind: Upsampling = "nearest") -> None:
        super().__init__()
        if kind not in UPSAMPLINGS:
            raise UsageError(f"there is no upsampling {kind!r}", expected=", ".join(UPSAMPLINGS), actual=kind)
        self.layers = nn.Sequential(*_layers(channels, out, kind))

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, out, 2 H, 2 W) for (B, channels, H, W)."""
        return self.layers(x)


def _layers(channels: int, out: int, kind: Upsampling) -> list[nn.Module]:
    match kind:
        case "transpose":
            return [nn.ConvTranspose2d(channels, out, 4, stride=2, padding=1)]
        case "shuffle":
            return [nn.Conv2d(channels, 4 * out, 3, padding=1), nn.PixelShuffle(2)]
        case "bilinear":
            larger = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
            return [larger, nn.Conv2d(channels, out, 3, padding=1)]
        case "blur":
            return [nn.Upsample(scale_factor=2), nn.Conv2d(channels, out, 3, padding=1), Blur(out)]
        case "nearest":
            return [nn.Upsample(scale_factor=2), nn.Conv2d(channels, out, 3, padding=1)]


class Downsample(nn.Module):
    """Half as many pixels each way: four become channels, then a convolution.

    Args:
        channels: Of what comes in.
        out: Of what goes out.
    """

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(4 * channels, out, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, out, H / 2, W / 2) for (B, channels, H, W)."""
        return self.layers(x)
