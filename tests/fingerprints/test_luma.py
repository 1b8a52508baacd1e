"""Halving a picture first changes codes by rounding only."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from forensics.fingerprints import dct, pdq
from forensics.fingerprints.luma import Axis, Luma, luma

Pixels = npt.NDArray[np.uint8]


def enlarged(photo: Pixels, height: int, width: int) -> Pixels:
    """Return a picture in another size, with noise of its own."""
    smooth = np.asarray(Image.fromarray(photo).resize((width, height), Image.Resampling.BICUBIC))
    noisy = smooth + np.random.default_rng(7).normal(0, 6, (height, width, 3))
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("size", "step"), [(3, 1), (255, 1), (511, 1), (512, 2), (1023, 2), (1024, 4), (2447, 8), (3264, 8)]
)
def test_sides_are_halved_until_they_are_below_512(size: int, step: int) -> None:
    for pixels in (np.zeros((size, 3, 3), np.uint8), np.zeros((3, size, 3), np.uint8)):
        made = luma(pixels)
        axis, other = (made.down, made.across) if pixels.shape[1] == 3 else (made.across, made.down)
        assert axis == Axis(size, step)
        assert other == Axis(3, 1)
        assert max(made.plane.shape) == size // step < 512
        assert (axis.edges[0], axis.edges[-1], len(axis.edges)) == (0, size, size // step + 1)


def test_pixels_of_the_plane_are_averages(photo: Pixels) -> None:
    pixels = enlarged(photo, 1031, 700)
    grey = pixels.astype(float) @ (0.299, 0.587, 0.114)
    made = luma(pixels)
    blocks = grey[:1028].reshape(257, 4, 350, 2).mean(axis=(1, 3))
    assert made.plane.shape == blocks.shape
    assert np.abs(made.plane - blocks).max() < 2
    assert abs((made.plane - blocks).mean()) < 0.5


@pytest.mark.parametrize("shape", [(640, 640), (1031, 1999), (1536, 521), (3000, 700)])
def test_codes_are_those_without_halving(shape: tuple[int, int], photo: Pixels) -> None:
    pixels = enlarged(photo, *shape)
    plane = (pixels.astype(float) @ (0.299, 0.587, 0.114)).astype(np.float32)
    exact = Luma(plane, Axis(shape[0], 1), Axis(shape[1], 1))
    codes = [
        np.frombuffer(dct.pack(dct.coefficients(one)) + pdq.pack(pdq.coefficients(pdq.grid(one))), np.uint8)
        for one in (exact, luma(pixels))
    ]
    assert np.bitwise_count(codes[0] ^ codes[1]).reshape(5, 32).sum(axis=1).max() <= 4


@pytest.mark.parametrize(("height", "width"), [(300, 701), (700, 301), (511, 1023), (5, 2049), (2048, 511)])
def test_one_direction_is_averaged_to_the_bit_as_opencv_does(height: int, width: int) -> None:
    plane = np.random.default_rng(height).integers(0, 256, (height, width), dtype=np.uint8)
    made = luma(np.repeat(plane[..., None], 3, axis=2))
    while max(plane.shape) >= 512:
        rows, columns = (1 + (side >= 512) for side in plane.shape)
        size = plane.shape[0] // rows, plane.shape[1] // columns
        whole = plane[: size[0] * rows, : size[1] * columns]
        plane = np.asarray(cv2.resize(whole, size[::-1], interpolation=cv2.INTER_AREA), np.uint8)
    np.testing.assert_array_equal(made.plane, plane)
