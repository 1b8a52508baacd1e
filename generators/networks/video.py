"""The transformer that denoises clips: that of pictures, with blocks in between that see other frames."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from forensics.errors import UsageError
from forensics.generators.networks.transformer import DenoisingTransformer
from forensics.generators.parts.embeddings import time_features
from forensics.generators.parts.transformer import Modulation, TransformerBlock

__all__ = ["DenoisingVideoTransformer"]


# Ho et al. 2022 (Video Diffusion Models), arXiv:2204.03458, section 3: attention over space, then over time.
# Survey "temporal inflation": it begins as the model of pictures, frame by frame.
class DenoisingVideoTransformer(nn.Module):
    """Space by the blocks of a model of pictures, time by blocks that start as nothing.

    Args:
        pictures: The model of pictures; its weights are taken in, and trained on.
    """

    def __init__(self, pictures: DenoisingTransformer) -> None:
        super().__init__()
        self.pictures = pictures
        width, heads = pictures.config.width, pictures.config.heads
        self.modulation = Modulation(width)
        self.temporal = nn.ModuleList(TransformerBlock(width, heads) for _ in pictures.blocks)

    def forward(
        self, z: Tensor, t: Tensor, label: Tensor | None = None, known: Tensor | None = None
    ) -> Tensor:
        """Return what is predicted, of the shape of z.

        Args:
            z: (B, T, C, H, W) clips.
            t: (B,) times in [0, 1].
            label: (B,) classes, -1 for any.
            known: (B, T) which frames are given without noise: those are at time 1, whatever t says, and so
                clips can be gone on with from their last frames.

        Raises:
            UsageError: That are no clips.
        """
        if z.ndim != 5:
            raise UsageError("clips have five axes", expected="(B, T, C, H, W)", actual=tuple(z.shape))
        batch, frames = z.shape[:2]
        times = t[:, None].expand(batch, frames)
        if known is not None:
            times = torch.where(known, torch.ones_like(times), times)
        labels = None if label is None else label.repeat_interleave(frames)
        condition = self.pictures.condition(times.reshape(-1), labels)
        modulation = self.pictures.modulation(condition)
        over_time = self.modulation(self.pictures.condition(t, label))
        flat = z.reshape(-1, *z.shape[2:])
        x = self.pictures.begin(flat)
        when = time_features(torch.arange(frames, device=z.device) / 1000.0, x.shape[2]).to(x)
        for block, temporal in zip(self.pictures.blocks, self.temporal, strict=True):
            x = _seen_over_time(temporal, block(x, modulation), when, over_time, frames)
        return self.pictures.end(x, condition, flat.shape).reshape(-1, *z.shape[1:])


def _seen_over_time(
    block: TransformerBlock, x: Tensor, when: Tensor, modulation: Tensor, frames: int
) -> Tensor:
    """Let each place see itself in the other frames.

    Args:
        block: Over time.
        x: (B * T, N, width).
        when: (T, width) what tells the frames apart.
        modulation: (B, 6, width).
        frames: T.
    """
    places, width = x.shape[1:]
    rows = x.reshape(-1, frames, places, width).transpose(1, 2).reshape(-1, frames, width)
    everywhere = modulation[:, None].expand(-1, places, -1, -1).reshape(-1, *modulation.shape[1:])
    seen = block(rows + when, everywhere) - when
    return seen.reshape(-1, places, frames, width).transpose(1, 2).reshape(-1, places, width)
