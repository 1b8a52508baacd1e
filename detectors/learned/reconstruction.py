"""What an autoencoder does not give back of a picture, against what it does not give back of a copy."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt

from forensics.runtime.sessions import Session
from forensics.runtime.store import bundled

__all__ = ["BANDS", "codec_features", "error_features"]

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]
Autoencoder = Callable[[Floats], Floats]

BANDS = 4
_LEAST = 1e-3  # grey levels squared


# Ricker et al. 2024, "AEROBLADE" (arXiv:2401.17879), eq. 2: pictures that a decoder made are nearer to what
# an autoencoder makes of them than photos are. How near depends on what there is to see, so the error is
# compared with that of a copy, turned over and smoothed, which has the same content and cannot come out of a
# decoder.
def error_features(tiles: Pixels, autoencoder: Autoencoder) -> Floats:
    """Return how much of each tile, and of a copy of it, an autoencoder does not give back.

    Args:
        tiles: (N, S, S, 3) uint8 RGB, S a multiple of 16.
        autoencoder: (N, 3, S, S) float32, 0 to 1, to the same again.

    Returns:
        (N, 24) float32: logarithms of the error's power in four octaves of luminance and of both differences
        of colour, and how much they are less than those of the copy.
    """
    if not len(tiles):
        return np.empty((0, 6 * BANDS), np.float32)
    x = np.ascontiguousarray(np.moveaxis(tiles.astype(np.float32) / 255.0, -1, 1))
    own = _octaves(x - autoencoder(x))
    copy = _smoothed(x[..., ::-1])
    other = _octaves(copy - autoencoder(copy))
    return np.concatenate([own, own - other], axis=1)


def codec_features(tiles: Pixels) -> Floats:
    """Return `error_features` with the codec that comes with the suite."""
    return error_features(tiles, _codec())


@cache
def _codec() -> Autoencoder:
    bundle = bundled("codec")
    encode, decode = Session(bundle.read("encoder.onnx")), Session(bundle.read("decoder.onnx"))
    return lambda x: np.clip(decode(encode(x)[0])[0], 0.0, 1.0)


def _octaves(error: Floats) -> Floats:
    """Return (N, 3 BANDS) logarithms of the power of (N, 3, S, S) errors, finest first."""
    red, green, blue = 255.0 * np.moveaxis(error, 1, 0)
    found = []
    for plane in (0.299 * red + 0.587 * green + 0.114 * blue, red - green, blue - green):
        left = plane
        for _ in range(BANDS):
            coarse = left.reshape(len(left), left.shape[1] // 2, 2, left.shape[2] // 2, 2).mean(axis=(2, 4))
            fine = left - coarse.repeat(2, axis=1).repeat(2, axis=2)
            found.append(np.log10((fine**2).mean(axis=(1, 2)) + _LEAST))
            left = coarse
    return np.stack(found, axis=1).astype(np.float32)


def _smoothed(x: Floats) -> Floats:
    """Return pictures under the binomial filter 1 2 1 each way, mirrored at the edges."""
    for axis in (2, 3):
        padded = np.pad(x, [(0, 0)] * axis + [(1, 1)] + [(0, 0)] * (3 - axis), mode="reflect")
        n = x.shape[axis]
        x = np.add(*(0.25 * np.take(padded, range(i, i + n), axis) for i in (0, 2))) + 0.5 * np.take(
            padded, range(1, n + 1), axis
        )
    return np.ascontiguousarray(x, np.float32)
