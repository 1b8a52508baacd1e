"""Folders of two classes that differ in one thing only; what is shown is drawn alike for both."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from forensics.datasets.procedural import coloured_noise, encode

__all__ = ["SIDE", "Store", "classes_of", "jpeg", "picture", "png"]

SIDE = 64
Pixels = npt.NDArray[np.uint8]
Store = Callable[[Pixels], tuple[str, bytes]]


def picture(number: int) -> Pixels:
    """Return one of many independent clouds in colour."""
    rng = np.random.default_rng([9, number])
    planes = [coloured_noise(rng, SIDE, SIDE, 1.4) for _ in range(2)]
    mixed = 128 + 45 * planes[0][..., None] + 12 * planes[1][..., None] * np.array([1.0, -0.5, -0.8])
    noisy = mixed + rng.normal(0, 3, mixed.shape)
    return np.asarray(np.clip(np.rint(noisy), 0, 255), np.uint8)


def classes_of(place: Path, real: Store, fake: Store, count: int = 40) -> tuple[Path, Path]:
    """Write so many pictures of each class, no two alike, and return both folders."""
    for name, store, start in (("real", real, 0), ("fake", fake, count)):
        (place / name).mkdir(parents=True)
        for number in range(start, start + count):
            suffix, data = store(picture(number))
            (place / name / f"{number:04d}{suffix}").write_bytes(data)
    return place / "real", place / "fake"


def jpeg(quality: int) -> Store:
    return lambda pixels: (".jpg", encode(pixels, "jpeg", quality))


def png(pixels: Pixels) -> tuple[str, bytes]:
    return ".png", encode(pixels)
