"""Posteriors that are no Gaussians: latents drawn from one go through flows that the encoder chooses."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from forensics.generators.codec.bottlenecks import Latents
from forensics.generators.parts.residual import zeroed
from forensics.generators.tokens.pixelcnn import MaskedConvolution

__all__ = ["FlowPosterior", "Gated", "Moved", "Planar", "Posterior"]

Posterior: TypeAlias = Literal["planar", "iaf"]


class Moved(NamedTuple):
    """What a flow makes of latents.

    Attributes:
        z: (B, C, h, w).
        log_det: (B,) logarithm of the absolute determinant of its Jacobian.
    """

    z: Tensor
    log_det: Tensor


# Rezende & Mohamed 2015, arXiv:1505.05770, eqs. 10 to 12, and appendix A.1 for what keeps it invertible.
class Planar(nn.Module):
    """The latents of each place are pushed along one direction, as far as a plane says.

    Args:
        channels: Of latents.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.context = 2 * channels + 1  # direction, normal and offset of the plane

    def forward(self, z: Tensor, context: Tensor) -> Moved:
        """Return (B, C, h, w) latents for the same.

        Args:
            z: Latents.
            context: (B, 2 C + 1, h, w) what the encoder says.
        """
        along, normal, offset = context.split([self.channels, self.channels, 1], dim=1)
        both = (along * normal).sum(1, keepdim=True)
        length = normal.square().sum(1, keepdim=True).clamp(min=1e-6)
        along = along + (F.softplus(both) - 1.0 - both) * normal / length
        bent = torch.tanh((normal * z).sum(1, keepdim=True) + offset)
        slope = 1.0 + (1.0 - bent.square()) * (along * normal).sum(1, keepdim=True)
        return Moved(z + along * bent, slope.clamp(min=1e-6).log().flatten(1).sum(1))


# Kingma et al. 2016 (IAF), arXiv:1606.04934, eqs. 10 to 14 and algorithm 1.
class Gated(nn.Module):
    """Each value is mixed with what a masked network makes of those before it; all at once.

    Args:
        channels: Of latents.
        width: Features of the network, a multiple of the channels.
        backwards: The last value comes first.
    """

    def __init__(self, channels: int, width: int, *, backwards: bool) -> None:
        super().__init__()
        self.context, self.backwards = width, backwards
        self.first = MaskedConvolution(channels, width, 3, channels, itself=False)
        self.last = zeroed(MaskedConvolution(width, 2 * channels, 3, channels, itself=True))

    def forward(self, z: Tensor, context: Tensor) -> Moved:
        """Return (B, C, h, w) latents for the same.

        Args:
            z: Latents.
            context: (B, width, h, w) what the encoder says.
        """
        z = z.flip(1, 2, 3) if self.backwards else z
        told = context.flip(2, 3) if self.backwards else context
        by = self.last(F.silu(self.first(z) + told)).unflatten(1, (z.shape[1], 2))
        keep = by[:, :, 1] + 2.0  # nearly all is kept at first
        z = torch.sigmoid(keep) * z + torch.sigmoid(-keep) * by[:, :, 0]
        return Moved(z.flip(1, 2, 3) if self.backwards else z, F.logsigmoid(keep).flatten(1).sum(1))


class FlowPosterior(nn.Module):
    """Latents drawn from a Gaussian and sent through flows; what they cost is estimated from the draw.

    Args:
        channels: Of latents.
        kind: `planar` or `iaf`.
        amount: Factor of the divergence from a standard Gaussian, in nats.
        flows: How many.
    """

    def __init__(self, channels: int, kind: Posterior, amount: float = 1.0, flows: int = 4) -> None:
        super().__init__()
        self.channels, self.amount = channels, amount
        self.flows = nn.ModuleList(
            Planar(channels) if kind == "planar" else Gated(channels, 4 * channels, backwards=i % 2 == 1)
            for i in range(flows)
        )
        self.contexts = [int(flow.context) for flow in self.flows]  # type: ignore[arg-type, unused-ignore]
        self.needed = 2 * channels + sum(self.contexts)

    def forward(self, found: Tensor, generator: torch.Generator | None = None) -> Latents:
        """Return latents: drawn if there is a generator, else those of the Gaussian's means."""
        mean, log_variance, *contexts = found.split([self.channels, self.channels, *self.contexts], dim=1)
        log_variance = log_variance.clamp(-20.0, 10.0)
        noise = torch.zeros_like(mean)
        if generator is not None:
            noise = torch.randn(mean.shape, generator=generator, device=mean.device, dtype=mean.dtype)
        z = mean + (0.5 * log_variance).exp() * noise
        log_density = _normal(noise) - 0.5 * log_variance.flatten(1).sum(1)
        for flow, context in zip(self.flows, contexts, strict=True):
            z, log_det = flow(z, context)
            log_density = log_density - log_det
        return Latents(z, self.amount * (log_density - _normal(z)).mean())


def _normal(z: Tensor) -> Tensor:
    """Return the (B,) logarithms of standard normal densities."""
    return (-0.5 * (z.square() + math.log(2 * math.pi))).flatten(1).sum(1)
