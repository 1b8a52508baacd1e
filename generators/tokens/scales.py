"""The transformer over maps of tokens of growing size: each map at once, from all coarser ones."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from forensics.generators.codec.bottlenecks.scales import checked_sides, enlarged, reduced
from forensics.generators.parts.embeddings import class_values
from forensics.generators.parts.patches import positions
from forensics.generators.parts.transformer import TransformerBlock

__all__ = ["ScaleConfig", "ScaleTransformer", "carried"]


@dataclass(frozen=True)
class ScaleConfig:
    """How large a transformer over maps of tokens is.

    Attributes:
        tokens: How many different ones.
        sides: Of the maps, in tokens: each a divisor of the last.
        width: Values for each token, a multiple of 4 and of `heads`.
        depth: Blocks.
        heads: Of each attention.
        labels: Classes; none if 0.
        dropout: Share of features left out in training.
    """

    tokens: int = 512
    sides: tuple[int, ...] = (1, 2, 4, 8)
    width: int = 192
    depth: int = 8
    heads: int = 6
    labels: int = 0
    dropout: float = 0.0

    def __post_init__(self) -> None:
        """Check the sides.

        Raises:
            UsageError: They do not grow, or do not divide the last.
        """
        checked_sides(self.sides)

    @property
    def places(self) -> int:
        """How many tokens a picture has."""
        return sum(side * side for side in self.sides)


# Tian et al. 2024 (VAR), arXiv:2404.02905, section 3.2, eq. 6. Vectors of tokens are learned here, not
# those of the codec, and the class is added to every place, where VAR modulates norms.
class ScaleTransformer(nn.Module):
    """Logits of the token at each place of all maps.

    Args:
        config: How large it is.
    """

    scale: Tensor
    place: Tensor
    carry: Tensor
    sees: Tensor

    def __init__(self, config: ScaleConfig) -> None:
        super().__init__()
        self.config, width = config, config.width
        self.embed = nn.Embedding(config.tokens, width)
        self.first = nn.Linear(config.labels, width) if config.labels else None
        self.begin = nn.Parameter(0.02 * torch.randn(width))
        self.level = nn.Parameter(0.02 * torch.randn(len(config.sides), width))
        scale = torch.cat([torch.full((side * side,), k) for k, side in enumerate(config.sides)])
        places = [positions(side, side, width) for side in config.sides]
        self.register_buffer("scale", scale, persistent=False)
        self.register_buffer("place", torch.cat(places), persistent=False)
        self.register_buffer("carry", carried(config.sides), persistent=False)
        self.register_buffer("sees", scale[:, None] >= scale, persistent=False)
        self.blocks = nn.ModuleList(
            TransformerBlock(width, config.heads, dropout=config.dropout, identity=False)
            for _ in range(config.depth)
        )
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, config.tokens)

    def forward(self, tokens: Tensor, label: Tensor | None = None) -> Tensor:
        """Return (B, N, tokens) logits.

        Args:
            tokens: (B, N) tokens map by map, each row by row. Those of a map and of finer ones do not count
                for it: they may be -1.
            label: (B,) classes, -1 for any.

        Raises:
            UsageError: The model knows no classes.
        """
        x = self.carry @ self.embed(tokens.clamp(min=0))
        x = (
            x
            + self.begin
            + self.level[self.scale]
            + self.place
            + class_values(self.first, tokens, label, self.begin)
        )
        for block in self.blocks:
            x = block(x, causal=self.sees)
        return self.head(self.norm(x))


@torch.no_grad()
def carried(sides: tuple[int, ...]) -> Tensor:
    """Return what each place of a map is given of all coarser maps: their sum, at the size of that map.

    Args:
        sides: Of the maps.

    Returns:
        (N, N): rows are places of what is given, columns those of what is given on.
    """
    parts = [side * side for side in sides]
    found = torch.zeros(sum(parts), sum(parts))
    rows = found.split(parts)
    for coarse, side in enumerate(sides):
        ones = torch.eye(side * side).reshape(-1, 1, side, side)
        large = enlarged(ones, sides[-1] // side)
        for fine in range(coarse + 1, len(sides)):
            given = reduced(large, sides[-1] // sides[fine]).flatten(1)
            rows[fine].split(parts, dim=1)[coarse].copy_(given.T)
    return found
