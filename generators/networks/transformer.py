"""The transformer that denoises pictures or latents of any size: the backbone of diffusion and flow."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from forensics.generators.parts.embeddings import Condition
from forensics.generators.parts.patches import patchify, positions, unpatchify
from forensics.generators.parts.residual import zeroed
from forensics.generators.parts.transformer import Modulation, TransformerBlock, modulated

__all__ = ["DenoisingTransformer", "TransformerConfig"]


@dataclass(frozen=True)
class TransformerConfig:
    """How large a transformer is.

    Attributes:
        channels: Of pictures, 3, or of latents.
        patch: Pixels of a patch each way.
        width: Values for each patch, a multiple of 4 and of `heads`.
        depth: Blocks.
        heads: Of each attention.
        labels: Classes; none if 0.
        context: Values of each token of text that is attended to; none if 0.
        dropout: Share of features left out in training.
        outputs: Channels of what comes out; those of what goes in if 0.
        moments: Parts of the time for which vectors are learned; sines and cosines tell it if 0.
    """

    channels: int = 3
    patch: int = 4
    width: int = 192
    depth: int = 8
    heads: int = 6
    labels: int = 0
    context: int = 0
    dropout: float = 0.0
    outputs: int = 0
    moments: int = 0


# Peebles & Xie 2022 (DiT), arXiv:2212.09748; on pixels, Li & He 2025 (JiT), arXiv:2511.13720.
class DenoisingTransformer(nn.Module):
    """Patches, blocks that know the time and the condition, patches: from z to what is predicted of it.

    Args:
        config: How large it is.
    """

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.config = config
        values, width = config.channels * config.patch**2, config.width
        self.embed = nn.Linear(values, width)
        self.condition = Condition(width, config.labels, config.moments)
        self.modulation = Modulation(width)
        self.blocks = nn.ModuleList(
            TransformerBlock(width, config.heads, context=config.context or None, dropout=config.dropout)
            for _ in range(config.depth)
        )
        self.norm = nn.LayerNorm(width, elementwise_affine=False, eps=1e-6)
        self.shape = zeroed(nn.Linear(width, 2 * width))
        self.head = zeroed(nn.Linear(width, (config.outputs or config.channels) * config.patch**2))

    def forward(
        self,
        z: Tensor,
        t: Tensor,
        label: Tensor | None = None,
        context: Tensor | None = None,
        control: Tensor | None = None,
    ) -> Tensor:
        """Return what is predicted, of the shape of z, but for its channels.

        Args:
            z: (B, C, H, W), multiples of the patch.
            t: (B,) times in [0, 1].
            label: (B,) classes, -1 for any.
            context: (B, M, context) tokens of text.
            control: (B, N, width) added to the patches before the first block.
        """
        condition = self.condition(t, label)
        modulation = self.modulation(condition)
        x = self.begin(z, control)
        for block in self.blocks:
            x = block(x, modulation, context)
        return self.end(x, condition, z.shape)

    def begin(self, z: Tensor, control: Tensor | None = None) -> Tensor:
        """Return the (B, N, width) patches of (B, C, H, W), with their places."""
        side = self.config.patch
        rows, columns = z.shape[2] // side, z.shape[3] // side
        x = self.embed(patchify(z, side)) + positions(rows, columns, self.config.width).to(z)
        return x if control is None else x + control

    def end(self, x: Tensor, condition: Tensor, shape: torch.Size) -> Tensor:
        """Return what is predicted for pictures of some shape."""
        side = self.config.patch
        shift, scale = self.shape(F.silu(condition))[:, None].chunk(2, dim=2)
        found = self.head(modulated(self.norm(x), shift, scale))
        return unpatchify(found, side, shape[2] // side, shape[3] // side)
