"""Keys and pictures that many tests of marks share; everything comes from seeds."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from forensics.datasets.procedural import camera
from forensics.media.types import Pixels
from forensics.watermark.detection import Marked
from forensics.watermark.keys import Key
from forensics.watermark.watermarker import Watermarker

Scene = Callable[[int, int, int], Pixels]


@cache
def _scene(seed: int, height: int, width: int) -> Pixels:
    pixels = camera(seed, height, width)
    pixels.flags.writeable = False
    return pixels


@pytest.fixture(scope="session")
def scene() -> Scene:
    """Pictures of the simulated camera by seed, height and width; they cannot be written to."""
    return _scene


@pytest.fixture(scope="session")
def key() -> Key:
    return Key(bytes(range(32)), "studio")


@pytest.fixture(scope="session")
def other() -> Key:
    return Key(bytes(range(1, 33)), "somebody")


@pytest.fixture(scope="session")
def marker(key: Key) -> Watermarker:
    return Watermarker(key)


@pytest.fixture(scope="session")
def marked(marker: Watermarker) -> Marked:
    """A marked picture of 640 x 512, of 80 tiles."""
    return marker.embed(_scene(11, 512, 640), "c0ffee")


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20261121)
