"""The last layer of a decoder, applied to a real picture.

Every known generator ends in layers that double the grid, and what those leave behind is what spectral
detectors look for. Here such a layer is applied to a photograph: the picture is taken to the coarse grid,
brought back by the operator and mixed with its own fine detail, as a trained layer would supply it. Picture
and result have the same content, size and (when encoded alike) codec, so that nothing else tells them apart.

Sources: transposed convolution and its checkerboard, Odena et al., "Deconvolution and checkerboard
artifacts" (Distill 2016); sub-pixel convolution, Shi et al. (arXiv 1609.05158); the same idea as a
training corpus, Zhang et al., "Detecting and simulating artifacts in GAN fake images" (arXiv 1907.06515).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError

__all__ = ["OPERATORS", "Operator", "decode", "pixel_shuffle", "transposed_convolution"]

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Operator:
    """One way to enlarge a grid.

    Attributes:
        factor: Ratio of the fine to the coarse grid.
        interpolation: Whether it is plain interpolation, which editors use on honest photos as well.
        enlarge: (h, w, 3) float32 and a generator for its weights to (h * factor, w * factor, 3).
    """

    factor: int
    interpolation: bool
    enlarge: Callable[[Floats, np.random.Generator], Floats]


def transposed_convolution(coarse: Floats, kernel: npt.NDArray[np.float64]) -> Floats:
    """Return the stride-2 transposed convolution of each channel with a square kernel.

    out[y, x] = sum over k of in[k] * kernel[y + p - 2 k_y, x + p - 2 k_x], with p = (size - 1) // 2 (Dumoulin
    and Visin, arXiv 1603.07285, section 4). A kernel whose size is not a multiple of the stride covers the
    sites unevenly.

    Args:
        coarse: (h, w, 3).
        kernel: (k, k); each output phase gets the sum of every second weight.

    Returns:
        (2h, 2w, 3) float32.
    """
    import cv2

    height, width, _ = coarse.shape
    spread = np.zeros((2 * height, 2 * width, 3), dtype=np.float32)
    spread[::2, ::2] = coarse
    flipped = np.ascontiguousarray(kernel[::-1, ::-1], dtype=np.float32)
    anchor = (kernel.shape[1] // 2, kernel.shape[0] // 2)
    out = cv2.filter2D(spread, cv2.CV_32F, flipped, anchor=anchor, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(out, dtype=np.float32)


def pixel_shuffle(channels: Floats, factor: int) -> Floats:
    """Interleave factor^2 pictures: out[y, x] = channels[y % factor, x % factor][y // factor, x // factor].

    Args:
        channels: (factor, factor, h, w, 3).
        factor: Ratio of the grids.

    Returns:
        (h * factor, w * factor, 3) float32.
    """
    _, _, height, width, depth = channels.shape
    return channels.transpose(2, 0, 3, 1, 4).reshape(height * factor, width * factor, depth)


def decode(picture: Pixels, operator: str, *, detail: float = 0.5, seed: int = 0) -> Pixels:
    """Pass a picture through an up-sampling layer.

    Args:
        picture: (H, W, 3) uint8 RGB; up to factor - 1 rows and columns are cut off.
        operator: A name in `OPERATORS`.
        detail: Share of the picture's own fine detail in the result, 0-1: at 0 only the operator's
            interpolation is left, at 1 nothing was done.
        seed: Draws the weights of the operators that have some.

    Returns:
        uint8 RGB of the (cut) size of the picture.

    Raises:
        UsageError: No such operator, a share outside 0-1, or a picture smaller than two coarse cells.
    """
    import cv2

    if operator not in OPERATORS:
        raise UsageError(f"no operator {operator!r}", expected=", ".join(OPERATORS), actual=operator)
    if not 0 <= detail <= 1:
        raise UsageError("detail is a share", expected="0-1", actual=detail)
    layer = OPERATORS[operator]
    height, width = (side // layer.factor * layer.factor for side in picture.shape[:2])
    if min(height, width) < 2 * layer.factor:
        raise UsageError("the picture is too small for this operator", actual=picture.shape)
    fine = picture[:height, :width].astype(np.float32)
    size = (width // layer.factor, height // layer.factor)
    coarse = cv2.resize(fine, size, interpolation=cv2.INTER_AREA)
    coarse = np.asarray(coarse, dtype=np.float32).reshape(size[1], size[0], 3)
    made = layer.enlarge(coarse, np.random.default_rng(seed))
    mixed = made + detail * (fine - made)
    return np.asarray(np.clip(np.rint(mixed), 0, 255), dtype=np.uint8)


def _resized(coarse: Floats, factor: int, method: int) -> Floats:
    import cv2

    size = (coarse.shape[1] * factor, coarse.shape[0] * factor)
    return np.asarray(cv2.resize(coarse, size, interpolation=method), dtype=np.float32)


def _nearest(factor: int) -> Operator:
    def enlarge(coarse: Floats, _rng: np.random.Generator) -> Floats:
        return coarse.repeat(factor, axis=0).repeat(factor, axis=1)

    return Operator(factor, True, enlarge)


def _bilinear(factor: int) -> Operator:
    def enlarge(coarse: Floats, _rng: np.random.Generator) -> Floats:
        return _resized(coarse, factor, 1)  # cv2.INTER_LINEAR

    return Operator(factor, True, enlarge)


# Bilinear weights of the given size, disturbed as an imperfectly trained kernel is.
def _disturbed_kernel(rng: np.random.Generator, size: int) -> npt.NDArray[np.float64]:
    axis = {3: np.array([0.5, 1.0, 0.5]), 4: np.array([0.25, 0.75, 0.75, 0.25])}[size]
    kernel = np.outer(axis, axis) * (1 + 0.06 * rng.standard_normal((size, size)))
    return np.asarray(kernel * (4 / kernel.sum()), dtype=np.float64)


def _transposed(size: int) -> Operator:
    def enlarge(coarse: Floats, rng: np.random.Generator) -> Floats:
        return transposed_convolution(coarse, _disturbed_kernel(rng, size))

    return Operator(2, False, enlarge)


# Each of the factor^2 phases is its own small convolution of the coarse grid.
def _sub_pixel(factor: int) -> Operator:
    def enlarge(coarse: Floats, rng: np.random.Generator) -> Floats:
        import cv2

        smooth = _resized(coarse, factor, 1)
        height, width, _ = coarse.shape
        phases = smooth.reshape(height, factor, width, factor, 3).transpose(1, 3, 0, 2, 4).copy()
        for row in range(factor):
            for column in range(factor):
                kernel = 0.04 * rng.standard_normal((3, 3))
                kernel[1, 1] += 1 - kernel.sum() + 0.02 * rng.standard_normal()
                phases[row, column] = cv2.filter2D(phases[row, column], cv2.CV_32F, kernel)
        return pixel_shuffle(phases, factor)

    return Operator(factor, False, enlarge)


# Three times: nearest neighbour to twice the grid, then a 3x3 convolution near the identity and a bias
# per site of the last 8x8 cell (what remains of attention over a latent grid).
def _latent(coarse: Floats, rng: np.random.Generator) -> Floats:
    import cv2

    out = coarse
    for _ in range(3):
        out = out.repeat(2, axis=0).repeat(2, axis=1)
        kernel = np.outer([0.25, 0.5, 0.25], [0.25, 0.5, 0.25]) + 0.03 * rng.standard_normal((3, 3))
        out = np.asarray(cv2.filter2D(out, cv2.CV_32F, kernel / kernel.sum()), dtype=np.float32)
    cell = rng.normal(0, 0.4, (8, 8, 3)).astype(np.float32)
    return out + np.tile(cell, (coarse.shape[0], coarse.shape[1], 1))


OPERATORS: dict[str, Operator] = {
    "bilinear2": _bilinear(2),
    "latent8": Operator(8, False, _latent),
    "nearest2": _nearest(2),
    "nearest4": _nearest(4),
    "shuffle2": _sub_pixel(2),
    "shuffle4": _sub_pixel(4),
    "transposed3": _transposed(3),
    "transposed4": _transposed(4),
}
