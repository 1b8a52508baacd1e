"""Consistency models without a teacher: which points of a way are compared, how, and how finely."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from forensics.generators.distillation import Saying
from forensics.generators.objectives import broadcast
from forensics.generators.sampling.paths import Path

__all__ = ["curriculum", "intervals", "levels", "pseudo_huber", "training_loss"]

_MEAN, _DEVIATION = -1.1, 2.0  # of the logarithm of the noise


# Song & Dhariwal 2023, arXiv:2310.14189, section 3.4: doubled evenly over the run.
def curriculum(done: float, first: int, last: int) -> int:
    """Return of how many steps a way is.

    Args:
        done: Share of the run that is done, from 0 to 1.
        first: Steps when it begins.
        last: Steps when it ends.
    """
    doublings = math.floor(done * (math.floor(math.log2(last / first)) + 1))
    return min(first * 2**doublings, last)


# Karras et al. 2022, arXiv:2206.00364, eq. 5, from the least to the most.
def levels(steps: int, least: float = 0.002, most: float = 80.0, rho: float = 7.0) -> Tensor:
    """Return (steps + 1,) rising levels of noise, sigma / alpha.

    Args:
        steps: Between them.
        least: The first.
        most: The last.
        rho: Exponent of the power law.
    """
    way = torch.linspace(0.0, 1.0, steps + 1, dtype=torch.float64)
    return (least ** (1 / rho) + way * (most ** (1 / rho) - least ** (1 / rho))) ** rho


# Song & Dhariwal 2023, arXiv:2310.14189, section 3.5: a normal logarithm, in pieces.
def intervals(of: Tensor, mean: float = _MEAN, deviation: float = _DEVIATION) -> Tensor:
    """Return (steps,) how often the interval above each level but the last is looked at; the sum is 1.

    Args:
        of: (steps + 1,) levels.
        mean: Of the logarithm.
        deviation: Of the logarithm.
    """
    place = torch.erf((of.log() - mean) / (math.sqrt(2.0) * deviation))
    return place.diff() / (place[-1] - place[0])


# Song & Dhariwal 2023, arXiv:2310.14189, section 3.3: eq. 8 and the constant beside it.
def pseudo_huber(found: Tensor, wanted: Tensor) -> Tensor:
    """Return (B,) distances that are squares where they are small.

    Args:
        found: (B, ...).
        wanted: (B, ...).
    """
    apart = (found - wanted).flatten(1)
    bend = 0.00054 * math.sqrt(apart.shape[1])
    return (apart.square().sum(1) + bend**2).sqrt() - bend


# Song et al. 2023, arXiv:2303.01469, algorithm 3, with the choices of Song & Dhariwal 2023,
# arXiv:2310.14189, table 1: weights as they are in place of averaged ones, 1 / (difference of levels).
def training_loss(student: Saying, x: Tensor, path: Path, steps: int, generator: torch.Generator) -> Tensor:
    """Return by how much what a model says of two neighbouring levels of the same noise differs.

    Args:
        student: The model; at the least level it has to say what there is, as `Preconditioned` does.
        x: (B, ...) pictures or latents of about unit size.
        path: From noise to pictures.
        steps: Of a whole way.
        generator: Draws noise and levels, on the device of the pictures.
    """
    of = levels(steps)
    shares = intervals(of).float().to(x.device)
    number = torch.multinomial(shares, len(x), replacement=True, generator=generator)
    noise = torch.randn(x.shape, generator=generator, device=x.device, dtype=x.dtype)
    near, far = (of.to(x.device)[number + more].to(x.dtype) for more in (0, 1))
    times = [torch.as_tensor(path.time(level)) for level in (near, far)]
    before, z = (path.at(broadcast(t, x)).mix(x, noise) for t in times)
    with torch.no_grad():
        wanted = student(before, times[0]).x
    return (pseudo_huber(student(z, times[1]).x, wanted) / (far - near)).mean()
