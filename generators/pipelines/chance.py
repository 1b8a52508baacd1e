"""What is random in drawing pictures: each of them has random numbers of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["Chance"]

Floats = npt.NDArray[np.float32]


class Chance:
    """Random numbers for some pictures, which depend on the seed and on the number of a picture alone.

    Args:
        seed: Of all pictures.
        numbers: Which are drawn.
    """

    def __init__(self, seed: int, numbers: Sequence[int]) -> None:
        self._generators = [np.random.default_rng([seed, number]) for number in numbers]

    def __len__(self) -> int:
        """Return how many pictures there are."""
        return len(self._generators)

    def normal(self, shape: tuple[int, ...]) -> Floats:
        """Return (N, *shape) standard normal numbers, others each time."""
        return np.stack([each.standard_normal(shape, np.float32) for each in self._generators])

    def uniform(self, shape: tuple[int, ...]) -> Floats:
        """Return (N, *shape) numbers inside (0, 1), others each time."""
        drawn = np.stack([each.random(shape, np.float32) for each in self._generators])
        return np.clip(drawn, np.float32(1e-7), np.float32(1.0 - 1e-7))
