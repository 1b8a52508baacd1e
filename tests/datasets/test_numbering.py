"""Numbers of a corpus: bounds, and random numbers that do not depend on neighbours."""

from __future__ import annotations

import numpy as np
import pytest

from forensics.datasets.numbering import at_least, numbered
from forensics.errors import UsageError


def test_every_number_has_random_numbers_of_its_own() -> None:
    drawn = {numbered(seed, number).integers(2**62) for seed in range(5) for number in range(50)}
    assert len(drawn) == 250
    assert numbered(3, 4).integers(2**62) == numbered(3, 4).integers(2**62)


def test_they_are_those_of_spawned_seeds() -> None:
    children = np.random.SeedSequence(7).spawn(3)
    assert numbered(7, 2).random() == np.random.default_rng(children[2]).random()


def test_bounds() -> None:
    at_least(1, side=1, count=9)
    with pytest.raises(UsageError, match="count is at least 1, not 0") as caught:
        at_least(1, side=1, count=0)
    assert (caught.value.expected, caught.value.actual) == (">= 1", 0)
    with pytest.raises(UsageError, match="number"):
        numbered(0, -1)
