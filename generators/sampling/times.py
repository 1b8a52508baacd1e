"""The times at which a sampler stops: rising from noise to picture."""

from __future__ import annotations

import math
from collections.abc import Sequence

from forensics.errors import UsageError
from forensics.generators.sampling.paths import Path

__all__ = ["karras", "log_snr", "reversed_times", "shifted", "uniform"]


def uniform(steps: int, first: float = 0.0, last: float = 1.0) -> list[float]:
    """Return steps + 1 evenly spaced times.

    Args:
        steps: How many steps they bound.
        first: Where to start; 0 is noise alone.
        last: Where to end; 1 is the picture.
    """
    _checked(steps)
    return [first + (last - first) * i / steps for i in range(steps)] + [last]


# Karras et al. 2022, arXiv:2206.00364, eq. 5.
def karras(
    steps: int, path: Path, least: float = 0.002, most: float = 80.0, rho: float = 7.0, *, clean: bool = True
) -> list[float]:
    """Return times at which sigma / alpha falls along a power law.

    Args:
        steps: How many steps they bound.
        path: Whose times are meant.
        least: Last value before the picture.
        most: First value.
        rho: Exponent.
        clean: End with the picture, after one step more than the power law has.
    """
    _checked(steps)
    points = steps if clean else steps + 1
    first, last = most ** (1 / rho), least ** (1 / rho)
    levels = [(first + i / max(points - 1, 1) * (last - first)) ** rho for i in range(points)]
    return [float(path.time(level)) for level in levels] + ([1.0] if clean else [])


# Lu et al. 2022, arXiv:2206.00927, section 3.3.
def log_snr(steps: int, path: Path, least: float = 0.002, most: float = 80.0) -> list[float]:
    """Return times between which log(alpha / sigma) rises evenly, and the picture as the last."""
    _checked(steps)
    first, last = math.log(most), math.log(least)
    levels = [math.exp(first + i / max(steps - 1, 1) * (last - first)) for i in range(steps)]
    return [float(path.time(level)) for level in levels] + [1.0]


# Esser et al. 2024, arXiv:2403.03206, eq. 23, for times that rise towards the picture.
def shifted(times: Sequence[float], shift: float) -> list[float]:
    """Return times moved towards noise, as larger pictures need.

    Args:
        times: From 0 to 1.
        shift: Factor of sigma / alpha on the linear path; 1 changes nothing.
    """
    return [t / (t + shift * (1.0 - t)) for t in times]


def reversed_times(times: Sequence[float], nearest: float = 1e-3) -> list[float]:
    """Return times from the picture back to noise, for inversion.

    Args:
        times: Rising.
        nearest: How near to the picture they begin: there is no noise to estimate in it.
    """
    return [min(t, 1.0 - nearest) for t in reversed(times)]


def _checked(steps: int) -> None:
    if steps < 1:
        raise UsageError(f"a sampler takes at least one step, not {steps}", expected=">= 1", actual=steps)
