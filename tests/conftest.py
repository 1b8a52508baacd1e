"""Shared fixtures: a picture that behaves like a photo, and the folder of test pictures, if there is one."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest


@pytest.fixture(scope="session")
def photo() -> npt.NDArray[np.uint8]:
    """A deterministic (192, 256, 3) picture with a natural spectrum (amplitude 1/f) and related channels."""
    rng = np.random.default_rng(20240501)
    height, width = 192, 256
    down, across = np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None, :]
    falling = 1 / np.maximum(np.hypot(down, across), 1 / width)

    def plane() -> npt.NDArray[np.float64]:
        spectrum = np.fft.fft2(rng.standard_normal((height, width))) * falling
        field = np.real(np.fft.ifft2(spectrum))
        return (field - field.mean()) / field.std()

    shared = plane()
    channels = [120 + 45 * (0.9 * shared + 0.3 * plane()) for _ in range(3)]
    noisy = np.stack(channels, axis=2) + rng.normal(0, 1.5, (height, width, 3))
    pixels = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
    pixels.flags.writeable = False
    return pixels


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of test pictures that FORENSICS_DATA names; the test is skipped without it."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("FORENSICS_DATA", default))
    if not folder.is_dir():
        pytest.skip("needs a folder of test pictures: set FORENSICS_DATA")
    return folder
