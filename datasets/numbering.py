"""The numbers of a corpus: bounds, and random numbers of its own for every picture."""

from __future__ import annotations

import numpy as np

from forensics.errors import UsageError

__all__ = ["at_least", "numbered"]


def at_least(least: int, **values: int) -> None:
    """Refuse numbers that are too small.

    Args:
        least: Of each.
        values: The numbers by their names.

    Raises:
        UsageError: One is smaller.
    """
    for name, value in values.items():
        if value < least:
            raise UsageError(f"{name} is at least {least}, not {value}", expected=f">= {least}", actual=value)


def numbered(seed: int, number: int) -> np.random.Generator:
    """Return the random numbers of one picture or clip, whatever stands before and behind it.

    Args:
        seed: Of the corpus, 0 or more.
        number: Of the picture, from 0.

    Raises:
        UsageError: One of them is negative.
    """
    at_least(0, seed=seed, number=number)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))
