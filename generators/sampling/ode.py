"""Solvers of the probability-flow ODE dz/dt = velocity, by the time of the path."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from forensics.errors import UsageError
from forensics.generators.sampling.arrays import Array
from forensics.generators.sampling.base import steps_of
from forensics.generators.sampling.paths import Path
from forensics.generators.sampling.targets import Denoiser, velocity

__all__ = ["euler", "fourth_order", "heun", "midpoint", "rk45"]

# Dormand & Prince 1980, "A family of embedded Runge-Kutta formulae", table 2: RK5(4)7M.
_NODES = (0.0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1.0)
_STAGES = (
    (),
    (1 / 5,),
    (3 / 40, 9 / 40),
    (44 / 45, -56 / 15, 32 / 9),
    (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
    (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
)
_FIFTH = (35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84)
_FOURTH = (5179 / 57600, 0.0, 7571 / 16695, 393 / 640, -92097 / 339200, 187 / 2100, 1 / 40)
_MOST_STEPS = 10_000


def euler(denoise: Denoiser, z: Array, times: Sequence[float], path: Path) -> Iterator[Array]:
    """Take one evaluation a step: error of the order of the step.

    Args:
        denoise: The model.
        z: What to start with, at the first time.
        times: Rising, from noise to picture, or falling for the way back.
        path: Along which the model works.
    """
    for t, after in steps_of(times):
        z = z + (after - t) * _field(denoise, z, t, path)
        yield z


def heun(denoise: Denoiser, z: Array, times: Sequence[float], path: Path) -> Iterator[Array]:
    """Take two evaluations a step, and one for the last: error of the order of the step squared.

    The arguments are those of `euler`.
    """
    for t, after in steps_of(times):
        first = _field(denoise, z, t, path)
        ahead = z + (after - t) * first
        if after >= 1.0:
            z = ahead
        else:
            z = z + (after - t) / 2 * (first + _field(denoise, ahead, after, path))
        yield z


def midpoint(denoise: Denoiser, z: Array, times: Sequence[float], path: Path) -> Iterator[Array]:
    """Take two evaluations a step, the second in its middle: error of the order of the step squared.

    The arguments are those of `euler`.
    """
    for t, after in steps_of(times):
        middle = z + (after - t) / 2 * _field(denoise, z, t, path)
        z = z + (after - t) * _field(denoise, middle, (t + after) / 2, path)
        yield z


# Kutta 1901, "Beitrag zur naeherungsweisen Integration totaler Differentialgleichungen".
def fourth_order(field: Callable[[Array, float], Array], z: Array, t: float, after: float) -> Array:
    """Return where any field leads in one step of four evaluations: error of the order of its fifth power.

    Args:
        field: The derivative of z by time, at z and a time.
        z: Where it stands.
        t: When.
        after: Time at the end of the step; before `t` for the way back.
    """
    step, middle = after - t, (t + after) / 2
    first = field(z, t)
    second = field(z + step / 2 * first, middle)
    third = field(z + step / 2 * second, middle)
    last = field(z + step * third, after)
    return z + step / 6 * (first + 2 * second + 2 * third + last)


def rk45(
    denoise: Denoiser, z: Array, times: Sequence[float], path: Path, tolerance: float = 1e-4
) -> Iterator[Array]:
    """Choose steps so that the error of each is small: Dormand-Prince, of order five.

    Args:
        denoise: The model.
        z: What to start with.
        times: Of these only the first and the last count.
        path: Along which the model works.
        tolerance: Error of a step, absolute and relative, as a root mean square.

    Raises:
        UsageError: Ten thousand steps were not enough.
    """
    t, end = times[0], times[-1]
    step = (end - t) / 20
    for _ in range(_MOST_STEPS):
        step = min(step, end - t, key=abs)
        ahead, error = _dormand_prince(denoise, z, t, step, path)
        scaled = _root_mean_square(error / (tolerance + tolerance * abs(ahead)))
        if scaled <= 1.0:
            z, t = ahead, t + step
            yield z
            if abs(end - t) < 1e-12:
                return
        step *= min(5.0, max(0.2, 0.9 * max(scaled, 1e-10) ** -0.2))
    raise UsageError(f"the ODE was not solved in {_MOST_STEPS} steps", expected="a larger tolerance")


def _dormand_prince(denoise: Denoiser, z: Array, t: float, step: float, path: Path) -> tuple[Array, Array]:
    fields: list[Array] = []
    for node, weights in zip(_NODES, _STAGES, strict=True):
        at = z + step * _weighted(weights, fields) if weights else z
        fields.append(_field(denoise, at, t + node * step, path))
    ahead = z + step * _weighted(_FIFTH, fields)
    fields.append(_field(denoise, ahead, t + step, path))
    return ahead, ahead - (z + step * _weighted(_FOURTH, fields))


def _weighted(weights: Sequence[float], fields: Sequence[Array]) -> Array:
    return sum(weight * field for weight, field in zip(weights, fields, strict=True))


def _field(denoise: Denoiser, z: Array, t: float, path: Path) -> Array:
    return velocity(denoise(z, t), path.at(t))


def _root_mean_square(values: Array) -> float:
    return math.sqrt(float((values * values).mean()))
