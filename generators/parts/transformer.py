"""The transformer block: one for diffusion, flow, video, token models and normalizing flows."""

from __future__ import annotations

import math
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from forensics.generators.parts.rotary import rotated

__all__ = [
    "Attention",
    "GatedNetwork",
    "Modulation",
    "Norm",
    "RootMeanSquare",
    "TransformerBlock",
    "modulated",
]

Norm = Literal["layer", "root"]  # of mean and deviation, or of the root mean square

_MODULATED = 6  # shift, scale and gate of the attention, and of the layers after it


# Zhang & Sennrich 2019, arXiv:1910.07467, eq. 4; nn.RMSNorm cannot be written as ONNX of this version.
class RootMeanSquare(nn.Module):
    """Values divided by their root mean square, and scaled.

    Args:
        width: How many.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """Return (..., width) for the same."""
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6) * self.weight


class Attention(nn.Module):
    """Multi-head attention with queries and keys of unit size (Henry et al. 2020, arXiv:2010.04245).

    Args:
        width: Values for each place.
        heads: A divisor of it.
        context: Values for each place that is attended to, if that is another sequence.
    """

    def __init__(self, width: int, heads: int, context: int | None = None) -> None:
        super().__init__()
        self.heads = heads
        self.queries = nn.Linear(width, width, bias=False)
        self.keys_values = nn.Linear(context or width, 2 * width, bias=False)
        self.query_norm = RootMeanSquare(width // heads)
        self.key_norm = RootMeanSquare(width // heads)
        self.out = nn.Linear(width, width)

    def forward(
        self,
        x: Tensor,
        context: Tensor | None = None,
        causal: bool | Tensor = False,
        angles: Tensor | None = None,
    ) -> Tensor:
        """Return (B, N, width) for (B, N, width).

        Args:
            x: The places that ask.
            context: (B, M, context) the places that are asked; the same if None.
            causal: Each place sees itself and those before it only; or (N, N), whether one sees another.
            angles: (N, width / heads / 2) by which queries and keys are turned, as in `rotary`; not if None.
        """
        keys, values = self._heads(self.keys_values(x if context is None else context), 2)
        (queries,) = self._heads(self.queries(x), 1)
        queries, keys = self.query_norm(queries), self.key_norm(keys)
        if angles is not None:
            queries, keys = rotated(queries, angles), rotated(keys, angles)
        mask = causal if isinstance(causal, Tensor) else None
        found = F.scaled_dot_product_attention(queries, keys, values, mask, is_causal=causal is True)
        return self.out(found.transpose(1, 2).reshape(x.shape))

    def _heads(self, values: Tensor, parts: int) -> tuple[Tensor, ...]:
        batch, places, width = values.shape
        split = values.reshape(batch, places, parts, self.heads, width // parts // self.heads)
        return split.permute(2, 0, 3, 1, 4).unbind(0)


# Peebles & Xie 2022 (DiT), arXiv:2212.09748, section 3.2, one projection for all blocks as in PixArt (Chen
# et al. 2023, arXiv:2310.00426, section 2.3).
class Modulation(nn.Module):
    """From what a picture is conditioned on to how all blocks are modulated; it starts at zero.

    Args:
        width: Values of the condition and of each place.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.project = nn.Linear(width, _MODULATED * width)
        nn.init.zeros_(self.project.weight)
        nn.init.zeros_(self.project.bias)

    def forward(self, condition: Tensor) -> Tensor:
        """Return (B, 6, width) for (B, width)."""
        return self.project(F.silu(condition)).unflatten(1, (_MODULATED, -1))


# Shazeer 2020, arXiv:2002.05202, eq. 6 (SwiGLU), with two thirds of the width of its section 2.
class GatedNetwork(nn.Module):
    """A network of two layers whose hidden values are multiplied by gates.

    Args:
        width: Values that go in and come out.
        dropout: Share of the hidden values that are left out in training.
    """

    def __init__(self, width: int, dropout: float = 0.0) -> None:
        super().__init__()
        hidden = 8 * math.ceil(width / 3)  # three matrices with as many weights as two of 4 * width
        self.gate = nn.Linear(width, hidden, bias=False)
        self.up = nn.Linear(width, hidden, bias=False)
        self.dropout = nn.Dropout(dropout)
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return (..., width) for the same."""
        return self.down(self.dropout(F.silu(self.gate(x)) * self.up(x)))


class TransformerBlock(nn.Module):
    """Attention, then a network at each place, both beside a way past them.

    Args:
        width: Values for each place.
        heads: Of the attention.
        context: Values for each place of another sequence that is attended to between the two; none if None.
        dropout: Share of the network's values that are left out in training.
        identity: It starts as nothing but the way past (adaLN-zero); else it starts as usual.
        norm: Of what goes into both.
        gated: The network has gates (SwiGLU) instead of GELU.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        *,
        context: int | None = None,
        dropout: float = 0.0,
        identity: bool = True,
        norm: Norm = "layer",
        gated: bool = False,
    ) -> None:
        super().__init__()
        self.first_norm = _normed(norm, width)
        self.attention = Attention(width, heads)
        self.second_norm = _normed(norm, width)
        self.network = GatedNetwork(width, dropout) if gated else _plain(width, dropout)
        start = torch.zeros(_MODULATED, width)
        if not identity:
            start[2] = start[5] = 1.0
        self.modulation = nn.Parameter(start)
        self.cross = None if context is None else Attention(width, heads, context)
        if self.cross is not None:
            nn.init.zeros_(self.cross.out.weight)
            nn.init.zeros_(self.cross.out.bias)

    def forward(
        self,
        x: Tensor,
        modulation: Tensor | None = None,
        context: Tensor | None = None,
        causal: bool | Tensor = False,
        angles: Tensor | None = None,
    ) -> Tensor:
        """Return (B, N, width) for (B, N, width).

        Args:
            x: The sequence.
            modulation: (B, 6, width) from `Modulation`.
            context: (B, M, context) what is attended to beside it.
            causal: Each place sees itself and those before it only; or (N, N), whether one sees another.
            angles: (N, width / heads / 2) by which the attention of the sequence to itself turns its values.
        """
        by = self.modulation[None] if modulation is None else self.modulation + modulation
        shift, scale, gate, shift_after, scale_after, gate_after = by[:, :, None].unbind(1)
        normal = modulated(self.first_norm(x), shift, scale)
        x = x + gate * self.attention(normal, causal=causal, angles=angles)
        if self.cross is not None and context is not None:
            x = x + self.cross(self.first_norm(x), context)
        return x + gate_after * self.network(modulated(self.second_norm(x), shift_after, scale_after))


def modulated(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """Return values scaled and shifted."""
    return x * (1.0 + scale) + shift


def _normed(norm: Norm, width: int) -> nn.Module:
    if norm == "root":
        return RootMeanSquare(width)
    return nn.LayerNorm(width, elementwise_affine=False, eps=1e-6)


def _plain(width: int, dropout: float) -> nn.Module:
    return nn.Sequential(
        nn.Linear(width, 4 * width), nn.GELU("tanh"), nn.Dropout(dropout), nn.Linear(4 * width, width)
    )
