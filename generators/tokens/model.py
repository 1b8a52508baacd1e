"""The transformer over tokens: each from those before it, or all from those that are shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from forensics.generators.parts.embeddings import class_values
from forensics.generators.parts.patches import positions
from forensics.generators.parts.rotary import grid_angles, line_angles
from forensics.generators.parts.transformer import Norm, RootMeanSquare, TransformerBlock

__all__ = ["Places", "TokenConfig", "TokenTransformer", "causal_loss", "masked_loss", "shown_share"]

Places = Literal["added", "line", "grid"]


@dataclass(frozen=True)
class TokenConfig:
    """How large a transformer over tokens is.

    Attributes:
        tokens: How many different ones.
        rows: Of the grid of tokens.
        columns: Of the grid.
        causal: Each token from those before it; else all from those that are shown.
        width: Values for each token, a multiple of 4 and of `heads`.
        depth: Blocks.
        heads: Of each attention.
        labels: Classes; none if 0.
        dropout: Share of features left out in training.
        norm: Of what goes into each attention and network.
        gated: Networks have gates (SwiGLU).
        turned: How places are told: by values that are added, or by turning queries and keys (RoPE) along the
            sequence or along both sides of the grid. What is not causal has the values as well: else all
            places look alike while nothing is shown.
    """

    tokens: int = 1000
    rows: int = 16
    columns: int = 16
    causal: bool = True
    width: int = 192
    depth: int = 8
    heads: int = 6
    labels: int = 0
    dropout: float = 0.0
    norm: Norm = "layer"
    gated: bool = False
    turned: Places = "added"

    @property
    def places(self) -> int:
        """How many tokens a picture has."""
        return self.rows * self.columns


# Causal: van den Oord et al. 2016, arXiv:1601.06759, eq. 1, by a transformer as in iGPT (Chen et al. 2020).
# Masked: Chang et al. 2022 (MaskGIT), arXiv:2202.04200, section 3.1.
class TokenTransformer(nn.Module):
    """Logits of the token at each place.

    Args:
        config: How large it is.
    """

    place: Tensor
    angles: Tensor | None

    def __init__(self, config: TokenConfig) -> None:
        super().__init__()
        self.config = config
        self.embed = nn.Embedding(config.tokens + 1, config.width)  # the last stands for what is not shown
        self.first = nn.Linear(config.labels, config.width) if config.labels else None
        self.begin = nn.Parameter(0.02 * torch.randn(config.width))
        places = positions(config.rows, config.columns, config.width)
        self.register_buffer("place", places, persistent=False)
        self.register_buffer("angles", _angles(config), persistent=False)
        self.blocks = nn.ModuleList(
            TransformerBlock(
                config.width, config.heads, dropout=config.dropout, identity=False, norm=config.norm,
                gated=config.gated,
            )
            for _ in range(config.depth)
        )  # fmt: skip
        self.norm = RootMeanSquare(config.width) if config.norm == "root" else nn.LayerNorm(config.width)
        self.head = nn.Linear(config.width, config.tokens)

    def forward(self, tokens: Tensor, label: Tensor | None = None) -> Tensor:
        """Return (B, N, tokens) logits.

        Args:
            tokens: (B, N) tokens row by row; -1 for what is not shown. In a causal model those at a place and
                after it do not count for it, and N may be less than a picture has.
            label: (B,) classes, -1 for any.

        Raises:
            UsageError: The model knows no classes.
        """
        seen = self.embed(torch.where(tokens < 0, self.config.tokens, tokens))
        start = self.begin.expand(tokens.shape[0], 1, -1) + class_values(
            self.first, tokens, label, self.begin
        )
        if self.config.causal:
            x = torch.cat([start, seen[:, :-1]], dim=1)
        else:
            x = seen + start
        angles = None if self.angles is None else self.angles[: x.shape[1]]
        if angles is None or not self.config.causal:
            x = x + self.place[: x.shape[1]]
        for block in self.blocks:
            x = block(x, causal=self.config.causal, angles=angles)
        return self.head(self.norm(x))


def _angles(config: TokenConfig) -> Tensor | None:
    width = config.width // config.heads
    match config.turned:
        case "added":
            return None
        case "line":
            return line_angles(config.places, width)
        case "grid":
            return grid_angles(config.rows, config.columns, width)


def causal_loss(model: nn.Module, tokens: Tensor, label: Tensor | None = None) -> Tensor:
    """Return the mean negative log-likelihood of (B, N) tokens, in nats for each.

    Args:
        model: Its logits of each token come of those before it alone, or of coarser maps.
        tokens: (B, N).
        label: (B,) classes, -1 for any.
    """
    return F.cross_entropy(model(tokens, label).flatten(0, 1), tokens.flatten())


# Chang et al. 2022, section 3.1: the cosine of the share that is done.
def shown_share(done: Tensor | float) -> Tensor:
    """Return which share of the tokens is shown when some share of the work is done."""
    return 1.0 - torch.cos(torch.as_tensor(done) * torch.pi / 2)


def masked_loss(
    model: nn.Module, tokens: Tensor, generator: torch.Generator, label: Tensor | None = None
) -> Tensor:
    """Return the mean negative log-likelihood of tokens that are not shown, in nats for each.

    Args:
        model: One that is not causal.
        tokens: (B, N).
        generator: Draws how many are shown in each picture, and which.
        label: (B,) classes, -1 for any.
    """
    device = tokens.device
    share = shown_share(torch.rand(len(tokens), 1, generator=generator, device=device))
    order = torch.rand(tokens.shape, generator=generator, device=device)
    hidden = order >= share.clamp(max=1.0 - 1.0 / tokens.shape[1])
    hidden[:, 0] |= ~hidden.any(1)
    logits = model(torch.where(hidden, -1, tokens), label)
    return F.cross_entropy(logits[hidden], tokens[hidden])
