"""Fixtures for the tests of generators."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20261122)


@pytest.fixture
def drawn(rng: np.random.Generator) -> Callable[[np.ndarray], np.ndarray]:
    """Standard normal noise like an array."""
    return lambda z: rng.standard_normal(z.shape)


@pytest.fixture
def noise(rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal((4, 3, 8, 8))
