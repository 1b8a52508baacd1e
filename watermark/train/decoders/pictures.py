"""What the trainings of decoders share: pictures, and what a change of one costs."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from torch import Tensor

from forensics.watermark.train.networks import visibility

__all__ = ["luma_of", "pixels_of", "psnr", "visible"]

_LUMA = (0.299, 0.587, 0.114)
_UNEVEN = 3.0  # how much more or less an error may count at one place than at another
_NOTICED = 25.0  # squared grey levels: where the cost of errors is one


# The just noticeable difference in place of a network that was trained on what people see.
def visible(error: Tensor, picture: Tensor) -> Tensor:
    """Return the mean squared error, which counts more where little hides it.

    Args:
        error: (B, 3, H, W) in grey levels.
        picture: (B, 3, H, W), 0 to 1, that it is added to.
    """
    noticed = visibility(luma_of(picture).clamp(0.0, 255.0))
    counts = (noticed.mean(dim=(2, 3), keepdim=True) / noticed).clamp(1 / _UNEVEN, _UNEVEN)
    return (error**2 * counts / counts.mean(dim=(2, 3), keepdim=True)).mean() / _NOTICED


def psnr(found: Tensor, wanted: Tensor) -> float:
    """Return the ratio of pictures as they are written, in dB."""
    error = (found.clamp(0.0, 1.0) - wanted.clamp(0.0, 1.0)).square().mean()
    return -10.0 * math.log10(max(float(error), 1e-12))


def pixels_of(picture: Tensor) -> npt.NDArray[np.uint8]:
    """Return (H, W, 3) uint8 of (3, H, W), 0 to 1."""
    return np.ascontiguousarray(np.rint(255.0 * picture.clamp(0.0, 1.0).permute(1, 2, 0).numpy()), np.uint8)


def luma_of(pictures: Tensor) -> Tensor:
    """Return (B, 1, H, W), 0 to 255."""
    weights = pictures.new_tensor(_LUMA)[None, :, None, None]
    return 255.0 * (pictures * weights).sum(dim=1, keepdim=True)
