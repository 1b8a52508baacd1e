"""Generators: of the class of DCGAN, and with styles; beside them the critics."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from forensics.errors import UsageError
from forensics.generators.gan.config import FIRST, GanConfig
from forensics.generators.gan.critics import Critic, Judgement, TransformerCritic, critic_of
from forensics.generators.gan.norms import REFERENCE, norm_of
from forensics.generators.gan.styles import StyledConvolution, StyleMapping
from forensics.generators.parts.embeddings import one_hot
from forensics.generators.parts.resampling import Upsample

__all__ = [
    "Critic",
    "GanConfig",
    "Generator",
    "Judgement",
    "StyleGenerator",
    "TransformerCritic",
    "critic_of",
    "generator_of",
    "mixed_styles",
    "with_label",
]

_FOLLOW = 0.005  # of the way to the mean style of a batch


# Radford et al. 2015 (DCGAN), arXiv:1511.06434, figure 1, with any upsampling.
class Generator(nn.Module):
    """Noise to 4 x 4 features, doubled until they are a picture.

    Args:
        config: How large it is.
    """

    def __init__(self, config: GanConfig) -> None:
        super().__init__()
        self.config = config
        side, features = FIRST, config.features(FIRST)
        self.first = nn.Linear(config.latent + config.labels, features * side * side)
        layers: list[nn.Module] = [norm_of(config.norm, features), nn.ReLU()]
        for _ in range(config.doublings):
            side, before = 2 * side, features
            features = config.features(side)
            layers += [Upsample(before, features, config.upsample), norm_of(config.norm, features), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Conv2d(features, config.channels, 3, padding=1), nn.Tanh())
        self.reference: Tensor | None
        self.register_buffer("reference", self._reference() if config.norm == "virtual" else None)

    def forward(self, noise: Tensor, label: Tensor | None = None) -> Tensor:
        """Return (B, C, S, S) pictures from -1 to 1.

        Args:
            noise: (B, latent) standard normal.
            label: (B,) classes; -1 for none, of which no run trains pictures.
        """
        wanted = with_label(noise, label, self.config.labels)
        if self.reference is None:
            return self._made(wanted)
        return self._made(torch.cat([self.reference.to(wanted), wanted]))[REFERENCE:]

    def _made(self, wanted: Tensor) -> Tensor:
        return self.layers(self.first(wanted).unflatten(1, (-1, FIRST, FIRST)))

    def _reference(self) -> Tensor:
        """Return noise, and classes in turn, of the pictures that all others are normalised with."""
        noise = torch.randn(REFERENCE, self.config.latent)
        label = torch.arange(REFERENCE) % max(1, self.config.labels)
        return with_label(noise, label if self.config.labels else None, self.config.labels)


# Karras et al. 2018 (StyleGAN), arXiv:1812.04948, with the convolutions of StyleGAN2, arXiv:1912.04958.
class StyleGenerator(nn.Module):
    """A constant, doubled and styled until it is a picture.

    Args:
        config: How large it is.
    """

    def __init__(self, config: GanConfig) -> None:
        super().__init__()
        self.config = config
        side, features = FIRST, config.features(FIRST)
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
        self.mean: Tensor
        self.register_buffer("mean", torch.zeros(style))

    def forward(self, noise: Tensor, label: Tensor | None = None) -> Tensor:
        """Return (B, C, S, S) pictures, mostly from -1 to 1.

        Args:
            noise: (B, `config.noise`) standard normal: what the style is made of, then that of each layer.
            label: (B,) classes; -1 for none, of which no run trains pictures.
        """
        latent, grain = noise.split([self.config.latent, self.config.noise - self.config.latent], dim=1)
        return self.synthesise(self.styles(latent, label), grain)

    # The space W of Karras et al. 2018, section 4; one style for each layer (W+) as in Abdal et al. 2019,
    # arXiv:1904.03189, section 3.2.
    def styles(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        """Return (B, layers, style) styles for (B, latent) noise: the same for every layer.

        In training their mean is followed.
        """
        style = self.mapping(with_label(latent, label, self.config.labels))
        if self.training:
            self.mean.lerp_(style.detach().mean(0).to(self.mean), _FOLLOW)
        return style[:, None].expand(-1, len(self.styled), -1)

    def synthesise(self, styles: Tensor, grain: Tensor) -> Tensor:
        """Return pictures for the styles of all layers, and the noise of all of them, (B, pixels)."""
        sides = self.config.sides
        planes = grain.split([side * side for side in sides], dim=1)
        x = self.constant.expand(styles.shape[0], -1, -1, -1)
        for number, (styled, plane, side) in enumerate(zip(self.styled, planes, sides, strict=True)):
            x = self.larger[number - 1](x) if number else x
            x = styled(x, styles[:, number], plane.reshape(-1, 1, side, side))
        return self.head(x)


# Karras et al. 2018, arXiv:1812.04948, section 3.1.
def mixed_styles(first: Tensor, second: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Return styles that are those of others from some layer on.

    Args:
        first: (B, layers, style).
        second: The same shape.
        share: Of the pictures that are mixed, on average.
        generator: Draws which, and from which layer on.
    """
    count, layers = first.shape[:2]
    at = torch.randint(1, layers, (count,), generator=generator, device=first.device)
    whole = torch.rand(count, generator=generator, device=first.device) >= share
    kept = torch.arange(layers, device=first.device) < torch.where(whole, layers, at)[:, None]
    return torch.where(kept[:, :, None], first, second)


def generator_of(config: GanConfig) -> Generator | StyleGenerator:
    """Return the generator of a kind."""
    return StyleGenerator(config) if config.kind == "style" else Generator(config)


def with_label(noise: Tensor, label: Tensor | None, labels: int) -> Tensor:
    """Return noise with (B,) classes behind it, none for -1 or None.

    Raises:
        UsageError: There is a label, but there are no classes.
    """
    if not labels:
        if label is not None:
            raise UsageError("this model was not trained with classes", actual="a label")
        return noise
    any_class = torch.full((noise.shape[0],), -1, dtype=torch.long, device=noise.device)
    return torch.cat([noise, one_hot(any_class if label is None else label, labels).to(noise)], dim=1)
