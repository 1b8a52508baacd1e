"""The codec: an encoder, a bottleneck and a decoder, all convolutions, so that any size goes through."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from forensics.errors import UsageError
from forensics.generators.codec.bottlenecks import (
    Codebook,
    Gaussian,
    Latents,
    Product,
    Relaxed,
    Residual,
    Rounding,
    Scales,
    Signs,
)
from forensics.generators.codec.posteriors import FlowPosterior
from forensics.generators.parts.resampling import Downsample, Upsample, Upsampling
from forensics.generators.parts.residual import ResidualBlock
from forensics.generators.parts.transformer import TransformerBlock

__all__ = ["Codec", "CodecConfig", "detail_loss"]

Kind = Literal[
    "gaussian", "planar", "iaf", "rounding", "signs", "codebook", "product", "spherical", "residual",
    "relaxed", "scales",
]  # fmt: skip
_HEADS = 4


@dataclass(frozen=True)
class CodecConfig:
    """How large a codec is.

    Attributes:
        factor: Pixels of a latent each way; a power of two.
        latent: Channels of latents; of `rounding` that of its levels.
        width: Features behind the stem; each halving doubles them, up to four times.
        blocks: Residual blocks on each level, each way.
        bottleneck: What latents go through; `planar` and `iaf` are a Gaussian with flows behind it.
        amount: Nats' weight of `gaussian`, `planar` and `iaf`.
        levels: Of `rounding`.
        tokens: Of `codebook`, `relaxed`, `scales`, and of each codebook of the others.
        groups: Codebooks of `product`, `spherical` and `residual`: tokens of each place.
        sides: Of the maps of tokens of `scales`; latents have multiples of the last.
        entropy: What it costs that tokens of `codebook` are unsure, or few of them get all.
        upsample: How the decoder doubles sides.
        attention: Whether all places of the smallest features attend to each other.
        stem: Pixels each way that become channels before the first convolution, and come out of the last one
            again; a power of two, at most the factor. Full size costs most on CPUs.
    """

    factor: int = 4
    latent: int = 8
    width: int = 32
    blocks: int = 1
    bottleneck: Kind = "gaussian"
    amount: float = 1e-6
    levels: tuple[int, ...] = (8, 5, 5, 5)
    tokens: int = 512
    groups: int = 4
    sides: tuple[int, ...] = (1, 2, 4, 8)
    entropy: float = 0.0
    upsample: Upsampling = "nearest"
    attention: bool = False
    stem: int = 1

    def __post_init__(self) -> None:
        """Check the factor and the stem.

        Raises:
            UsageError: They are no powers of two, or the stem is larger.
        """
        if self.factor < 1 or self.factor & (self.factor - 1):
            raise UsageError(
                f"the factor of a codec is a power of two, not {self.factor}",
                expected="1, 2, 4 ...",
                actual=self.factor,
            )
        if self.stem not in (2**level for level in range(int(math.log2(self.factor)) + 1)):
            raise UsageError(
                f"a codec of factor {self.factor} has no stem of {self.stem} pixels",
                expected=f"1, 2, 4 ... {self.factor}",
                actual=self.stem,
            )

    @property
    def halvings(self) -> int:
        """How often sides are halved behind the stem."""
        return int(math.log2(self.factor // self.stem))

    def features(self, level: int) -> int:
        """Return the features on a level."""
        return self.width * min(4, 2**level)


# Rombach et al. 2021 (latent diffusion), arXiv:2112.10752, section 3.1; survey eq. 94.
class Codec(nn.Module):
    """Pictures to latents of unit size, and back.

    Args:
        config: How large it is.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, config: CodecConfig) -> None:
        super().__init__()
        self.config = config
        self.bottleneck = _bottleneck(config)
        widths = [config.features(level) for level in range(config.halvings + 1)]
        colours = 3 * config.stem**2
        down: list[nn.Module] = [
            nn.PixelUnshuffle(config.stem), nn.Conv2d(colours, widths[0], 3, padding=1)
        ]  # fmt: skip
        up: list[nn.Module] = [nn.Conv2d(self.bottleneck.channels, widths[-1], 3, padding=1)]
        for level, width in enumerate(widths):
            down += [Downsample(widths[level - 1], width)] if level else []
            down += [ResidualBlock(width) for _ in range(config.blocks)]
        if config.attention:
            down.append(_Attending(widths[-1]))
            up.append(_Attending(widths[-1]))
        for level in reversed(range(len(widths))):
            up += [ResidualBlock(widths[level]) for _ in range(config.blocks)]
            up += [Upsample(widths[level], widths[level - 1], config.upsample)] if level else []
        self.down = nn.Sequential(
            *down, nn.SiLU(), nn.Conv2d(widths[-1], self.bottleneck.needed, 3, padding=1)
        )
        out = [nn.Conv2d(widths[0], colours, 3, padding=1), nn.PixelShuffle(config.stem)]
        self.up = nn.Sequential(*up, nn.SiLU(), *out)
        self.register_buffer("mean", torch.zeros(1, self.bottleneck.channels, 1, 1))
        self.register_buffer("deviation", torch.ones(1, self.bottleneck.channels, 1, 1))

    def encode(self, x: Tensor) -> Tensor:
        """Return (B, C, H / f, W / f) latents of about unit size for (B, 3, H, W) pictures from 0 to 1.

        Raises:
            UsageError: The sides are no multiples of the factor.
        """
        return (self.latents(x).z - self.mean) / self.deviation

    def decode(self, z: Tensor) -> Tensor:
        """Return (B, 3, H, W) pictures, mostly from 0 to 1, for (B, C, H / f, W / f) latents of unit size."""
        return self.pictures(z * self.deviation + self.mean)

    def latents(self, x: Tensor, generator: torch.Generator | None = None) -> Latents:
        """Return latents as the bottleneck gives them; what is random is drawn if there is a generator."""
        if x.shape[2] % self.config.factor or x.shape[3] % self.config.factor:
            raise UsageError(
                f"pictures of {x.shape[3]}x{x.shape[2]} do not suit a codec of factor {self.config.factor}",
                expected=f"multiples of {self.config.factor}",
                actual=tuple(x.shape[2:]),
            )
        return cast("Latents", self.bottleneck(self.down(2.0 * x - 1.0), generator))

    def pictures(self, z: Tensor) -> Tensor:
        """Return pictures for latents as the bottleneck gives them."""
        return (self.up(z) + 1.0) / 2.0

    @torch.no_grad()
    def standardise(self, z: Tensor) -> None:
        """Keep mean and deviation of each channel of (B, C, h, w) latents: `encode` gives unit size then."""
        self.mean.copy_(z.mean(dim=(0, 2, 3), keepdim=True))
        self.deviation.copy_(z.std(dim=(0, 2, 3), keepdim=True).clamp(min=1e-6))


