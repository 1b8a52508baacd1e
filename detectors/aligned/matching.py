"""As much detail in fakes as in their photos, by what an encoder needs for them.

Decoders smooth. Without this step a file of fewer bytes is a fake, and so is, for whoever learns on it, every
photo out of focus.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forensics.detectors.aligned.makers import Made
from forensics.detectors.aligned.storing import Stored, store
from forensics.media.types import Pixels

__all__ = ["emphasised", "matched"]

_SIGMA = 1.0  # px of the low-pass
_GAINS = (-0.6, 2.0)
_STEPS = 7
_CLOSE = 0.01  # relative difference of bytes

Floats = npt.NDArray[np.float32]


def emphasised(pixels: Pixels, gain: float) -> Pixels:
    """Return a picture with its fine detail strengthened, or weakened below 0 (unsharp masking).

    Args:
        pixels: (H, W, 3) uint8.
        gain: Share of what is above a Gaussian of one pixel that is added.
    """
    import cv2

    values = pixels.astype(np.float32)
    fine = values - cv2.GaussianBlur(values, (0, 0), _SIGMA, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(np.clip(np.rint(values + np.float32(gain) * fine), 0, 255), np.uint8)


def matched(made: Made, photo: Pixels, how: Stored) -> Made:
    """Return what was made, with its detail set so that it needs as many bytes as the photo: by bisection.

    Where a region was painted, that region alone is changed. What cannot be matched comes as near as gains
    from -0.6 to 2 allow.

    Args:
        made: Of the photo.
        photo: (H, W, 3) uint8.
        how: The encoder that counts.
    """
    wanted = len(store(photo, how))

    def at(gain: float) -> Pixels:
        pixels = emphasised(made.pixels, gain)
        return pixels if made.mask is None else np.where(made.mask[..., None], pixels, made.pixels)

    low, high = _GAINS
    best, off = made.pixels, abs(len(store(made.pixels, how)) - wanted)
    gain = 0.0
    for _ in range(_STEPS):
        pixels = at(gain)
        size = len(store(pixels, how))
        if abs(size - wanted) < off:
            best, off = pixels, abs(size - wanted)
        if off <= _CLOSE * wanted:
            break
        low, high = (gain, high) if size < wanted else (low, gain)
        gain = (low + high) / 2
    return Made(best, made.mask)
