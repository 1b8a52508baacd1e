"""Layers along the time of clips, whose frames lie in the batch: each of them starts as nothing."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from forensics.errors import UsageError
from forensics.generators.parts.embeddings import time_features
from forensics.generators.parts.residual import zeroed
from forensics.generators.parts.transformer import RootMeanSquare, TransformerBlock

__all__ = ["TimeAttention", "TimeConvolution", "seen_over_time", "times_of_frames", "which_frame"]


# Ho et al. 2022 (Video Diffusion Models), arXiv:2204.03458, section 3: places are part of the batch.
def seen_over_time(
    block: TransformerBlock, x: Tensor, frames: int, modulation: Tensor | None = None
) -> Tensor:
    """Let each place see itself in the other frames; (B * T, N, width) again.

    Args:
        block: Over time.
        x: (B * T, N, width) features, of an even width.
        frames: T.
        modulation: (B, 6, width) of the block; none if None.
    """
    places, width = x.shape[1:]
    rows = x.reshape(-1, frames, places, width).transpose(1, 2).reshape(-1, frames, width)
    told = rows + which_frame(frames, width).to(rows)
    if modulation is not None:
        modulation = modulation[:, None].expand(-1, places, -1, -1).reshape(-1, *modulation.shape[1:])
    seen = rows + (block(told, modulation) - told)  # to the last bit what it was, if the block does nothing
    return seen.reshape(-1, places, frames, width).transpose(1, 2).reshape(-1, places, width)


def which_frame(frames: int, width: int) -> Tensor:
    """Return (T, width) values that tell the frames of a clip apart."""
    return time_features(torch.arange(frames) / 1000.0, width)


def times_of_frames(z: Tensor, t: Tensor, known: Tensor | None = None) -> Tensor:
    """Return (B * T,) times of all frames.

    Args:
        z: (B, T, C, H, W) clips.
        t: (B,) their times, in [0, 1].
        known: (B, T) which frames are given without noise: those are at time 1.

    Raises:
        UsageError: That are no clips.
    """
    if z.ndim != 5:
        raise UsageError("clips have five axes", expected="(B, T, C, H, W)", actual=tuple(z.shape))
    times = t[:, None].expand(*z.shape[:2])
    if known is not None:
        times = torch.where(known, torch.ones_like(times), times)
    return times.reshape(-1)


class TimeAttention(nn.Module):
    """Attention of each place of a feature map to itself in all frames.

    Args:
        channels: Of the features, an even number.
        heads: A divisor of it.
    """

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.block = TransformerBlock(channels, heads)

    def forward(self, x: Tensor, frames: int) -> Tensor:
        """Return (B * T, channels, H, W) for the same.

        Args:
            x: Features of frames.
            frames: T.
        """
        places = x.flatten(2).transpose(1, 2)
        return seen_over_time(self.block, places, frames).transpose(1, 2).reshape(x.shape)


# Singer et al. 2022 (Make-A-Video), arXiv:2209.14792, section 3.2.1, eq. 2: a convolution along time after
# those of space; here beside a way past it, so that the last layer may start at zero.
class TimeConvolution(nn.Module):
    """A convolution over each place in the frame before, its own and the next; nothing is beyond the ends.

    Args:
        channels: Of the features.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = RootMeanSquare(channels)
        self.convolution = zeroed(nn.Conv2d(channels, channels, (3, 1), padding=(1, 0)))

    def forward(self, x: Tensor, frames: int) -> Tensor:
        """Return (B * T, channels, H, W) for the same.

        Args:
            x: Features of frames.
            frames: T.
        """
        places = x.shape[2] * x.shape[3]
        clips = x.reshape(-1, frames, x.shape[1], places).transpose(1, 2)  # (B, channels, T, N)
        deep = F.silu(self.norm(clips.permute(0, 2, 3, 1)).permute(0, 3, 1, 2))
        return (clips + self.convolution(deep)).transpose(1, 2).reshape(x.shape)
