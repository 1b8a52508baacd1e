"""Residuals of tiles, and what all pictures of one generator have in common in them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["fingerprint_of", "noise_residuals"]

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

_LARGEST = 4.0  # grey levels: edges are no noise


def noise_residuals(tiles: Pixels) -> Floats:
    """Return tiles less their median over 3 x 3 pixels, cut at 4 grey levels, of mean 0 and unit size.

    Args:
        tiles: (N, S, S, 3) uint8 RGB.

    Returns:
        (N, 3, S, S) float32, each of norm 1, or 0 where a tile is flat.
    """
    import cv2

    out = np.empty((len(tiles), 3, *tiles.shape[1:3]), np.float32)
    for residual, tile in zip(out, tiles, strict=True):
        high = tile.astype(np.float32) - cv2.medianBlur(tile, 3)
        residual[:] = np.moveaxis(np.clip(high, -_LARGEST, _LARGEST), -1, 0)
    out -= out.mean(axis=(2, 3), keepdims=True)
    size = np.sqrt((out**2).sum(axis=(1, 2, 3), keepdims=True))
    return np.asarray(out / np.maximum(size, 1e-6), np.float32)


# Marra et al. 2019, "Do GANs leave artificial fingerprints?" (arXiv:1812.11842), eqs. 1 and 2.
def fingerprint_of(residuals: Floats) -> Floats:
    """Return the mean of residuals, of norm 1.

    Args:
        residuals: (N, 3, S, S) of pictures of one generator, as `noise_residuals` returns them.
    """
    mean = residuals.mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-12), np.float32)
