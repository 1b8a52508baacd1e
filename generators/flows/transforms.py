"""Monotone functions of single values, for couplings: shifts, scales, splines, mixtures of logistics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

from forensics.errors import UsageError
from forensics.generators.flows.splines import spline
from forensics.generators.parts.logistic import log_sigmoid

__all__ = ["Additive", "Affine", "Bent", "Kind", "Mixture", "Spline", "Transform", "transform_of"]

Kind: TypeAlias = Literal["additive", "affine", "spline", "mixture"]
_MOST_LOG_SCALE = 2.0
_HALVINGS, _CORRECTIONS = 24, 2


class Bent(NamedTuple):
    """What a function makes of values.

    Attributes:
        y: The new values.
        log_slope: Logarithm of its derivative at each.
    """

    y: Tensor
    log_slope: Tensor


class Transform(Protocol):
    """A rising function of one value, from -infinity to infinity.

    Attributes:
        needed: Numbers that say which one it is.
    """

    @property
    def needed(self) -> int:
        """Numbers that say which one it is."""
        ...

    def forward(self, x: Tensor, by: Tensor) -> Bent:
        """Return f(x) for (...) values and (needed, ...) numbers."""
        ...

    def inverse(self, y: Tensor, by: Tensor) -> Tensor:
        """Return x for f(x)."""
        ...


# Dinh et al. 2014 (NICE), arXiv:1410.8516, eq. 9.
@dataclass(frozen=True)
class Additive:
    """A shift: space is not stretched at all."""

    needed: int = 1

    def forward(self, x: Tensor, by: Tensor) -> Bent:
        """Return f(x)."""
        return Bent(x + by[0], torch.zeros_like(x))

    def inverse(self, y: Tensor, by: Tensor) -> Tensor:
        """Return x for f(x)."""
        return y - by[0]


# Dinh et al. 2016 (RealNVP), arXiv:1605.08803, eq. 7, with a bounded scale.
@dataclass(frozen=True)
class Affine:
    """A shift and a scale."""

    needed: int = 2

    def forward(self, x: Tensor, by: Tensor) -> Bent:
        """Return f(x)."""
        log_scale = _bounded(by[0])
        return Bent(x * log_scale.exp() + by[1], log_scale)

    def inverse(self, y: Tensor, by: Tensor) -> Tensor:
        """Return x for f(x)."""
        return (y - by[1]) * (-_bounded(by[0])).exp()


# Durkan et al. 2019 (Neural Spline Flows), arXiv:1906.04032, section 3.1.
@dataclass(frozen=True)
class Spline:
    """Quotients of parabolas between knots, and nothing beyond them.

    Attributes:
        bins: Between knots.
        bound: The knots lie between its negative and itself.
    """

    bins: int = 8
    bound: float = 3.0

    @property
    def needed(self) -> int:
        """Widths and heights of the bins, and slopes where they meet."""
        return 3 * self.bins - 1

    def forward(self, x: Tensor, by: Tensor) -> Bent:
        """Return f(x)."""
        return Bent(*spline(x, by, self.bins, self.bound, backwards=False))

    def inverse(self, y: Tensor, by: Tensor) -> Tensor:
        """Return x for f(x)."""
        return spline(y, by, self.bins, self.bound, backwards=True)[0]


# Ho et al. 2019 (Flow++), arXiv:1902.00275, section 3.2: f(x) = logit(F(x)) exp(a) + b. Without a and b it
# is a deep sigmoidal flow of one layer: Huang et al. 2018 (neural autoregressive flows), arXiv:1804.00779,
# eq. 8.
@dataclass(frozen=True)
class Mixture:
    """The distribution function of a mixture of logistics, seen through a logit, then a shift and a scale.

    Attributes:
        parts: Of the mixture; their means begin apart.
    """

    parts: int = 4

    @property
    def needed(self) -> int:
        """Weights, means and scales of the parts, one shift and one scale."""
        return 3 * self.parts + 2

    def forward(self, x: Tensor, by: Tensor) -> Bent:
        """Return f(x)."""
        log_scale = _bounded(by[0])
        y, log_slope = self._mixed(x, by)
        return Bent(y * log_scale.exp() + by[1], log_slope + log_scale)

    def inverse(self, y: Tensor, by: Tensor) -> Tensor:
        """Return x for f(x), by halving where it can lie and two steps of Newton's."""
        wanted = (y - by[1]) * (-_bounded(by[0])).exp()
        means, log_scales = self._parts(by)
        ends = wanted * log_scales.exp() + means  # where single parts reach it: the mixture does in between
        low, high = ends.amin(0), ends.amax(0)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            below = self._mixed(middle, by)[0] < wanted
            low, high = torch.where(below, middle, low), torch.where(below, high, middle)
        x = (low + high) / 2
        for _ in range(_CORRECTIONS):
            found, log_slope = self._mixed(x, by)
            x = torch.minimum(torch.maximum(x - (found - wanted) * (-log_slope).exp(), low), high)
        return x

    def plain(self, by: Tensor) -> Tensor:
        """Return (needed, ...) numbers as they count: bounded scales, means that need no places added."""
        means, log_scales = self._parts(by)
        return torch.cat([_bounded(by[:1]), by[1 : 2 + self.parts], means, log_scales])

    def _mixed(self, x: Tensor, by: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logit of the distribution function, and the logarithm of its slope."""
        log_weights = F.log_softmax(by[2 : 2 + self.parts], dim=0)
        means, log_scales = self._parts(by)
        place = (x - means) * (-log_scales).exp()
        below = torch.logsumexp(log_weights + log_sigmoid(place), dim=0)
        above = torch.logsumexp(log_weights + log_sigmoid(-place), dim=0)
        density = log_weights - log_scales + log_sigmoid(place) + log_sigmoid(-place)
        return below - above, torch.logsumexp(density, dim=0) - below - above

    def _parts(self, by: Tensor) -> tuple[Tensor, Tensor]:
        """Return means and logarithms of the scales."""
        apart = torch.linspace(-1.0, 1.0, self.parts, dtype=by.dtype, device=by.device)
        means = by[2 + self.parts : 2 + 2 * self.parts] + apart.reshape(-1, *[1] * (by.ndim - 1))
        return means, _bounded(by[2 + 2 * self.parts :])


def transform_of(kind: Kind) -> Transform:
    """Return a kind of function by its name.

    Raises:
        UsageError: There is none of that name.
    """
    match kind:
        case "additive":
            return Additive()
        case "affine":
            return Affine()
        case "spline":
            return Spline()
        case "mixture":
            return Mixture()
    raise UsageError(f"there is no coupling {kind!r}", expected="additive, affine, spline, mixture")


def _bounded(log_scale: Tensor) -> Tensor:
    return _MOST_LOG_SCALE * torch.tanh(log_scale / _MOST_LOG_SCALE)
