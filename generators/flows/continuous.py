"""Continuous flows: a differential equation between pictures and noise, with the divergence of its field."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from forensics.generators.flows.layers import Flowed
from forensics.generators.parts.residual import zeroed
from forensics.generators.sampling.ode import fourth_order
from forensics.generators.sampling.times import uniform

__all__ = ["ContinuousFlow", "ContinuousFlowConfig", "Field", "divergence", "estimated_divergence"]


@dataclass(frozen=True)
class ContinuousFlowConfig:
    """How large a continuous flow is.

    Attributes:
        side: Of the pictures.
        channels: Of them.
        width: Features of the field.
        depth: Its hidden convolutions.
        steps: Of the solver, with four evaluations each.
    """

    side: int = 8
    channels: int = 3
    width: int = 64
    depth: int = 2
    steps: int = 8


class Field(nn.Module):
    """How fast each value changes, by all others around it and the time; it starts at zero.

    Args:
        config: Of the flow.
    """

    def __init__(self, config: ContinuousFlowConfig) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(config.channels + 1, config.width, 3, padding=1), nn.Softplus()]
        for _ in range(config.depth - 1):
            layers += [nn.Conv2d(config.width, config.width, 3, padding=1), nn.Softplus()]
        self.layers = nn.Sequential(*layers, zeroed(nn.Conv2d(config.width, config.channels, 3, padding=1)))

    def forward(self, x: Tensor, t: float) -> Tensor:
        """Return (B, C, H, W) for the same."""
        found: Tensor = self.layers(torch.cat([x, torch.full_like(x[:, :1], t)], dim=1))
        return found


def divergence(field: Callable[[Tensor], Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
    """Return a field, and the (B,) traces of its Jacobians, one value after the other.

    Args:
        field: (B, ...) to the same, each picture on its own.
        x: Where.
    """
    with torch.enable_grad():
        x = x if x.requires_grad else x.detach().requires_grad_()
        found = field(x)
        trace = x.new_zeros(x.shape[0])
        for number in range(x[0].numel()):
            (row,) = torch.autograd.grad(found.flatten(1)[:, number].sum(), x, create_graph=True)
            trace = trace + row.flatten(1)[:, number]
    return found, trace


# Hutchinson 1989, as in Grathwohl et al. 2018 (FFJORD), arXiv:1810.01367, eq. 7.
def estimated_divergence(
    field: Callable[[Tensor], Tensor], x: Tensor, probe: Tensor
) -> tuple[Tensor, Tensor]:
    """Return a field, and (B,) estimates of the traces of its Jacobians, right on average.

    Args:
        field: (B, ...) to the same, each picture on its own.
        x: Where.
        probe: Of its shape: values of mean zero and variance one, independent of each other.
    """
    with torch.enable_grad():
        x = x if x.requires_grad else x.detach().requires_grad_()
        found = field(x)
        (product,) = torch.autograd.grad(found, x, probe, create_graph=True)
        return found, (product * probe).flatten(1).sum(1)


# Chen et al. 2018 (neural ODEs), arXiv:1806.07366, section 4; Grathwohl et al. 2018, arXiv:1810.01367.
class ContinuousFlow(nn.Module):
    """Pictures at time 0 to standard normal noise at time 1, and back, along one field.

    Args:
        config: How large it is.
    """

    def __init__(self, config: ContinuousFlowConfig) -> None:
        super().__init__()
        self.config = config
        self.field = Field(config)

    def forward(self, x: Tensor, generator: torch.Generator | None = None) -> Flowed:
        """Return (B, C, S, S) noise for pictures, and the log-determinant.

        Args:
            x: Pictures.
            generator: Draws the signs by which divergences are estimated; they are exact, and slow, if None.
        """
        probe = None if generator is None else _signs(x, generator)

        def both(state: Tensor, t: float) -> Tensor:
            here = state[:, :-1].reshape(x.shape)
            if probe is None:
                found, trace = divergence(lambda z: self.field(z, t), here)
            else:
                found, trace = estimated_divergence(lambda z: self.field(z, t), here, probe)
            return torch.cat([found.flatten(1), trace[:, None]], dim=1)

        state = torch.cat([x.flatten(1), x.new_zeros(x.shape[0], 1)], dim=1)
        for t, after in pairwise(uniform(self.config.steps)):
            state = fourth_order(both, state, t, after)
            state = state if torch.is_grad_enabled() else state.detach()
        return Flowed(state[:, :-1].reshape(x.shape), state[:, -1])

    def compile(self, *_: object, **__: object) -> None:
        """Stay as it is: divergences are differentiated twice, which what is compiled cannot be."""

    def inverse(self, z: Tensor) -> Tensor:
        """Return (B, C, S, S) pictures for noise."""
        for after, t in reversed(list(pairwise(uniform(self.config.steps)))):
            z = fourth_order(self.field, z, t, after)
        return z

    def log_prob(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Return (B,) log densities of pictures, in nats; estimates if a generator draws signs."""
        z, log_det = self(x, generator)
        normal = -0.5 * (z.square() + math.log(2 * math.pi))
        return normal.flatten(1).sum(1) + log_det


def _signs(x: Tensor, generator: torch.Generator) -> Tensor:
    drawn = torch.randint(2, x.shape, generator=generator, device=x.device)
    return 2.0 * drawn.to(x) - 1.0
