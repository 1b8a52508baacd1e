"""Maps for the eye: JPEG ghosts and error levels. They decide nothing.

Both re-quantise DCT coefficients on the picture's grid; by Parseval the squared difference is that of the
re-saved picture, up to its rounding, and no picture has to be encoded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forensics.detectors.jpeg.coefficients import MODES, Blocks, Doubles, Floats, dct_modes
from forensics.media.quant import STANDARD_LUMA, ijg_table

__all__ = ["GHOST_QUALITIES", "Ghost", "error_level", "ghost"]

GHOST_QUALITIES = tuple(range(50, 100, 5))


@dataclass(frozen=True)
class Ghost:
    """Difference to re-saves at a row of qualities.

    Attributes:
        curve: Mean difference of the whole picture at each of `GHOST_QUALITIES`, each in units of what
            coefficients without a past would give.
        quality: The quality at which blocks differ most from each other.
        map: (rows, columns) in [0, 1]: blocks that are dark at that quality are bright here.
    """

    curve: tuple[float, ...]
    quality: int
    map: Floats


# Farid 2009, "Exposing digital forgeries from JPEG ghosts" (IEEE TIFS 4(1)), eq. 3, with the block mean of
# 5x5 blocks; in units of step^2 / 12, the error of a coefficient that is no multiple of the step.
def _difference(coefficients: Floats, quality: int) -> Doubles:
    import cv2

    table = ijg_table(STANDARD_LUMA, quality)
    steps = np.asarray([table[m] for m in MODES], np.float32)
    scaled = coefficients / steps
    error = 12 * (scaled - np.rint(scaled)) ** 2
    # A coefficient that any quantiser would send to zero says nothing.
    beyond = np.abs(scaled) > 0.5
    total = cv2.boxFilter(np.where(beyond, error, 0).sum(axis=-1), cv2.CV_64F, (5, 5), normalize=False)
    count = cv2.boxFilter(beyond.sum(axis=-1).astype(np.float64), cv2.CV_64F, (5, 5), normalize=False)
    return np.asarray((total + 8.0) / (count + 8.0), np.float64)


def ghost(blocks: Blocks) -> Ghost:
    """Return how blocks differ from re-saves at lower and higher qualities.

    Args:
        blocks: Blocks on the picture's grid.
    """
    coefficients = dct_modes(blocks.pixels)
    differences = [_difference(coefficients, q) for q in GHOST_QUALITIES]
    spread = [float(np.percentile(d, 95) - np.percentile(d, 5)) for d in differences]
    best = int(np.argmax(spread))
    dark = 1.0 - np.clip(differences[best], 0.0, 1.0)
    return Ghost(tuple(float(d.mean()) for d in differences), GHOST_QUALITIES[best], dark.astype(np.float32))


# Krawetz 2007, "A picture's worth": |I - JPEG(I, 95)|, amplified. There is no decision theory behind it.
def error_level(blocks: Blocks, quality: int = 90) -> Floats:
    """Return the error that one more save would make: (rows, columns) in [0, 1], 1 at the 99th percentile.

    Args:
        blocks: Blocks on the picture's grid.
        quality: libjpeg quality of that save.
    """
    coefficients = dct_modes(blocks.pixels)
    table = ijg_table(STANDARD_LUMA, quality)
    steps = np.asarray([table[m] for m in MODES], np.float32)
    error = np.sqrt(((coefficients - steps * np.rint(coefficients / steps)) ** 2).mean(axis=-1))
    top = float(np.percentile(error, 99))
    return np.clip(error / top, 0.0, 1.0).astype(np.float32) if top > 0 else np.zeros_like(error)
