"""The residual and its clean-up against references written from the equations, by other libraries."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.ndimage import uniform_filter
from scipy.signal import upfirdn

from forensics.detectors.prnu.cleanup import cleaned, fourier_wiener, zero_mean
from forensics.detectors.prnu.residual import grey, residual, wiener_noise
from forensics.detectors.prnu.wavelet import analyse, synthesise

Doubles = npt.NDArray[np.float64]

# The scaling filter of Daubechies with four vanishing moments, from its definition (see `test_filter`).
TAPS = np.array(
    [
        0.23037781330885523, 0.7148465705525415, 0.6308807679295904, -0.02798376941698385,
        -0.18703481171888114, 0.030841381835986965, 0.032883011666982945, -0.010597401784997278,
    ]
)  # fmt: skip
MIRROR = TAPS[::-1] * np.array([1, -1] * 4)


def split(x: Doubles, axis: int) -> tuple[Doubles, Doubles]:
    """One level along an axis, by convolution of the mirrored signal in double precision."""
    n = x.shape[axis]
    wide = np.pad(x, [(7, 7) if a == axis else (0, 0) for a in (0, 1)], mode="symmetric")

    def band(taps: Doubles) -> Doubles:
        whole = np.apply_along_axis(np.convolve, axis, wide, taps[::-1])
        return np.take(whole, 8 + 2 * np.arange((n + 7) // 2), axis=axis)

    return band(TAPS), band(MIRROR)


def joined(low: Doubles, high: Doubles, axis: int) -> Doubles:
    def up(x: Doubles, taps: Doubles) -> Doubles:
        whole = np.apply_along_axis(lambda v: upfirdn(taps, v, up=2), axis, x)
        return np.take(whole, 6 + np.arange(2 * x.shape[axis] - 6), axis=axis)

    return up(low, TAPS) + up(high, MIRROR)


def reference_wiener(x: Doubles, variance: float) -> Doubles:
    least = np.min([uniform_filter(x * x, side, mode="constant") for side in (3, 5, 7, 9)], axis=0)
    return x * variance / (np.maximum(least - variance, 0) + variance)


def reference_denoised(x: Doubles, variance: float, levels: int = 4) -> Doubles:
    if levels == 0:
        return np.zeros_like(x)
    low, high = split(x, 1)
    (coarse, down), (across, both) = split(low, 0), split(high, 0)
    down, across, both = (reference_wiener(b, variance) for b in (down, across, both))
    back = joined(reference_denoised(coarse, variance, levels - 1), down, 0)
    return joined(back, joined(across, both, 0), 1)[: x.shape[0], : x.shape[1]]


def reference_fourier(x: Doubles) -> Doubles:
    spectrum = np.fft.fft2(x)
    magnitude = np.abs(spectrum) / np.sqrt(x.size)
    return np.real(np.fft.ifft2(spectrum * reference_wiener(magnitude, x.var()) / magnitude))


def test_filter() -> None:
    assert TAPS @ TAPS == pytest.approx(1)
    for step in (2, 4, 6):
        assert TAPS[step:] @ TAPS[:-step] == pytest.approx(0, abs=1e-12)
    for moment in range(4):
        assert np.arange(8.0) ** moment @ MIRROR == pytest.approx(0, abs=1e-8)


@pytest.mark.parametrize("shape", [(96, 128), (97, 131), (64, 65)])
def test_analysis_is_the_convolution_and_synthesis_its_inverse(shape: tuple[int, int]) -> None:
    x = np.random.default_rng(1).normal(0, 40, shape)
    levels = analyse(x.astype(np.float32), 2)
    low, high = split(x, 1)
    coarse, down = split(low, 0)
    across, both = split(high, 0)
    for ours, theirs in zip(levels[0].details, (across, down, both), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-3)
    # Without the coarsest approximation there is everything but that.
    low, high = split(coarse, 1)
    blank = joined(split(low, 0)[0], np.zeros_like(split(low, 0)[1]), 0)
    smooth = joined(blank, np.zeros_like(blank), 1)[: coarse.shape[0], : coarse.shape[1]]
    smooth = joined(smooth, np.zeros_like(down), 0)
    smooth = joined(smooth, np.zeros_like(smooth), 1)[: shape[0], : shape[1]]
    np.testing.assert_allclose(synthesise(levels) + smooth, x, atol=2e-3)


def test_wiener_filter_is_that_of_the_equation() -> None:
    x = np.random.default_rng(2).normal(0, 4, (60, 71))
    np.testing.assert_allclose(wiener_noise(x.astype(np.float32), 9.0), reference_wiener(x, 9.0), atol=1e-4)


@pytest.mark.parametrize("colour", [False, True])
def test_residual_and_cleanup_are_the_reference(photo: npt.NDArray[np.uint8], colour: bool) -> None:
    weights = np.array([0.29893602, 0.58704307, 0.11402090])
    planes = [photo[..., c].astype(float) for c in range(3)] if colour else [photo @ weights]
    parts = [reference_denoised(p, 25.0) for p in planes]
    expected = np.tensordot(weights, parts, 1) if colour else parts[0]
    ours = residual(photo, colour=colour, sigma=5.0)
    np.testing.assert_allclose(ours, expected, atol=1e-2)
    assert np.corrcoef(cleaned(ours).ravel(), reference_fourier(zero_mean(ours).astype(float)).ravel())[
        0, 1
    ] == pytest.approx(1, abs=1e-6)


def test_zero_mean_leaves_no_row_or_column_at_any_site() -> None:
    plane = np.random.default_rng(3).normal(3, 5, (40, 51)).astype(np.float32)
    plane[::2] += 7
    out = zero_mean(plane)
    for row in (0, 1):
        for column in (0, 1):
            part = out[row::2, column::2]
            assert np.abs(part.mean(axis=0)).max() < 1e-4
            assert np.abs(part.mean(axis=1)).max() < 1e-4
    np.testing.assert_allclose(zero_mean(out), out, atol=1e-4)


def test_lines_in_the_spectrum_are_taken_out_and_noise_stays() -> None:
    rng = np.random.default_rng(4)
    noise = rng.normal(0, 1, (128, 128)).astype(np.float32)
    y, x = np.mgrid[:128, :128]
    lines = (0.8 * np.sin(2 * np.pi * (x / 8 + y / 4))).astype(np.float32)
    out = fourier_wiener(noise + lines)
    assert np.corrcoef(out.ravel(), lines.ravel())[0, 1] < 0.1
    assert np.corrcoef(out.ravel(), noise.ravel())[0, 1] > 0.9
    assert np.array_equal(fourier_wiener(np.zeros((64, 64), np.float32)), np.zeros((64, 64), np.float32))


def test_grey_pictures_are_their_own_grey(photo: npt.NDArray[np.uint8]) -> None:
    plane = photo[..., 1]
    np.testing.assert_array_equal(grey(plane), plane.astype(np.float32))
    np.testing.assert_allclose(residual(plane), residual(plane, colour=True))
