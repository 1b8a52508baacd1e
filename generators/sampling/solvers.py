"""DPM-Solver: what a diffusion ODE has of straight lines is solved exactly, the rest to some order."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from forensics.errors import UsageError
from forensics.generators.sampling.arrays import Array
from forensics.generators.sampling.base import steps_of
from forensics.generators.sampling.paths import At, Path
from forensics.generators.sampling.targets import Denoiser

__all__ = ["dpm_solver", "dpmpp_2s"]


# Lu et al. 2022 (DPM-Solver), arXiv:2206.00927, eq. 3.7 and algorithms 1 and 2, with its r1 and r2.
def dpm_solver(
    denoise: Denoiser, z: Array, times: Sequence[float], path: Path, order: int = 2
) -> Iterator[Array]:
    """Follow the noise that the model finds, with as many evaluations a step as the order.

    Args:
        denoise: The model.
        z: What to start with.
        times: Rising, from noise with some picture in it; the last step to a picture is of order one.
        path: Along which the model works.
        order: 1 (which is DDIM), 2 or 3.

    Raises:
        UsageError: There is no such order, or at the first time there is noise alone.
    """
    if order not in (1, 2, 3):
        raise UsageError(f"DPM-Solver has no order {order}", expected="1, 2 or 3", actual=order)
    _check_start(times, path)
    for t, after in steps_of(times):
        there = path.at(after)
        if there.sigma <= 0.0 or order == 1:
            found = denoise(z, t)
            z = there.alpha * found.x + there.sigma * found.noise
        else:
            z = (_second if order == 2 else _third)(denoise, z, t, after, path)
        yield z


# Lu et al. 2022 (DPM-Solver++), arXiv:2211.01095, algorithm 1, with r = 1/2.
def dpmpp_2s(denoise: Denoiser, z: Array, times: Sequence[float], path: Path) -> Iterator[Array]:
    """Follow the picture that the model finds, with two evaluations a step.

    The arguments are those of `dpm_solver`.

    Raises:
        UsageError: At the first time there is noise alone.
    """
    _check_start(times, path)
    for t, after in steps_of(times):
        here, there = path.at(t), path.at(after)
        found = denoise(z, t).x
        if there.sigma > 0.0:
            h = _log_snr(there) - _log_snr(here)
            moment, middle = _between(here, h / 2, path)
            u = middle.sigma / here.sigma * z - middle.alpha * math.expm1(-h / 2) * found
            found = denoise(u, moment).x
            z = there.sigma / here.sigma * z - there.alpha * math.expm1(-h) * found
        else:
            z = there.alpha * found
        yield z


def _second(denoise: Denoiser, z: Array, t: float, after: float, path: Path) -> Array:
    here, there = path.at(t), path.at(after)
    h = _log_snr(there) - _log_snr(here)
    moment, middle = _between(here, h / 2, path)
    u = middle.alpha / here.alpha * z - middle.sigma * math.expm1(h / 2) * denoise(z, t).noise
    return there.alpha / here.alpha * z - there.sigma * math.expm1(h) * denoise(u, moment).noise


def _third(denoise: Denoiser, z: Array, t: float, after: float, path: Path) -> Array:
    here, there = path.at(t), path.at(after)
    h, r1, r2 = _log_snr(there) - _log_snr(here), 1 / 3, 2 / 3
    (first_moment, first), (second_moment, second) = (_between(here, r * h, path) for r in (r1, r2))
    noise = denoise(z, t).noise
    u = first.alpha / here.alpha * z - first.sigma * math.expm1(r1 * h) * noise
    bend = denoise(u, first_moment).noise - noise
    u = second.alpha / here.alpha * z - second.sigma * math.expm1(r2 * h) * noise
    u = u - second.sigma * r2 / r1 * (math.expm1(r2 * h) / (r2 * h) - 1.0) * bend
    bend = denoise(u, second_moment).noise - noise
    z = there.alpha / here.alpha * z - there.sigma * math.expm1(h) * noise
    return z - there.sigma / r2 * (math.expm1(h) / h - 1.0) * bend


def _log_snr(at: At) -> float:
    """Return half of the logarithm of the signal-to-noise ratio."""
    return math.log(float(at.alpha) / float(at.sigma))


def _between(here: At, further: float, path: Path) -> tuple[float, At]:
    """Return the time at which that logarithm is further by some amount, and the path there."""
    moment = float(path.time(math.exp(-_log_snr(here) - further)))
    return moment, path.at(moment)


def _check_start(times: Sequence[float], path: Path) -> None:
    if path.at(times[0]).alpha <= 0.0:
        raise UsageError("this sampler starts where there is some picture", expected="alpha > 0", actual=0.0)
