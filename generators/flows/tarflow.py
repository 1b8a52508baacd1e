"""The transformer flow: patches changed one after the other by what those before them say."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from forensics.errors import UsageError
from forensics.generators.flows.layers import Flowed
from forensics.generators.parts.embeddings import one_hot
from forensics.generators.parts.patches import patchify, positions, unpatchify
from forensics.generators.parts.residual import zeroed
from forensics.generators.parts.transformer import TransformerBlock

__all__ = ["AutoregressiveLayer", "TarFlow", "TarFlowConfig", "denoised"]


@dataclass(frozen=True)
class TarFlowConfig:
    """How large a transformer flow is.

    Attributes:
        side: Of the pictures or latents.
        channels: Of them.
        patch: Pixels of a patch each way.
        layers: Autoregressive layers; each second one runs backwards.
        depth: Transformer blocks of each.
        width: Values for each patch, a multiple of 4 and of `heads`.
        heads: Of each attention.
        labels: Classes; none if 0.
    """

    side: int = 64
    channels: int = 3
    patch: int = 4
    layers: int = 4
    depth: int = 4
    width: int = 192
    heads: int = 6
    labels: int = 0

    @property
    def rows(self) -> int:
        """Patches each way."""
        return self.side // self.patch


# Zhai et al. 2024 (TarFlow), arXiv:2412.06329, eqs. 4 to 6, after MAF (Papamakarios et al. 2017).
class AutoregressiveLayer(nn.Module):
    """Each patch is shifted and scaled by what those before it say; it starts as nothing.

    Args:
        config: Of the flow.
        backwards: The last patch comes first.
    """

    place: Tensor

    def __init__(self, config: TarFlowConfig, *, backwards: bool) -> None:
        super().__init__()
        values = config.channels * config.patch**2
        self.backwards = backwards
        self.embed = nn.Linear(values, config.width)
        self.first = nn.Linear(config.labels, config.width, bias=False) if config.labels else None
        self.register_buffer("place", positions(config.rows, config.rows, config.width), persistent=False)
        self.blocks = nn.ModuleList(
            TransformerBlock(config.width, config.heads, identity=False) for _ in range(config.depth)
        )
        self.norm = nn.LayerNorm(config.width)
        self.head = zeroed(nn.Linear(config.width, 2 * values))

    def forward(self, x: Tensor, label: Tensor | None = None) -> Flowed:
        """Return (B, N, values) for the same."""
        x = x.flip(1) if self.backwards else x
        shift, log_scale = self.said(x, label)
        z = (x - shift) * (-log_scale).exp()
        return Flowed(z.flip(1) if self.backwards else z, -log_scale.flatten(1).sum(1))

    def inverse(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        """Return (B, N, values) for the same, patch by patch."""
        z = z.flip(1) if self.backwards else z
        x = z[:, :1]
        for place in range(1, z.shape[1]):
            shift, log_scale = self.said(torch.cat([x, z[:, place : place + 1]], dim=1), label)
            following = z[:, place : place + 1] * log_scale[:, place:].exp() + shift[:, place:]
            x = torch.cat([x, following], dim=1)
        return x.flip(1) if self.backwards else x

    def said(self, x: Tensor, label: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return shift and logarithm of the scale of each patch; the first one stays as it is.

        Raises:
            UsageError: The flow knows no classes.
        """
        place = (self.place.flip(0) if self.backwards else self.place)[: x.shape[1]]
        deep = self.embed(x) + place
        if self.first is None and label is not None:
            raise UsageError("this flow was not trained with classes", actual="a label")
        if self.first is not None and label is not None:
            deep = deep + self.first(one_hot(label, self.first.in_features).to(deep))[:, None]
        for block in self.blocks:
            deep = block(deep, causal=True)
        shift, log_scale = self.head(self.norm(deep))[:, :-1].chunk(2, dim=2)
        first = torch.zeros_like(x[:, :1])
        return torch.cat([first, shift], dim=1), torch.cat([first, log_scale], dim=1)


class TarFlow(nn.Module):
    """Pictures to standard normal noise of the same shape, and back.

    Args:
        config: How large it is.
    """

    def __init__(self, config: TarFlowConfig) -> None:
        super().__init__()
        self.config = config
        self.layers = nn.ModuleList(
            AutoregressiveLayer(config, backwards=number % 2 == 1) for number in range(config.layers)
        )

    def forward(self, x: Tensor, label: Tensor | None = None) -> Flowed:
        """Return (B, C, S, S) noise for pictures, and the log-determinant."""
        z, log_det = patchify(x, self.config.patch), x.new_zeros(x.shape[0])
        for layer in self.layers:
            z, more = layer(z, label)
            log_det = log_det + more
        return Flowed(unpatchify(z, self.config.patch, self.config.rows, self.config.rows), log_det)

    def inverse(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        """Return (B, C, S, S) pictures for noise."""
        x = patchify(z, self.config.patch)
        for layer in reversed(self.layers):
            x = layer.inverse(x, label)
        return unpatchify(x, self.config.patch, self.config.rows, self.config.rows)

    def log_prob(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """Return (B,) log densities of pictures, in nats."""
        z, log_det = self(x, label)
        return torch.distributions.Normal(0.0, 1.0).log_prob(z).flatten(1).sum(1) + log_det


# Zhai et al. 2024, eq. 8, by Tweedie's formula: pictures were trained on with a little noise.
def denoised(flow: TarFlow, x: Tensor, deviation: float, label: Tensor | None = None) -> Tensor:
    """Return pictures without the noise that a flow was trained with.

    Args:
        flow: The flow.
        x: What it draws.
        deviation: Of the noise.
        label: (B,) classes, -1 for any.
    """
    with torch.enable_grad():
        noisy = x.detach().requires_grad_()
        (slope,) = torch.autograd.grad(flow.log_prob(noisy, label).sum(), noisy)
    return x + deviation**2 * slope
