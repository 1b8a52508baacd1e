"""What denoisers are trained for: which times, which weights, which pairs of noise and picture."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import torch
from torch import Tensor

from forensics.errors import UsageError
from forensics.generators.sampling.paths import At, Path
from forensics.generators.sampling.targets import Target, estimate, target

__all__ = [
    "Ends",
    "Ladder",
    "Level",
    "LogitNormal",
    "Objective",
    "Predict",
    "Times",
    "Uniform",
    "Weight",
    "broadcast",
    "denoising_loss",
    "paired",
    "weight_of",
]

Predict: TypeAlias = Callable[[Tensor, Tensor], Tensor]  # z and (B,) times to what is predicted
Weight: TypeAlias = Literal["target", "x", "velocity", "min_snr", "noise", "edm"]
_NEAREST = 1e-3  # to both ends
_LEAST = 0.05  # of 1 - t in the weight of the velocity


@dataclass(frozen=True)
class Uniform:
    """Times drawn evenly."""

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """Return (count,) times in (0, 1)."""
        t = torch.rand(count, generator=generator, device=generator.device)
        return t.clamp(_NEAREST, 1.0 - _NEAREST)


# Esser et al. 2024 (SD3), arXiv:2403.03206, section 3.1.
@dataclass(frozen=True)
class LogitNormal:
    """Times whose logit is normal: the middle of the path, where most is decided, is seen most.

    Attributes:
        mean: Below zero, more noise is seen.
        deviation: How far they spread.
    """

    mean: float = -0.8
    deviation: float = 1.0

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """Return (count,) times in (0, 1)."""
        normal = torch.randn(count, generator=generator, device=generator.device)
        return torch.sigmoid(self.mean + self.deviation * normal).clamp(_NEAREST, 1.0 - _NEAREST)


# Lee et al. 2024, arXiv:2405.20320, section 4.2: density in proportion to exp(4 t) + exp(4 (1 - t)), which is
# cosh(2 u), u from -1 to 1.
@dataclass(frozen=True)
class Ends:
    """Times that are seen most at both ends, where the ways of a rectified flow are not straight yet.

    Attributes:
        slope: How much more: half of their a.
    """

    slope: float = 2.0

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """Return (count,) times in (0, 1)."""
        even = 2.0 * torch.rand(count, generator=generator, device=generator.device) - 1.0
        place = torch.asinh(even * math.sinh(self.slope)) / self.slope
        return ((1.0 + place) / 2.0).clamp(_NEAREST, 1.0 - _NEAREST)


# Karras et al. 2022, arXiv:2206.00364, table 1.
@dataclass(frozen=True)
class Level:
    """Times at which the logarithm of sigma / alpha is normal.

    Attributes:
        path: Whose times are meant.
        mean: Of the logarithm, P_mean.
        deviation: How far they spread, P_std.
    """

    path: Path
    mean: float = -1.2
    deviation: float = 1.2

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """Return (count,) times in (0, 1)."""
        normal = torch.randn(count, generator=generator, device=generator.device)
        level = torch.exp(self.mean + self.deviation * normal)
        return torch.as_tensor(self.path.time(level)).clamp(_NEAREST, 1.0 - _NEAREST)


# Song & Ermon 2019, arXiv:1907.05600, section 4.2: levels of noise in geometric progression, without gaps.
@dataclass(frozen=True)
class Ladder:
    """Times at which the logarithm of sigma / alpha is drawn evenly.

    Attributes:
        path: Whose times are meant.
        least: Of sigma / alpha.
        most: Of it.
    """

    path: Path
    least: float = 0.01
    most: float = 50.0

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """Return (count,) times in (0, 1)."""
        even = torch.rand(count, generator=generator, device=generator.device)
        level = self.least * (self.most / self.least) ** even
        return torch.as_tensor(self.path.time(level)).clamp(_NEAREST, 1.0 - _NEAREST)


Times: TypeAlias = Uniform | LogitNormal | Ends | Level | Ladder


@dataclass(frozen=True)
class Objective:
    """What a denoiser is trained for.

    Attributes:
        path: From noise to pictures.
        target: What the network predicts.
        times: How often it sees which noise.
        weight: In which terms errors count.
        data: Root of the mean square of the pictures, of which the weight "edm" wants to know.
    """

    path: Path
    target: Target
    times: Times
    weight: Weight = "target"
    data: float = 0.5


def denoising_loss(
    predict: Predict,
    x: Tensor,
    objective: Objective,
    generator: torch.Generator,
    *,
    pairing: Callable[[Tensor, Tensor], Tensor] | None = None,
) -> Tensor:
    """Return the mean squared error of a network on pictures with fresh noise.

    Args:
        predict: The network.
        x: (B, ...) pictures or latents of about unit size.
        objective: What it is trained for.
        generator: Draws noise and times, on the device of the pictures.
        pairing: Says which noise goes with which picture, as `paired` does; as they come if None.
    """
    t = objective.times.draw(len(x), generator)
    noise = torch.randn(x.shape, generator=generator, device=x.device, dtype=x.dtype)
    if pairing is not None:
        noise = pairing(noise, x)
    at = objective.path.at(broadcast(t, x))
    wanted = target(objective.target, x, noise, at)
    z = at.mix(x, noise)
    error = (predict(z, t) - wanted).square()
    return (weight_of(objective, at) * error).flatten(1).mean(1).mean()


# The error of x, in the terms of what is asked: d target / d x at fixed z, squared, is one over the factor.
def weight_of(objective: Objective, at: At) -> Tensor | float:
    """Return what squared errors of the target are multiplied by.

    Args:
        objective: Says in which terms errors count: those of the target; of the picture; of the velocity, as
            in Li & He 2025, arXiv:2511.13720; of the picture, by the signal-to-noise ratio up to 5, as in
            min-SNR (Hang et al. 2023, arXiv:2303.09556); of the noise, which is the score times sigma, as in
            NCSN (Song & Ermon 2019, arXiv:1907.05600, eq. 6); or of what a preconditioned network says, as in
            EDM (Karras et al. 2022, arXiv:2206.00364, table 1).
        at: The path.
    """
    if objective.weight == "target":
        return 1.0
    of_x = _per_x(objective.target, at)
    if objective.weight == "x":
        return of_x
    if objective.weight == "min_snr":
        return of_x * at.snr.clip(max=5.0)
    if objective.weight == "noise":
        return of_x * at.snr
    if objective.weight == "edm":
        return of_x * (at.snr + objective.data**-2)
    turn = (at.sigma * at.alpha_rate - at.alpha * at.sigma_rate) / at.sigma.clip(_LEAST)
    return of_x * turn**2


def _per_x(kind: Target, at: At) -> Tensor:
    """Return by how much a squared error of a target changes that of the picture."""
    one = torch.ones_like(at.sigma)
    zero = torch.zeros_like(at.sigma)
    return (estimate(kind, one, zero, at).x - estimate(kind, zero, zero, at).x) ** 2


def broadcast(t: Tensor, x: Tensor) -> Tensor:
    """Return (B,) times in a shape that broadcasts against (B, ...) pictures."""
    return t.to(x.dtype).reshape(-1, *[1] * (x.ndim - 1))


# Tong et al. 2023 (OT-CFM), arXiv:2302.00482, section 3.2.4; Pooladian et al. 2023, arXiv:2304.14772.
def paired(noise: Tensor, x: Tensor) -> Tensor:
    """Return the noise in the order in which it lies nearest to the pictures, all in all.

    Args:
        noise: (B, ...).
        x: (B, ...).

    Raises:
        UsageError: There are not as many of both.
    """
    from scipy.optimize import linear_sum_assignment

    if noise.shape != x.shape:
        raise UsageError("each picture needs noise of its own", expected=x.shape, actual=noise.shape)
    cost = torch.cdist(x.flatten(1).double(), noise.flatten(1).double()).square()
    _, order = linear_sum_assignment(cost.cpu().numpy())
    return noise[torch.from_numpy(np.asarray(order)).to(noise.device)]
