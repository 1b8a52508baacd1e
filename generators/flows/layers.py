"""Layers that can be undone, each with the logarithm of how much it stretches space."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from forensics.generators.parts.residual import zeroed

__all__ = ["ActNorm", "Coupling", "Flowed", "Invertible", "InvertibleConvolution", "Squeeze", "checkerboard"]

_MOST_LOG_SCALE = 2.0


class Flowed(NamedTuple):
    """What a layer makes of its input.

    Attributes:
        z: (B, ...) the output.
        log_det: (B,) logarithm of the absolute determinant of its Jacobian.
    """

    z: Tensor
    log_det: Tensor


class Invertible(Protocol):
    """A layer that can be undone."""

    def __call__(self, x: Tensor) -> Flowed:
        """Return the output, and by how much space was stretched."""
        ...

    def inverse(self, z: Tensor) -> Tensor:
        """Return the input."""
        ...


# Dinh et al. 2016 (RealNVP), arXiv:1605.08803, section 3.6.
class Squeeze(nn.Module):
    """Four pixels become four channels."""

    def forward(self, x: Tensor) -> Flowed:
        """Return (B, 4 C, H / 2, W / 2) for (B, C, H, W)."""
        return Flowed(F.pixel_unshuffle(x, 2), x.new_zeros(x.shape[0]))

    def inverse(self, z: Tensor) -> Tensor:
        """Return (B, C, H, W) for (B, 4 C, H / 2, W / 2)."""
        return F.pixel_shuffle(z, 2)


# Kingma & Dhariwal 2018 (Glow), arXiv:1807.03039, section 3.1.
class ActNorm(nn.Module):
    """A scale and a shift for each channel, which make the first batch standard.

    Args:
        channels: Of what comes in.
    """

    begun: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.log_scale = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.register_buffer("begun", torch.tensor(False))

    def forward(self, x: Tensor) -> Flowed:
        """Return (B, C, H, W) for the same; the first batch of a training sets scale and shift."""
        if self.training and not self.begun:
            self._begin(x)
        log_det = self.log_scale.sum() * x.shape[2] * x.shape[3]
        return Flowed((x + self.shift) * self.log_scale.exp(), log_det.expand(x.shape[0]))

    def inverse(self, z: Tensor) -> Tensor:
        """Return (B, C, H, W) for the same."""
        return z * (-self.log_scale).exp() - self.shift

    @torch.no_grad()
    def _begin(self, x: Tensor) -> None:
        self.shift.copy_(-x.mean(dim=(0, 2, 3), keepdim=True))
        self.log_scale.copy_(-x.std(dim=(0, 2, 3), keepdim=True).clamp(min=1e-6).log())
        self.begun.fill_(True)


# Kingma & Dhariwal 2018, section 3.2, with the LU decomposition of eq. 10.
class InvertibleConvolution(nn.Module):
    """Channels are mixed, the same at each pixel; it starts as a random rotation.

    Args:
        channels: Of what comes in.
        generator: Draws the rotation.
    """

    order: Tensor
    signs: Tensor
    below: Tensor

    def __init__(self, channels: int, generator: torch.Generator | None = None) -> None:
        super().__init__()
        rotation, _ = torch.linalg.qr(torch.randn(channels, channels, generator=generator))
        order, lower, upper = torch.linalg.lu(rotation)
        self.register_buffer("order", order)
        self.register_buffer("signs", upper.diagonal().sign())
        self.register_buffer("below", torch.ones(channels, channels).tril(-1))
        self.fixed: tuple[Tensor, Tensor] | None = None
        self.log_scale = nn.Parameter(upper.diagonal().abs().log())
        self.lower = nn.Parameter(lower)
        self.upper = nn.Parameter(upper)

    def forward(self, x: Tensor) -> Flowed:
        """Return (B, C, H, W) for the same, in full precision: in half, noise inside grey levels is lost."""
        log_det = self.log_scale.sum() * x.shape[2] * x.shape[3]
        with torch.autocast(x.device.type, enabled=False):
            mixed = F.conv2d(x, self._matrix()[:, :, None, None])
        return Flowed(mixed, log_det.expand(x.shape[0]))

    def inverse(self, z: Tensor) -> Tensor:
        """Return (B, C, H, W) for the same."""
        inverse = torch.linalg.inv(self._matrix()) if self.fixed is None else self.fixed[1]
        return F.conv2d(z, inverse[:, :, None, None])

    @torch.no_grad()
    def fix(self) -> None:
        """Compute both ways once and for all: the layer is not trained any more."""
        matrix = self._matrix()
        self.fixed = matrix, torch.linalg.inv(matrix)

    def _matrix(self) -> Tensor:
        if self.fixed is not None:
            return self.fixed[0]
        lower = self.lower * self.below + torch.eye(len(self.below), device=self.lower.device)
        upper = self.upper * self.below.T + torch.diag(self.signs * self.log_scale.exp())
        return self.order @ lower @ upper


# Dinh et al. 2016, eqs. 7 and 8; survey "affine coupling".
class Coupling(nn.Module):
    """What a mask leaves out is scaled and shifted by what a network makes of the rest; it starts as nothing.

    Args:
        channels: Of what comes in.
        width: Features of the network.
        mask: (1, C, H, W) or one that broadcasts: 1 for what is seen, 0 for what is changed.
    """

    mask: Tensor

    def __init__(self, channels: int, width: int, mask: Tensor) -> None:
        super().__init__()
        self.register_buffer("mask", mask, persistent=False)
        self.network = nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=1),
            nn.SiLU(),
            nn.Conv2d(width, width, 1),
            nn.SiLU(),
            zeroed(nn.Conv2d(width, 2 * channels, 3, padding=1)),
        )

    def forward(self, x: Tensor) -> Flowed:
        """Return (B, C, H, W) for the same."""
        log_scale, shift = self._change(x)
        return Flowed(x * log_scale.exp() + shift, log_scale.flatten(1).sum(1))

    def inverse(self, z: Tensor) -> Tensor:
        """Return (B, C, H, W) for the same."""
        log_scale, shift = self._change(z)
        return (z - shift) * (-log_scale).exp()

    def _change(self, x: Tensor) -> tuple[Tensor, Tensor]:
        log_scale, shift = self.network(x * self.mask).chunk(2, dim=1)
        bounded = _MOST_LOG_SCALE * torch.tanh(log_scale / _MOST_LOG_SCALE)
        return bounded * (1 - self.mask), shift * (1 - self.mask)


def checkerboard(height: int, width: int, *, first: bool) -> Tensor:
    """Return the (1, 1, height, width) mask of every second pixel, beginning with the first one or not."""
    odd = (torch.arange(height)[:, None] + torch.arange(width)) % 2
    return (odd == (0 if first else 1)).float()[None, None]
