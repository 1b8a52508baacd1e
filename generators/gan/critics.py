"""Discriminators: pictures to a logit each, and to what class they seem to be of."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.utils.parametrizations import spectral_norm

from forensics.generators.gan.config import FIRST, GanConfig
from forensics.generators.gan.crowds import crowd_of
from forensics.generators.parts.patches import patchify, positions
from forensics.generators.parts.transformer import TransformerBlock

__all__ = ["Critic", "Judgement", "TransformerCritic", "critic_of"]

_SLOPE = 0.2
_DEPTH, _HEADS = 3, 4


class Judgement(NamedTuple):
    """What a critic says of pictures.

    Attributes:
        logit: (B,) whether they are real.
        classes: (B, labels) logits of what they show; None if it does not say.
    """

    logit: Tensor
    classes: Tensor | None


class _Head(nn.Module):
    """Features to what is said of them."""

    def __init__(self, config: GanConfig, values: int) -> None:
        super().__init__()
        norm = spectral_norm if config.normalised else nn.Identity()
        named = config.labels > 0 and config.classes == "auxiliary"
        self.real = norm(nn.Linear(values, 1))
        self.of_label = norm(nn.Embedding(config.labels, values)) if config.labels and not named else None
        self.classes = norm(nn.Linear(values, config.labels)) if named else None
        self.size = 1.0 if config.normalised else math.sqrt(values)  # of a class's values, at first

    def forward(self, found: Tensor, label: Tensor | None) -> Judgement:
        logit: Tensor = self.real(found)[:, 0]
        if self.classes is not None:
            return Judgement(logit, self.classes(found))
        if self.of_label is None or label is None:
            return Judgement(logit, None)
        fits = (self.of_label(label.clamp(min=0)) * found).sum(1) / self.size
        return Judgement(logit + torch.where(label < 0, 0.0, fits), None)


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
        crowd, features = crowd_of(config.crowd, features, side)
        if config.normalised:
            _bring_to_one(crowd)
        self.layers = nn.Sequential(*layers, nn.LeakyReLU(_SLOPE), crowd, nn.Flatten())
        self.head = _Head(config, features * FIRST * FIRST)

    def judged(self, x: Tensor, label: Tensor | None = None) -> Judgement:
        """Return what is said of (B, C, S, S) pictures from -1 to 1.

        Args:
            x: Pictures.
            label: (B,) classes: whether it is one of them counts too (projection, Miyato & Koyama 2018,
                arXiv:1802.05637, eq. 3), if the critic does not name classes itself (AC-GAN, Odena et al.
                2016, arXiv:1610.09585, section 3); -1 for any.
        """
        return self.head(self.layers(x), label)

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """Return the (B,) logits of `judged`."""
        return self.judged(x, label).logit


# Jiang et al. 2021 (TransGAN), arXiv:2102.07074, section 3.3; the class token as in Dosovitskiy et al. 2020
# (ViT), arXiv:2010.11929, section 3.1.
class TransformerCritic(nn.Module):
    """Patches and a place of its own for what is said of them all; every place sees every other.

    Args:
        config: How large it is; a place has four times its width.
    """

    def __init__(self, config: GanConfig) -> None:
        super().__init__()
        self.config, width = config, 4 * config.width
        self.patch = FIRST
        self.embed = nn.Linear(config.channels * self.patch**2, width)
        self.whole = nn.Parameter(torch.randn(1, 1, width) / math.sqrt(width))
        self.blocks = nn.ModuleList(TransformerBlock(width, _HEADS, identity=False) for _ in range(_DEPTH))
        self.norm = nn.LayerNorm(width)
        self.crowd, values = crowd_of(config.crowd, width, 1)
        if config.normalised:
            _bring_to_one(self)
        self.head = _Head(config, values)

    def judged(self, x: Tensor, label: Tensor | None = None) -> Judgement:
        """Return what is said of (B, C, S, S) pictures from -1 to 1; the arguments are those of `Critic`."""
        rows, width = x.shape[2] // self.patch, self.whole.shape[2]
        places = self.embed(patchify(x, self.patch)) + positions(rows, rows, width).to(x)
        places = torch.cat([self.whole.to(places).expand(len(x), -1, -1), places], dim=1)
        with sdpa_kernel(SDPBackend.MATH):  # the others know no gradient of a gradient
            for block in self.blocks:
                places = block(places)
        found = self.crowd(self.norm(places[:, 0])[:, :, None, None])
        return self.head(found.flatten(1), label)

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """Return the (B,) logits of `judged`."""
        return self.judged(x, label).logit


def critic_of(config: GanConfig) -> Critic | TransformerCritic:
    """Return the critic of a kind."""
    return TransformerCritic(config) if config.critic == "transformer" else Critic(config)


def _bring_to_one(module: nn.Module) -> None:
    """Give every linear layer of a module spectral norm one."""
    for layer in [part for part in module.modules() if isinstance(part, nn.Linear)]:
        spectral_norm(layer)
