"""Simulated sensors for the benchmarks of the camera: a pattern in the raw mosaic, then all that follows.

Nothing here comes from a real camera, so that tables fitted on it may be shipped. Sensors of a model share a
part of their patterns, as real ones do in what is taken for their patterns.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from forensics.datasets.procedural import bayer_mosaic, dead_leaves, demosaic_bilinear, tone_curve

__all__ = ["SHARED", "Sensor", "flat", "scene", "sensor"]

SHARED = 0.15  # amplitude of what a model shares, over that of the sensor's own pattern
Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Sensor:
    """One simulated sensor.

    Attributes:
        number: Which.
        model: Which model.
        pattern: (side, side) float32, share of the light by which each site is too bright.
        quality: JPEG quality of its pictures.
        read: Read noise of the scene pictures, linear.
    """

    number: int
    model: int
    pattern: Floats
    quality: int
    read: float


def sensor(number: int, per_model: int, side: int) -> Sensor:
    """Return a sensor; the same number gives the same one."""
    model = number // per_model
    of_model, of_sensor = np.random.default_rng([model, 1]), np.random.default_rng([number, 2])
    quality = int(of_model.integers(85, 99))
    own, shared = (r.standard_normal((side, side)) for r in (of_sensor, of_model))
    strength = 10 ** of_sensor.uniform(-2.5, -1.8)  # 0.3 to 1.6 % of the light
    pattern = strength * (own + SHARED * shared)
    return Sensor(number, model, pattern.astype(np.float32), quality, 10 ** float(of_model.uniform(-3, -2)))


def flat(which: Sensor, seed: int) -> Pixels:
    """Return a picture of an even grey wall."""
    rng = np.random.default_rng([which.number, seed, 3])
    light = np.full((*which.pattern.shape, 3), rng.uniform(0.15, 0.5), np.float32)
    return _taken(which, light, rng)


def scene(which: Sensor, seed: int) -> Pixels:
    """Return a picture of a made-up scene."""
    rng = np.random.default_rng([which.number, seed, 4])
    height, width = which.pattern.shape
    light = dead_leaves(rng, height, width, leaves=int(rng.integers(100, 500)), texture=rng.uniform(0, 0.08))
    return _taken(which, light * np.float32(rng.uniform(0.3, 1.0)), rng)


def _taken(which: Sensor, light: Floats, rng: np.random.Generator) -> Pixels:
    """Return what the camera stores: mosaic, pattern, noise, colours, tone curve, JPEG."""
    raw = bayer_mosaic(light) * (1 + which.pattern)
    raw = raw + rng.normal(0, 1, raw.shape) * np.sqrt(np.maximum(raw, 0) * 2e-4 + which.read**2)
    seen = tone_curve(demosaic_bilinear(np.clip(raw, 0, 1).astype(np.float32)))
    pixels = np.clip(np.rint(seen * 255), 0, 255).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "jpeg", quality=which.quality)
    with Image.open(stream) as picture:
        return np.asarray(picture)
