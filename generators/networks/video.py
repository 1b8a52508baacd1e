"""The networks that denoise clips: those of pictures, with layers in between that see other frames."""

from __future__ import annotations

from typing import TypeAlias

from torch import Tensor, nn

from forensics.generators.networks.transformer import DenoisingTransformer, TransformerConfig
from forensics.generators.networks.unet import DenoisingUNet, UNetConfig, descended
from forensics.generators.parts.clips import (
    TimeAttention,
    TimeConvolution,
    seen_over_time,
    times_of_frames,
)
from forensics.generators.parts.transformer import Modulation, TransformerBlock

__all__ = ["ClipDenoiser", "DenoisingVideoTransformer", "DenoisingVideoUNet", "clip_denoiser"]


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
        times, frames = times_of_frames(z, t, known), z.shape[1]
        labels = None if label is None else label.repeat_interleave(frames)
        condition = self.pictures.condition(times, labels)
        modulation = self.pictures.modulation(condition)
        over_time = self.modulation(self.pictures.condition(t, label))
        flat = z.reshape(-1, *z.shape[2:])
        x = self.pictures.begin(flat)
        for block, temporal in zip(self.pictures.blocks, self.temporal, strict=True):
            x = seen_over_time(temporal, block(x, modulation), frames, over_time)
        return self.pictures.end(x, condition, flat.shape).reshape(-1, *z.shape[1:])


# Ho et al. 2022 (Video Diffusion Models), arXiv:2204.03458, section 3: a 3-D U-Net factorised over space and
# time. Its convolutions of 1 x 3 x 3 are those of pictures, on each frame; after each attention over space
# comes one over time. Levels without attention have convolutions over time, 3 x 1 x 1, in its place.
class DenoisingVideoUNet(nn.Module):
    """Space by the layers of a U-Net of pictures, time after each by layers that start as nothing.

    Args:
        pictures: The model of pictures; its weights are taken in, and trained on.
    """

    def __init__(self, pictures: DenoisingUNet) -> None:
        super().__init__()
        self.pictures = pictures
        self.temporal = nn.ModuleList(_layers_over_time(pictures.config))

    def forward(
        self, z: Tensor, t: Tensor, label: Tensor | None = None, known: Tensor | None = None
    ) -> Tensor:
        """Return what is predicted, of the shape of z but for its channels.

        Args:
            z: (B, T, C, H, W) clips, of sides that are multiples of 2 to the number of levels less one.
            t: (B,) times in [0, 1].
            label: (B,) classes, -1 for any.
            known: (B, T) which frames are given without noise: those are at time 1, whatever t says, and so
                clips can be gone on with from their last frames.

        Raises:
            UsageError: That are no clips.
        """
        times, frames = times_of_frames(z, t, known), z.shape[1]
        labels = None if label is None else label.repeat_interleave(frames)
        condition = self.pictures.condition(times, labels)
        layers = iter(self.temporal)

        def over_time(x: Tensor) -> Tensor:
            seen: Tensor = next(layers)(x, frames)
            return seen

        deep = self.pictures.stem(z.reshape(-1, *z.shape[2:]))
        way = descended(self.pictures, deep, condition, over_time)
        found = self.pictures.ascend(way, condition, over_time)
        return found.reshape(-1, frames, *found.shape[1:])


def _layers_over_time(config: UNetConfig) -> list[TimeAttention | TimeConvolution]:
    """Return one for each layer of a U-Net, in the order in which they are run through."""
    levels = [level for level in range(len(config.multiples)) for _ in range(config.blocks)]
    middle = len(config.multiples)  # counts as a level of its own
    found: list[TimeAttention | TimeConvolution] = []
    for level in (*levels, middle, *reversed(levels)):
        width = config.width * config.multiples[min(level, middle - 1)]
        attends = level >= config.attention
        found.append(TimeAttention(width, config.heads) if attends else TimeConvolution(width))
    return found


ClipDenoiser: TypeAlias = DenoisingVideoTransformer | DenoisingVideoUNet


def clip_denoiser(config: TransformerConfig | UNetConfig) -> ClipDenoiser:
    """Return a network of clips, which is that of pictures of a size, frame by frame, to begin with."""
    if isinstance(config, UNetConfig):
        return DenoisingVideoUNet(DenoisingUNet(config))
    return DenoisingVideoTransformer(DenoisingTransformer(config))
