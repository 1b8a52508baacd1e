"""Masked autoregressive flows: each value is bent by what a masked network makes of those before it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from forensics.errors import UsageError
from forensics.generators.flows.layers import Flowed
from forensics.generators.flows.transforms import Kind, transform_of
from forensics.generators.parts.residual import zeroed

__all__ = ["MaskedFlow", "MaskedFlowConfig", "MaskedLayer", "MaskedLinear", "MaskedNetwork"]


@dataclass(frozen=True)
class MaskedFlowConfig:
    """How large a masked autoregressive flow is.

    Attributes:
        side: Of the pictures.
        channels: Of them.
        layers: Autoregressive layers; each second one runs backwards.
        depth: Hidden layers of the network of each.
        width: Features of those.
        bend: How values are changed: `affine` (MAF), or by a `mixture` of logistics (a neural autoregressive
            flow).
    """

    side: int = 8
    channels: int = 3
    layers: int = 4
    depth: int = 2
    width: int = 384
    bend: Kind = "affine"

    @property
    def values(self) -> int:
        """Of a picture."""
        return self.channels * self.side**2


class MaskedLinear(nn.Linear):
    """A linear layer some of whose weights are nothing for ever.

    Args:
        to: (out,) the degree of each output.
        of: (in,) the degree of each input.
        itself: An output sees inputs of its own degree; else lower ones alone.
    """

    mask: Tensor

    def __init__(self, to: Tensor, of: Tensor, *, itself: bool) -> None:
        super().__init__(len(of), len(to))
        seen = of[None] <= to[:, None] if itself else of[None] < to[:, None]
        self.register_buffer("mask", seen.float(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return (..., out) for (..., in)."""
        return F.linear(x, self.weight * self.mask, self.bias)


# Germain et al. 2015 (MADE), arXiv:1502.03509, eqs. 11 to 13, with degrees in turn.
class MaskedNetwork(nn.Module):
    """Numbers for each value, from those before it; they start at zero.

    Args:
        values: How many there are.
        needed: Numbers for each.
        width: Features of the hidden layers.
        depth: How many of those there are.
    """

    def __init__(self, values: int, needed: int, width: int, depth: int) -> None:
        super().__init__()
        self.needed = needed
        place = torch.arange(1, values + 1)
        most = max(values - 1, 1)
        hidden = 1 + torch.arange(width) % most
        if width < most:  # else values after so many would never be seen
            hidden = torch.linspace(1, most, width).round().long()
        layers: list[nn.Module] = [MaskedLinear(hidden, place, itself=True)]
        for _ in range(depth - 1):
            layers += [nn.SiLU(), MaskedLinear(hidden, hidden, itself=True)]
        self.hidden = nn.Sequential(*layers, nn.SiLU())
        self.last = zeroed(MaskedLinear(place.repeat_interleave(needed), hidden, itself=False))

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, values, needed) for (B, values)."""
        found: Tensor = self.last(self.hidden(x))
        return found.unflatten(1, (-1, self.needed))


# Papamakarios et al. 2017 (MAF), arXiv:1705.07057, eqs. 3 to 5; Huang et al. 2018, arXiv:1804.00779.
class MaskedLayer(nn.Module):
    """All values are bent at once on the way to noise, and one after the other on the way back.

    Args:
        config: Of the flow.
        backwards: The last value comes first.
    """

    def __init__(self, config: MaskedFlowConfig, *, backwards: bool) -> None:
        super().__init__()
        self.backwards = backwards
        self.transform = transform_of(config.bend)
        self.network = MaskedNetwork(config.values, self.transform.needed, config.width, config.depth)

    def forward(self, x: Tensor) -> Flowed:
        """Return (B, values) for the same."""
        x = x.flip(1) if self.backwards else x
        bent = self.transform.forward(x, self._by(x))
        return Flowed(bent.y.flip(1) if self.backwards else bent.y, bent.log_slope.sum(1))

    def inverse(self, z: Tensor) -> Tensor:
        """Return (B, values) for the same, value by value."""
        z = z.flip(1) if self.backwards else z
        x = z.clone()
        for place in range(z.shape[1]):
            found = self.transform.inverse(z[:, place], self._by(x)[..., place])
            x = torch.cat([x[:, :place], found[:, None], x[:, place + 1 :]], dim=1)
        return x.flip(1) if self.backwards else x

    def said(self, x: Tensor) -> Tensor:
        """Return (B, values, needed) what bends each value, in the order of the layer."""
        found: Tensor = self.network(x)
        return found

    def _by(self, x: Tensor) -> Tensor:
        return self.said(x).movedim(2, 0)


class MaskedFlow(nn.Module):
    """Pictures to standard normal noise, and back; values in the order of pixels, then colours.

    Args:
        config: How large it is.

    Raises:
        UsageError: Values are to be bent by something else.
    """

    def __init__(self, config: MaskedFlowConfig) -> None:
        super().__init__()
        if config.bend not in ("affine", "mixture"):
            raise UsageError("a masked flow bends by affine or mixture", actual=config.bend)
        self.config = config
        self.layers = nn.ModuleList(
            MaskedLayer(config, backwards=number % 2 == 1) for number in range(config.layers)
        )

    def forward(self, x: Tensor) -> Flowed:
        """Return (B, values) noise for (B, C, S, S) pictures, and the log-determinant."""
        z, log_det = x.movedim(1, -1).flatten(1), x.new_zeros(x.shape[0])
        for layer in self.layers:
            z, more = layer(z)
            log_det = log_det + more
        return Flowed(z, log_det)

    def inverse(self, z: Tensor) -> Tensor:
        """Return (B, C, S, S) pictures for (B, values) noise."""
        for layer in reversed(self.layers):
            z = layer.inverse(z)
        side, channels = self.config.side, self.config.channels
        return z.reshape(-1, side, side, channels).movedim(-1, 1)

    def log_prob(self, x: Tensor) -> Tensor:
        """Return (B,) log densities of pictures, in nats."""
        z, log_det = self(x)
        return torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(1) + log_det
