"""A side branch by which another picture says what is drawn, beside a denoiser that stays as it is."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from forensics.generators.networks.transformer import DenoisingTransformer
from forensics.generators.parts.patches import patchify
from forensics.generators.parts.residual import zeroed

__all__ = ["ControlledDenoiser", "edges"]


# Zhang et al. 2023 (ControlNet), arXiv:2302.05543, eqs. 2 and 3: copies of the blocks, joined by layers that
# begin as nothing; for transformers as in PixArt-delta, arXiv:2401.05252.
class ControlledDenoiser(nn.Module):
    """A denoiser that is not trained, and copies of its first blocks that are.

    At first it is the denoiser alone, whatever the other picture shows.

    Args:
        denoiser: Trained; its weights are kept as they are.
        channels: Of the other picture.
        depth: How many of the blocks are copied; half of them if 0.
    """

    def __init__(self, denoiser: DenoisingTransformer, channels: int = 3, depth: int = 0) -> None:
        super().__init__()
        config = denoiser.config
        self.denoiser = denoiser.requires_grad_(False)
        self.depth = depth or max(1, config.depth // 2)
        self.enter = zeroed(nn.Linear(channels * config.patch**2, config.width))
        copies = [copy.deepcopy(block) for block in denoiser.blocks[: self.depth]]
        self.blocks = nn.ModuleList(copies).requires_grad_(True)
        self.joins = nn.ModuleList(zeroed(nn.Linear(config.width, config.width)) for _ in copies)

    def forward(self, z: Tensor, t: Tensor, shown: Tensor, label: Tensor | None = None) -> Tensor:
        """Return what is predicted, of the shape of z.

        Args:
            z: (B, C, H, W).
            t: (B,) times in [0, 1].
            shown: (B, channels, H, W) the other picture, of the size of z, about unit size.
            label: (B,) classes, -1 for any.
        """
        base = self.denoiser
        condition = base.condition(t, label)
        modulation = base.modulation(condition)
        x = base.begin(z)
        beside = x + self.enter(patchify(shown, base.config.patch))
        for number, block in enumerate(base.blocks):
            x = block(x, modulation)
            if number < self.depth:
                beside = self.blocks[number](beside, modulation)
                x = x + self.joins[number](beside)
        found: Tensor = base.end(x, condition, z.shape)
        return found

    def train(self, mode: bool = True) -> ControlledDenoiser:
        """Train the branch; the denoiser stays as if it were used."""
        super().train(mode)
        self.denoiser.eval()
        return self

    def trainable(self) -> list[nn.Parameter]:
        """Return the weights of the branch."""
        return [p for p in self.parameters() if p.requires_grad]


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
