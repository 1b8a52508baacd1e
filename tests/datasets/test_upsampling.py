"""Decoder layers against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import convolve2d

from forensics.datasets import procedural
from forensics.datasets.upsampling import OPERATORS, decode, pixel_shuffle, transposed_convolution
from forensics.errors import UsageError


@pytest.mark.parametrize("size", [3, 4])
def test_transposed_convolution_is_the_sum_of_shifted_kernels(size: int) -> None:
    rng = np.random.default_rng(size)
    coarse = rng.random((9, 11, 3), dtype=np.float32)
    kernel = rng.random((size, size))
    spread = np.zeros((18, 22))
    spread[::2, ::2] = coarse[..., 1]
    full = convolve2d(spread, kernel)
    start = size - 1 - size // 2  # what the reference pads before the first output
    expected = full[start : start + 18, start : start + 22]
    inside = np.s_[4:-4, 4:-4]
    assert transposed_convolution(coarse, kernel)[..., 1][inside] == pytest.approx(expected[inside], rel=1e-5)


def test_pixel_shuffle_interleaves() -> None:
    channels = np.arange(2 * 2 * 3 * 4 * 3, dtype=np.float32).reshape(2, 2, 3, 4, 3)
    out = pixel_shuffle(channels, 2)
    for y in range(6):
        for x in range(8):
            assert np.array_equal(out[y, x], channels[y % 2, x % 2, y // 2, x // 2])


@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_every_operator_keeps_the_size_and_changes_the_pixels(name: str) -> None:
    picture = procedural.camera(2, 70, 83)
    factor = OPERATORS[name].factor
    made = decode(picture, name, detail=0.4, seed=1)
    assert made.shape == (70 // factor * factor, 83 // factor * factor, 3)
    assert made.dtype == np.uint8
    fine = picture[: made.shape[0], : made.shape[1]]
    assert 0.2 < np.abs(made.astype(float) - fine).mean() < 30
    assert np.array_equal(decode(picture, name, detail=1.0), fine)
    assert decode(picture, name, detail=0.4, seed=1).tobytes() == made.tobytes()


def test_only_layers_with_weights_depend_on_the_seed() -> None:
    picture = procedural.camera(2, 64, 64)
    for name, operator in OPERATORS.items():
        same = np.array_equal(decode(picture, name, seed=1), decode(picture, name, seed=2))
        assert same == operator.interpolation, name


def test_an_enlarged_flat_picture_shows_the_checkerboard_of_a_disturbed_kernel() -> None:
    flat = np.full((64, 64, 3), 128, dtype=np.uint8)
    made = decode(flat, "transposed3", detail=0.0, seed=0).astype(float)[8:-8, 8:-8, 0]
    phases = [made[i::2, j::2].mean() for i in (0, 1) for j in (0, 1)]
    assert np.ptp(phases) > 2
    assert np.ptp(decode(flat, "bilinear2", detail=0.0)) == 0


def test_refusals() -> None:
    picture = np.zeros((32, 32, 3), np.uint8)
    with pytest.raises(UsageError, match="no operator"):
        decode(picture, "bicubic9")
    with pytest.raises(UsageError, match="share"):
        decode(picture, "nearest2", detail=1.5)
    with pytest.raises(UsageError, match="too small"):
        decode(np.zeros((8, 64, 3), np.uint8), "latent8")
