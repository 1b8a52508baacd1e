"""The last layers of decoders, with weights drawn anew for every picture."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forensics.datasets.upsampling import OPERATORS
from forensics.detectors.aligned.makers import MAKERS, Made, Make, Maker
from forensics.media.types import Pixels

__all__ = ["convolved", "upsampled"]

Floats = npt.NDArray[np.float32]

_DETAIL = (0.15, 0.7)  # share of the photo's own fine detail
_KERNEL, _MIXING = 0.04, 0.02  # deviations of weights from the identity
_SOURCES = {
    "bilinear": "Odena et al., Distill 2016 (interpolation, then a convolution)",
    "latent": "Rombach et al. 2021, arXiv:2112.10752 (three doublings of a latent grid)",
    "nearest": "Odena et al., Distill 2016 (interpolation, then a convolution)",
    "shuffle": "Shi et al. 2016, arXiv:1609.05158",
    "transposed": "Odena et al., Distill 2016",
}


def convolved(picture: Floats, rng: np.random.Generator) -> Floats:
    """Return a picture after a 3x3 convolution of its three channels near the identity.

    Plain interpolation is what editors do to honest photos; in a decoder, a learned convolution follows it.

    Args:
        picture: (H, W, 3).
        rng: Draws the nine 3x3 kernels.
    """
    import cv2

    out = np.zeros_like(picture)
    mix = np.eye(3) + _MIXING * rng.standard_normal((3, 3))
    mix /= mix.sum(axis=1, keepdims=True)
    for channel in range(3):
        kernel = _KERNEL * rng.standard_normal((3, 3))
        kernel[1, 1] += 1 - kernel.sum()
        plane = (picture @ mix[channel]).astype(np.float32)
        out[..., channel] = cv2.filter2D(plane, cv2.CV_32F, kernel)
    return out


# Zhang et al. 2019, arXiv:1907.06515, section 3.2: a photo through the up-sampling of a generator.
def upsampled(operator: str) -> Make:
    """Return what takes photos to a coarse grid and back by an operator, with some of their own detail."""
    layer = OPERATORS[operator]

    def make(photo: Pixels, rng: np.random.Generator) -> Made:
        import cv2

        fine = photo.astype(np.float32)
        size = (photo.shape[1] // layer.factor, photo.shape[0] // layer.factor)
        coarse = np.asarray(cv2.resize(fine, size, interpolation=cv2.INTER_AREA), np.float32)
        made = layer.enlarge(coarse, rng)
        if layer.interpolation:
            made = convolved(made, rng)
        mixed = made + np.float32(rng.uniform(*_DETAIL)) * (fine - made)
        return Made(np.clip(np.rint(mixed), 0, 255).astype(np.uint8))

    return make


def _register(operator: str) -> None:
    layer = OPERATORS[operator]
    kind = operator.rstrip("0123456789")
    MAKERS.register(operator)(
        Maker(
            name=operator,
            family=kind,
            title=f"{kind} up-sampling by {layer.factor}, other weights for every picture",
            source=_SOURCES[kind],
            open=lambda: upsampled(operator),
            step=layer.factor,
            least=2 * layer.factor,
        )
    )


for _operator in OPERATORS:
    _register(_operator)
