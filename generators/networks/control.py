"""A side branch by which another picture says what is drawn, beside a denoiser that stays as it is."""

from __future__ import annotations

import copy
from typing import TypeAlias

import torch
from torch import Tensor, nn

from forensics.generators.networks.text import CaptionedDenoiser
from forensics.generators.networks.transformer import DenoisingTransformer
from forensics.generators.networks.unet import DenoisingUNet, descended
from forensics.generators.parts.patches import patchify
from forensics.generators.parts.residual import zeroed

__all__ = ["Branched", "ControlledDenoiser", "ControlledUNet", "branched", "edges"]


class _Beside(nn.Module):
    """What both kinds share: a denoiser that is not trained, and a branch that is."""

    def __init__(self, denoiser: nn.Module) -> None:
        super().__init__()
        self.denoiser = denoiser.requires_grad_(False)

    def train(self, mode: bool = True) -> _Beside:
        """Train the branch; the denoiser stays as if it were used."""
        super().train(mode)
        self.denoiser.eval()
        return self

    def branch(self) -> nn.ModuleList:
        """Return the parts that are trained."""
        return nn.ModuleList(part for name, part in self.named_children() if name != "denoiser")

    def trainable(self) -> list[nn.Parameter]:
        """Return the weights of the branch."""
        return [p for p in self.parameters() if p.requires_grad]


# Zhang et al. 2023 (ControlNet), arXiv:2302.05543, eqs. 2 and 3: copies of the blocks, joined by layers that
# begin as nothing; for transformers as in PixArt-delta, arXiv:2401.05252.
class ControlledDenoiser(_Beside):
    """A transformer that is not trained, and copies of its first blocks that are.

    At first it is the denoiser alone, whatever the other picture shows.

    Args:
        denoiser: Trained; its weights are kept as they are, those of an encoder of texts too.
        channels: Of the other picture.
        depth: How many of the blocks are copied; half of them if 0.
        scale: Pixels of the other picture for each place of z, each way: as many as a place of latents has.
    """

    def __init__(
        self,
        denoiser: DenoisingTransformer | CaptionedDenoiser,
        channels: int = 3,
        depth: int = 0,
        scale: int = 1,
    ) -> None:
        super().__init__(denoiser)
        config = self._inner.config
        self.depth, self.side = depth or max(1, config.depth // 2), scale * config.patch
        self.enter = zeroed(nn.Linear(channels * self.side**2, config.width))
        copies = [copy.deepcopy(block) for block in self._inner.blocks[: self.depth]]
        self.blocks = nn.ModuleList(copies).requires_grad_(True)
        self.joins = nn.ModuleList(zeroed(nn.Linear(config.width, config.width)) for _ in copies)

    def forward(self, z: Tensor, t: Tensor, shown: Tensor, told: Tensor | None = None) -> Tensor:
        """Return what is predicted, of the shape of z.

        Args:
            z: (B, C, H, W).
            t: (B,) times in [0, 1].
            shown: (B, channels, scale * H, scale * W) the other picture, about unit size.
            told: (B,) classes, -1 for any; of a denoiser that knows words, (B, M) of their numbers.
        """
        base, label, context = self._inner, told, None
        if isinstance(self.denoiser, CaptionedDenoiser):
            label, context = None, self.denoiser.text(told)
        condition = base.condition(t, label)
        modulation = base.modulation(condition)
        x = base.begin(z)
        beside = x + self.enter(patchify(shown, self.side))
        for number, block in enumerate(base.blocks):
            x = block(x, modulation, context)
            if number < self.depth:
                beside = self.blocks[number](beside, modulation, context)
                x = x + self.joins[number](beside)
        found: Tensor = base.end(x, condition, z.shape)
        return found

    @property
    def _inner(self) -> DenoisingTransformer:
        captioned = isinstance(self.denoiser, CaptionedDenoiser)
        found: DenoisingTransformer = self.denoiser.denoiser if captioned else self.denoiser
        return found


# Zhang et al. 2023, arXiv:2302.05543, section 3.2: the way down is copied, and joined on every level.
class ControlledUNet(_Beside):
    """A U-Net that is not trained, and a copy of its way down that is.

    At first it is the denoiser alone, whatever the other picture shows.

    Args:
        denoiser: Trained; its weights are kept as they are.
        channels: Of the other picture.
        scale: Pixels of the other picture for each place of z, each way.
    """

    def __init__(self, denoiser: DenoisingUNet, channels: int = 3, scale: int = 1) -> None:
        super().__init__(denoiser)
        config = denoiser.config
        self.unshuffle = nn.PixelUnshuffle(scale)
        self.enter = zeroed(nn.Conv2d(channels * scale**2, config.width, 3, padding=1))
        parts = (denoiser.stem, denoiser.smaller, denoiser.down, denoiser.middle)
        copies = [copy.deepcopy(part).requires_grad_(True) for part in parts]
        self.stem, self.smaller, self.down, self.middle = copies
        widths = [config.width * m for m in config.multiples for _ in range(config.blocks)]
        self.joins = nn.ModuleList(zeroed(nn.Conv2d(n, n, 1)) for n in [*widths, widths[-1]])

    def forward(self, z: Tensor, t: Tensor, shown: Tensor, told: Tensor | None = None) -> Tensor:
        """Return what is predicted, of the shape of z; the arguments are those of `ControlledDenoiser`."""
        base = self.denoiser
        condition = base.condition(t, told)
        way = descended(base, base.stem(z), condition)
        beside = descended(self, self.stem(z) + self.enter(self.unshuffle(shown)), condition)
        joined = [x + join(y) for x, y, join in zip(way, beside, self.joins, strict=True)]
        found: Tensor = base.ascend(joined, condition)
        return found


Branched: TypeAlias = ControlledDenoiser | ControlledUNet


def branched(denoiser: nn.Module, channels: int, scale: int, depth: int = 0) -> Branched:
    """Return a denoiser of any kind with a branch beside it.

    Args:
        denoiser: Trained.
        channels: Of the other picture.
        scale: Pixels of the other picture for each place of z, each way.
        depth: Blocks of a transformer that are copied; half of them if 0.
    """
    if isinstance(denoiser, DenoisingUNet):
        return ControlledUNet(denoiser, channels, scale)
    return ControlledDenoiser(denoiser, channels, depth, scale)


def edges(x: Tensor) -> Tensor:
    """Return (B, 1, H, W) how steep pictures are at each pixel, 0 to 1 (Sobel 1968).

    Args:
        x: (B, 3, H, W), 0 to 1.
    """
    kernel = x.new_tensor([[1.0, 0.0, -1.0], [2.0, 0.0, -2.0], [1.0, 0.0, -1.0]]) / 4.0
    padded = nn.functional.pad(x.mean(1, keepdim=True), [1, 1, 1, 1], mode="replicate")
    across = nn.functional.conv2d(padded, kernel[None, None])
    down = nn.functional.conv2d(padded, kernel.T[None, None])
    return torch.hypot(across, down).clamp(0, 1)
