"""A folder of photos: dead leaves, stored in several ways."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from forensics.datasets.procedural import camera, encode

__all__ = ["folder_of"]


def folder_of(place: Path, count: int = 4, side: int = 48, codec: str = "png") -> Path:
    """Write square photos, and return their folder."""
    place.mkdir(parents=True, exist_ok=True)
    suffix = {"png": "png", "jpeg": "jpg"}[codec]
    for number in range(count):
        picture = camera(np.random.default_rng([3, number]), side, side)
        (place / f"{'ab'[number % 2]}_{number:03d}.{suffix}").write_bytes(encode(picture, codec))
    return place
