"""Generators and discriminators: of the class of DCGAN, with residual blocks, and with styles."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from forensics.errors import UsageError
from forensics.generators.gan.styles import StyledConvolution, StyleMapping
from forensics.generators.parts.embeddings import one_hot
from forensics.generators.parts.resampling import Upsample, Upsampling

__all__ = ["Critic", "GanConfig", "Generator", "StyleGenerator", "generator_of"]

_FIRST = 4  # pixels a side with which a generator begins
_SLOPE = 0.2


@dataclass(frozen=True)
class GanConfig:
    """How large a pair of networks is.

    Attributes:
        side: Of the pictures; a power of two, 8 at least.
        channels: Of the pictures.
        latent: Values of the noise that a picture, or its style, is made of.
        width: Features at full size; each halving doubles them, up to eight times.
        labels: Classes; none if 0.
        upsample: How sides are doubled.
        kind: `plain`: convolutions one after the other; `style`: features are modulated by a style.
        normalised: The discriminator's layers have spectral norm one.
    """

    side: int = 64
    channels: int = 3
    latent: int = 64
    width: int = 32
    labels: int = 0
    upsample: Upsampling = "nearest"
    kind: Literal["plain", "style"] = "plain"
    normalised: bool = False

    @property
    def doublings(self) -> int:
        """How often the first 4 x 4 features are doubled."""
        return int(math.log2(self.side // _FIRST))

    @property
    def sides(self) -> tuple[int, ...]:
        """Sides of the features, from the first to those of the picture."""
        return tuple(_FIRST << number for number in range(self.doublings + 1))

    @property
    def noise(self) -> int:
        """Values of noise that a picture takes: with styles every layer has some for each pixel."""
        grain = sum(side * side for side in self.sides) if self.kind == "style" else 0
        return self.latent + grain

    def features(self, side: int) -> int:
        """Return the features at some side."""
        return self.width * min(8, self.side // side)

    def __post_init__(self) -> None:
        """Check the side.

        Raises:
            UsageError: It is no power of two from 8 on.
        """
        if self.side < 2 * _FIRST or self.side & (self.side - 1):
            raise UsageError(
                f"these networks make pictures whose side is a power of two, not {self.side}",
                expected="8, 16, 32 ...",
                actual=self.side,
            )


# Radford et al. 2015 (DCGAN), arXiv:1511.06434, figure 1, with any upsampling.
class Generator(nn.Module):
    """Noise to 4 x 4 features, doubled until they are a picture.

    Args:
        config: How large it is.
    """

    def __init__(self, config: GanConfig) -> None:
        super().__init__()
        self.config = config
        side, features = _FIRST, config.features(_FIRST)
        self.first = nn.Linear(config.latent + config.labels, features * side * side)
        layers: list[nn.Module] = [nn.BatchNorm2d(features), nn.ReLU()]
        for _ in range(config.doublings):
            side, before = 2 * side, features
            features = config.features(side)
            layers += [Upsample(before, features, config.upsample), nn.BatchNorm2d(features), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Conv2d(features, config.channels, 3, padding=1), nn.Tanh())

    def forward(self, noise: Tensor, label: Tensor | None = None) -> Tensor:
        """Return (B, C, S, S) pictures from -1 to 1.

        Args:
            noise: (B, latent) standard normal.
            label: (B,) classes, -1 for any.
        """
        begun = self.first(_with_label(noise, label, self.config.labels))
        return self.layers(begun.unflatten(1, (-1, _FIRST, _FIRST)))


# Karras et al. 2018 (StyleGAN), arXiv:1812.04948, with the convolutions of StyleGAN2, arXiv:1912.04958.
class StyleGenerator(nn.Module):
    """A constant, doubled and styled until it is a picture.

    Args:
        config: How large it is.
    """

    def __init__(self, config: GanConfig) -> None:
        super().__init__()
        self.config = config
        side, features = _FIRST, config.features(_FIRST)
        style = 2 * config.latent
        self.mapping = StyleMapping(config.latent + config.labels, style)
        self.constant = nn.Parameter(torch.randn(1, features, side, side))
        self.larger, self.styled = nn.ModuleList(), nn.ModuleList([StyledConvolution(features, style)])
        for _ in range(config.doublings):
            side, before = 2 * side, features
            features = config.features(side)
            self.larger.append(Upsample(before, features, config.upsample))
            self.styled.append(StyledConvolution(features, style))
        self.head = nn.Conv2d(features, config.channels, 1)

    def forward(self, noise: Tensor, label: Tensor | None = None) -> Tensor:
        """Return (B, C, S, S) pictures, mostly from -1 to 1.

        Args:
            noise: (B, `config.noise`) standard normal: what the style is made of, then that of each layer.
            label: (B,) classes, -1 for any.
        """
        latent, *grains = noise.split([self.config.latent, *(n * n for n in self.config.sides)], dim=1)
        planes = [g.reshape(-1, 1, n, n) for g, n in zip(grains, self.config.sides, strict=True)]
        style = self.mapping(_with_label(latent, label, self.config.labels))
        x = self.styled[0](self.constant.expand(noise.shape[0], -1, -1, -1), style, planes[0])
        for larger, styled, plane in zip(self.larger, self.styled[1:], planes[1:], strict=True):
            x = styled(larger(x), style, plane)
        return self.head(x)


class Critic(nn.Module):
    """Pictures to a logit each: halved until 4 x 4 features are left.

    Args:
        config: How large it is.
    """

    def __init__(self, config: GanConfig) -> None:
        super().__init__()
        self.config = config
        norm = spectral_norm if config.normalised else nn.Identity()
        side, features = config.side, config.features(config.side)
        layers: list[nn.Module] = [norm(nn.Conv2d(config.channels, features, 3, padding=1))]
        for _ in range(config.doublings):
            side, before = side // 2, features
            features = config.features(side)
            layers += [nn.LeakyReLU(_SLOPE), norm(nn.Conv2d(before, features, 4, stride=2, padding=1))]
        self.layers = nn.Sequential(*layers, nn.LeakyReLU(_SLOPE), nn.Flatten())
        values = features * _FIRST * _FIRST
        self.head = norm(nn.Linear(values, 1))
        self.of_label = nn.Embedding(config.labels, values) if config.labels else None

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """Return (B,) logits for (B, C, S, S) pictures from -1 to 1.

        Args:
            x: Pictures.
            label: (B,) classes: whether it is one of them counts too (projection, Miyato & Koyama 2018,
                arXiv:1802.05637, eq. 3); -1 for any.
        """
        found = self.layers(x)
        logit: Tensor = self.head(found)[:, 0]
        if self.of_label is None or label is None:
            return logit
        fits = (self.of_label(label.clamp(min=0)) * found).sum(1) / math.sqrt(found.shape[1])
        return logit + torch.where(label < 0, 0.0, fits)


def generator_of(config: GanConfig) -> Generator | StyleGenerator:
    """Return the generator of a kind."""
    return StyleGenerator(config) if config.kind == "style" else Generator(config)


def _with_label(noise: Tensor, label: Tensor | None, labels: int) -> Tensor:
    if not labels:
        if label is not None:
            raise UsageError("this model was not trained with classes", actual="a label")
        return noise
    any_class = torch.full((noise.shape[0],), -1, dtype=torch.long, device=noise.device)
    return torch.cat([noise, one_hot(any_class if label is None else label, labels).to(noise)], dim=1)
