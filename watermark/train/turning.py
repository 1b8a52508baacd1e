"""Turned, scaled and mirrored pictures, and the way back: differentiable both ways."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["Turn", "draw_turn"]


@dataclass(frozen=True)
class Turn:
    """A similarity about the middle of pictures.

    Attributes:
        angle: Radians, clockwise.
        scale: Size after over size before.
        mirrored: Mirrored left to right first.
    """

    angle: float
    scale: float
    mirrored: bool

    def side(self, before: int) -> int:
        """Return the side of what comes out, even."""
        return max(2, round(before * self.scale / 2) * 2)

    def apply(self, pictures: Tensor) -> Tensor:
        """Return (B, 1, s, s) for (B, 1, S, S); beyond the edge pictures are mirrored."""
        size = self.side(pictures.shape[-1])
        if self.scale < 1:  # what the smaller grid cannot hold has to go first
            pictures = _smoothed(pictures, self.scale)
        return _sampled(pictures, self._matrix(), size, "reflection")

    def undo(self, pictures: Tensor, side: int) -> Tensor:
        """Return (B, 1, side, side) on the grid before the turn; what was lost is zero."""
        return _sampled(pictures, np.linalg.inv(self._matrix()), side, "zeros")

    def _matrix(self) -> np.ndarray:
        """From places in what comes out to places in what went in, both in -1 to 1."""
        cosine, sine = math.cos(self.angle), math.sin(self.angle)
        flip = -1.0 if self.mirrored else 1.0
        return np.array([[flip * cosine, flip * sine], [-sine, cosine]])


def draw_turn(rng: np.random.Generator, strength: float) -> Turn | None:
    """Draw a turn, or none; half of all are.

    Args:
        rng: Draws it.
        strength: 0 for none, 1 for any angle and scales from 0.4 to 1.5.
    """
    if rng.random() > 0.5 * strength:
        return None
    return Turn(
        float(rng.uniform(-math.pi, math.pi)) if rng.random() < 0.5 else 0.0,
        float(np.exp(rng.uniform(math.log(0.4), math.log(1.5)))),
        bool(rng.random() < 0.5),
    )


def _sampled(pictures: Tensor, matrix: np.ndarray, side: int, padding: str) -> Tensor:
    theta = torch.zeros(len(pictures), 2, 3, dtype=pictures.dtype, device=pictures.device)
    theta[:, :, :2] = torch.from_numpy(matrix).to(pictures)
    grid = F.affine_grid(theta, [len(pictures), 1, side, side], align_corners=False)
    return F.grid_sample(pictures, grid, mode="bicubic", padding_mode=padding, align_corners=False)


def _smoothed(pictures: Tensor, scale: float) -> Tensor:
    """Take out what a grid of that scale cannot hold, by a Gaussian."""
    sigma = 0.4 * math.sqrt(1 / scale**2 - 1)
    reach = max(1, math.ceil(3 * sigma))
    x = torch.arange(-reach, reach + 1, dtype=pictures.dtype, device=pictures.device)
    kernel = torch.exp(-(x**2) / (2 * sigma**2 + 1e-9))
    kernel = kernel / kernel.sum()
    padded = F.pad(pictures, [reach] * 4, mode="reflect")
    return F.conv2d(F.conv2d(padded, kernel[None, None, :, None]), kernel[None, None, None, :])
