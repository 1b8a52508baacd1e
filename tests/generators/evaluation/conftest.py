"""Sets of pictures, and what is done to them."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from forensics.datasets.procedural import camera


@pytest.fixture(scope="session")
def pictures() -> np.ndarray:
    """96 procedural pictures of 32 x 32, of six scenes."""
    scenes = [camera(seed, 128, 128) for seed in range(6)]
    cut = [s.reshape(4, 32, 4, 32, 3).swapaxes(1, 2).reshape(-1, 32, 32, 3) for s in scenes]
    found = np.concatenate(cut)[np.random.default_rng(3).permutation(96)]
    found.flags.writeable = False
    return found


@pytest.fixture(scope="session")
def blurred() -> Callable[[np.ndarray, float], np.ndarray]:
    """Blur all pictures of a set."""
    return lambda pictures, width: np.stack([cv2.GaussianBlur(p, (0, 0), width) for p in pictures])


@pytest.fixture(scope="session")
def grainy() -> Callable[[np.ndarray, float], np.ndarray]:
    """Add noise of some grey levels."""

    def add(pictures: np.ndarray, deviation: float) -> np.ndarray:
        noise = np.random.default_rng(8).normal(0, deviation, pictures.shape)
        return np.clip(np.rint(pictures + noise), 0, 255).astype(np.uint8)

    return add
