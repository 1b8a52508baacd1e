"""The keyed channel of `spread`, in PyTorch: tiles in, bins of the tile out, both differentiable."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from forensics.watermark.spread.analysis import EDGES, rings
from forensics.watermark.spread.carriers import SIDE, bins

__all__ = ["Channel", "at_psnr"]


class Channel(nn.Module):
    """The bins of a tile of 64 x 64 pixels that carry a mark, each with a sign in both its parts.

    Buffers move with the module, so that all of it runs where its networks run.
    """

    rows: Tensor
    columns: Tensor
    ring: Tensor
    nearest: Tensor
    weight: Tensor

    def __init__(self) -> None:
        super().__init__()
        place = bins()
        middles = (EDGES[1:] + EDGES[:-1]) / 2
        above = np.clip(np.searchsorted(middles, place.radius), 1, len(middles) - 1)
        weight = np.clip((place.radius - middles[above - 1]) / (middles[above] - middles[above - 1]), 0, 1)
        for name, values in (
            ("rows", place.rows), ("columns", place.columns), ("ring", rings().ravel()),
            ("nearest", above), ("weight", weight.astype(np.float32)),
        ):  # fmt: skip
            self.register_buffer(name, torch.from_numpy(np.ascontiguousarray(values)), persistent=False)

    @property
    def size(self) -> int:
        """Number of bins."""
        return len(self.rows)

    def tiles(self, signs: Tensor) -> Tensor:
        """Return (B, 64, 64) tiles of unit mean square.

        Args:
            signs: (B, 2, K): +1 and -1 for the real and the imaginary parts.
        """
        half = torch.zeros(len(signs), SIDE, SIDE // 2 + 1, dtype=torch.complex64, device=signs.device)
        half[:, self.rows, self.columns] = torch.complex(signs[:, 0], signs[:, 1]) / math.sqrt(2 * self.size)
        tiles: Tensor = torch.fft.irfft2(half, (SIDE, SIDE))
        return tiles * (SIDE * SIDE / math.sqrt(2))

    def read(self, residual: Tensor, row: int, column: int) -> Tensor:
        """Return (B, 2, K): the parts of the bins of the mean tile, of unit variance without a mark.

        Args:
            residual: (B, 1, H, W), sides multiples of 128.
            row: Row at which a tile begins.
            column: Its column.
        """
        cell = 2 * SIDE
        count, _, height, width = residual.shape
        folded = residual.reshape(count, height // cell, cell, width // cell, cell).sum(dim=(1, 3))
        full = torch.fft.rfft2(folded)
        power = full.real**2 + full.imag**2
        total = power.new_zeros(count, len(EDGES) + 1).index_add_(1, self.ring, power.reshape(count, -1))
        means = (total / torch.bincount(self.ring, minlength=len(EDGES) + 1).clamp(min=1))[:, 1:-1]
        noise = means[:, self.nearest - 1] * (1 - self.weight) + means[:, self.nearest] * self.weight
        seen = full[:, ::2, ::2][:, self.rows, self.columns] / torch.sqrt(noise / 2 + 1e-6)
        seen = seen * self._turned(row, column)
        return torch.stack([seen.real, seen.imag], dim=1)

    def _turned(self, row: int, column: int) -> Tensor:
        vertical = torch.where(self.rows > SIDE // 2, self.rows - SIDE, self.rows)
        angle = 2 * math.pi / SIDE * (vertical * row + self.columns * column)
        return torch.polar(torch.ones_like(angle), angle)


def at_psnr(added: Tensor, psnr: Tensor) -> Tensor:
    """Scale what is added to each picture so that its error is as wanted.

    Args:
        added: (B, 1, H, W), grey levels up to a factor.
        psnr: (B,) in dB.
    """
    wanted = 255.0 * 10.0 ** (-psnr / 20.0)
    found = torch.sqrt((added**2).mean(dim=(1, 2, 3)).clamp(min=1e-12))
    return added * (wanted / found)[:, None, None, None]
