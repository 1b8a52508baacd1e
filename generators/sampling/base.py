"""What samplers share."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TypeAlias

from forensics.errors import UsageError
from forensics.generators.sampling.arrays import Array
from forensics.generators.sampling.paths import Path

__all__ = ["Noise", "Sampler", "last", "start", "steps_of"]

Noise: TypeAlias = Callable[[Array], Array]  # standard normal noise like an array
Sampler: TypeAlias = Callable[..., Iterator[Array]]


def last(steps: Iterator[Array]) -> Array:
    """Return what a sampler ends with.

    Raises:
        UsageError: It took no step.
    """
    found = deque(steps, maxlen=1)
    if not found:
        raise UsageError("a sampler needs two times at least", expected=">= 2 times")
    return found[0]


def start(noise: Array, path: Path, t: float) -> Array:
    """Return what a sampler starts with: noise, as strong as it is at its first time."""
    return noise * path.at(t).sigma


def steps_of(times: Sequence[float]) -> Iterator[tuple[float, float]]:
    """Yield the two ends of each step.

    Raises:
        UsageError: A time is outside of [0, 1].
    """
    if any(not 0.0 <= t <= 1.0 for t in times):
        raise UsageError("times lie between 0, noise, and 1, the picture", expected="[0, 1]", actual=times)
    yield from pairwise(times)
