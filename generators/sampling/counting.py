"""How often a model is asked: the number of function evaluations (NFE) of a sampler."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from forensics.generators.sampling.arrays import Array
from forensics.generators.sampling.base import last
from forensics.generators.sampling.targets import Denoiser, Estimate

__all__ = ["Counted", "evaluations"]


class Counted:
    """A denoiser that counts.

    Args:
        denoise: What is asked.

    Attributes:
        calls: How often it was.
    """

    def __init__(self, denoise: Denoiser) -> None:
        self.denoise, self.calls = denoise, 0

    def __call__(self, z: Array, t: float) -> Estimate:
        """Return what the denoiser says."""
        self.calls += 1
        return self.denoise(z, t)


def evaluations(sampler: Callable[..., Iterator[Any]], denoise: Denoiser, *arguments: Any) -> int:
    """Return how often a sampler asks its model for one batch; with guidance each counts twice.

    Args:
        sampler: Of this package.
        denoise: The model.
        arguments: Of the sampler, after the model.
    """
    counted = Counted(denoise)
    last(sampler(counted, *arguments))
    return counted.calls
