"""Changing given pictures: SDEdit, inpainting and RePaint, interpolation."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from forensics.errors import UsageError
from forensics.generators.sampling.arrays import Array, apply, at_least
from forensics.generators.sampling.base import Noise, Sampler, steps_of
from forensics.generators.sampling.diffusion import ancestral
from forensics.generators.sampling.paths import Path
from forensics.generators.sampling.targets import Denoiser

__all__ = ["Canvas", "after", "interpolated", "repaint", "sdedit"]


# Meng et al. 2021, arXiv:2108.01073, algorithm 1.
def sdedit(
    sampler: Sampler,
    denoise: Denoiser,
    x: Array,
    times: Sequence[float],
    path: Path,
    noise: Noise,
    strength: float,
) -> Iterator[Array]:
    """Add noise to pictures, and take it away again.

    Args:
        sampler: How it is taken away.
        denoise: The model.
        x: Pictures.
        times: Rising, from noise to picture; only the last of them are run through.
        path: Along which the model works.
        noise: Where the noise is drawn from.
        strength: Share of the times that are run through: 0 changes nothing, 1 everything.
    """
    left = after(times, strength)
    if len(left) < 2:
        yield x
        return
    yield from sampler(denoise, path.at(left[0]).mix(x, noise(x)), left, path)


def after(times: Sequence[float], strength: float) -> Sequence[float]:
    """Return the last share of some times."""
    if not 0.0 <= strength <= 1.0:
        raise UsageError(f"the strength lies in [0, 1], not {strength}", expected="[0, 1]", actual=strength)
    return times[len(times) - 1 - round(strength * (len(times) - 1)) :]


@dataclass(frozen=True)
class Canvas:
    """Pictures of which a part is known.

    Attributes:
        x: The pictures.
        mask: 1 where they are to be kept, 0 where they are to be painted; broadcasts against them.
    """

    x: Array
    mask: Array


# Lugmayr et al. 2022, arXiv:2201.09865, algorithm 1; with one round, the replacement of Song et al. 2020.
def repaint(
    denoise: Denoiser,
    z: Array,
    times: Sequence[float],
    path: Path,
    noise: Noise,
    canvas: Canvas,
    rounds: int = 1,
) -> Iterator[Array]:
    """Paint what a mask leaves open so that it fits to what is known.

    Args:
        denoise: The model.
        z: What to start with.
        times: Rising, from noise to picture.
        path: Along which the model works.
        noise: Where the noise is drawn from.
        canvas: What is known.
        rounds: How often each step is taken, with its noise put back in between: more fits better.
    """
    for t, following in steps_of(times):
        here, there = path.at(t), path.at(following)
        for turn in range(rounds):
            (painted,) = ancestral(denoise, z, (t, following), path, noise)
            kept = canvas.x if there.sigma <= 0.0 else there.mix(canvas.x, noise(canvas.x))
            ahead = canvas.mask * kept + (1 - canvas.mask) * painted
            if turn + 1 < rounds and there.alpha > 0.0:
                share = here.alpha / there.alpha
                fresh = math.sqrt(max(here.sigma**2 - (share * there.sigma) ** 2, 0.0))
                z = share * ahead + fresh * noise(ahead)
        z = ahead
        yield z


# Shoemake 1985, "Animating rotation with quaternion curves": noise keeps its length on the way.
def interpolated(first: Array, second: Array, share: float) -> Array:
    """Return noise between two, spherically.

    Args:
        first: (B, ...).
        second: The same shape.
        share: 0 gives the first, 1 the second.
    """
    one, two = first.reshape(len(first), -1), second.reshape(len(second), -1)
    lengths = ((one * one).sum(1) * (two * two).sum(1)) ** 0.5
    cosine = ((one * two).sum(1) / at_least(lengths, 1e-12)).clip(-0.9999, 0.9999)
    angle = apply("acos", cosine)
    scale = apply("sin", angle)
    shares = apply("sin", (1.0 - share) * angle) / scale, apply("sin", share * angle) / scale
    return (shares[0][:, None] * one + shares[1][:, None] * two).reshape(first.shape)
