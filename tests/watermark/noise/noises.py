"""Noise to look for marks in: as it is drawn, and as pictures that nobody drew give it."""

from __future__ import annotations

import numpy as np

from forensics.watermark.keys import Key

__all__ = ["SHAPE", "key_of", "strange", "white"]

SHAPE = (4, 16, 16)


def key_of(number: int) -> Key:
    return Key(number.to_bytes(32, "big"), f"key {number}")


def white(count: int, seed: int = 0, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, *shape), np.float32)


def strange() -> list[np.ndarray]:
    """Noise that is far from white: a ramp, one value, heavy tails, stripes."""
    rng, (y, x) = np.random.default_rng(5), np.mgrid[:16, :16]
    ramp = np.broadcast_to(0.1 * (x + y) - 1.0, SHAPE)
    spike = np.zeros(SHAPE)
    spike[1, 3, 5] = 4.0
    stripes = np.broadcast_to(np.where(x % 4 < 2, 1.0, -1.0), SHAPE)
    return [np.asarray(n, np.float32) for n in (ramp, spike, rng.standard_cauchy(SHAPE), stripes)]