class _Attending(nn.Module):
    """Features of all places that attend to each other."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.block = TransformerBlock(width, _HEADS)

    def forward(self, x: Tensor) -> Tensor:
        places = self.block(x.flatten(2).transpose(1, 2))
        return places.transpose(1, 2).reshape(x.shape)


def _bottleneck(config: CodecConfig) -> Any:
    tokens, channels, groups = config.tokens, config.latent, config.groups
    found: Any
    match config.bottleneck:
        case "gaussian":
            found = Gaussian(channels, "beta", config.amount)
        case "planar" | "iaf":
            found = FlowPosterior(channels, config.bottleneck, config.amount)
        case "rounding":
            found = Rounding(config.levels)
        case "signs":
            found = Signs(channels)
        case "codebook":
            found = Codebook(tokens, channels, entropy=config.entropy)
        case "product" | "spherical":
            found = Product(groups, tokens, channels, spherical=config.bottleneck == "spherical")
        case "residual":
            found = Residual(groups, tokens, channels)
        case "relaxed":
            found = Relaxed(tokens, channels)
        case "scales":
            found = Scales(config.sides, tokens, channels)
    return found


# The residual of a Laplacian pyramid (Burt & Adelson 1983): what blur loses counts more than what it keeps.
def detail_loss(found: Tensor, wanted: Tensor, share: float = 2.0) -> Tensor:
    """Return the mean absolute and squared error, with details counted once more.

    Args:
        found: (B, 3, H, W).
        wanted: The same shape.
        share: How much details count beside the whole.
    """
    error = found - wanted
    detail = error - F.interpolate(F.avg_pool2d(error, 2), scale_factor=2.0)
    return error.abs().mean() + error.square().mean() + share * detail.abs().mean()
