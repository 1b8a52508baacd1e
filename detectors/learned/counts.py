"""Co-occurrence matrices of neighbouring values, of each colour by itself (Nataraj et al.)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["LEVELS", "cooccurrences"]

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

LEVELS = 256


# Nataraj et al., "Detecting GAN generated fake images using co-occurrence matrices" (arXiv:1903.06836),
# section 3.
def cooccurrences(tiles: Pixels) -> Floats:
    """Return how often each value stands left of each other one.

    Args:
        tiles: (N, S, S, 3) uint8 RGB.

    Returns:
        (N, 3, 256, 256) float32: square roots of shares, times 256, so that a picture whose pairs are spread
        evenly has ones everywhere; rows are the left value, one matrix each for R, G and B.
    """
    pairs = LEVELS * tiles[:, :, :-1].astype(np.int64) + tiles[:, :, 1:]
    number = tiles.shape[1] * (tiles.shape[2] - 1)
    out = np.empty((len(tiles), 3, LEVELS, LEVELS), np.float32)
    for matrices, pair in zip(out, pairs, strict=True):
        for channel in range(3):
            found = np.bincount(pair[..., channel].ravel(), minlength=LEVELS**2)
            matrices[channel] = np.sqrt(found / number).reshape(LEVELS, LEVELS) * LEVELS
    return out
