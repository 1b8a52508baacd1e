"""From pixels to bins, against SciPy and NumPy."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter, uniform_filter
from scipy.stats import kstest

from forensics.watermark.spread.analysis import OCTAVES, fold, normalised, octave, reduced, tile_spectrum


@pytest.mark.parametrize(
    ("size", "times"),
    [((128, 128), 0), ((1023, 5000), 0), ((1024, 1024), 1), ((5000, 2047), 1), ((3000, 4000), 2),
     ((4096, 9000), 3), ((1, 1), 0), ((60_000, 60_000), OCTAVES - 1)],
)  # fmt: skip
def test_shorter_side_is_halved_while_it_stays_above_512(size: tuple[int, int], times: int) -> None:
    assert octave(*size) == octave(*size[::-1]) == times


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_halving_averages(rng: np.random.Generator, dtype: type) -> None:
    luma = rng.integers(0, 256, (64, 96)).astype(dtype)
    half = reduced(luma, 2)
    assert (half.dtype, half.shape) == (np.float32, (16, 24))
    expected = luma.astype(np.float64).reshape(16, 4, 24, 4).mean(axis=(1, 3))
    np.testing.assert_allclose(half, expected, atol=0.51 if dtype is np.uint8 else 1e-3)
    np.testing.assert_array_equal(reduced(luma, 0), luma.astype(np.float32))
    assert reduced(luma[:1, :1], 3).shape == (1, 1)


def test_high_pass_over_deviation_is_as_written(rng: np.random.Generator) -> None:
    luma = (128 + 40 * rng.standard_normal((90, 113))).astype(np.float32)
    high = luma - gaussian_filter(luma.astype(np.float64), 2.5, mode="mirror", truncate=4)
    spread = np.sqrt(uniform_filter(high**2, 9, mode="mirror")) + 2
    np.testing.assert_allclose(normalised(luma), np.clip(high / spread, -3, 3), atol=2e-3)
    assert np.abs(normalised(np.full((40, 40), 77, np.float32))).max() < 1e-4


@settings(max_examples=40, deadline=None)
@given(height=st.integers(1, 400), width=st.integers(1, 400), seed=st.integers(0, 99))
def test_fold_sums_every_pixel_into_its_place(height: int, width: int, seed: int) -> None:
    plane = np.random.default_rng(seed).standard_normal((height, width)).astype(np.float32)
    expected = np.zeros((128, 128))
    rows, columns = np.indices(plane.shape)
    np.add.at(expected, (rows % 128, columns % 128), plane)
    np.testing.assert_allclose(fold(plane), expected, atol=1e-4)


@pytest.mark.parametrize("alternating", [False, True])
def test_bins_of_noise_have_unit_variance(rng: np.random.Generator, alternating: bool) -> None:
    noises = [fold(rng.standard_normal((300, 350)).astype(np.float32)) for _ in range(30)]
    spectra = np.stack([tile_spectrum(noise, alternating=alternating) for noise in noises])
    inner = spectra[:, 2:15, 2:15]
    for part in (inner.real, inner.imag):
        assert float((part**2).mean()) == pytest.approx(1, abs=0.08)
        assert abs(float(part.mean())) < 0.05
    assert kstest(inner.real[::3].ravel()[::5], "norm").pvalue > 1e-3


def test_pattern_of_the_period_stands_out_with_its_phases(rng: np.random.Generator) -> None:
    tile = rng.standard_normal((64, 64)).astype(np.float32)
    plane = np.tile(tile, (8, 9))[:500, :560] * 0.3 + rng.standard_normal((500, 560)).astype(np.float32)
    seen, sent = tile_spectrum(fold(plane)), np.fft.rfft2(tile)
    agreement = np.real(seen * np.conj(sent))[1:15, 1:15] / np.abs(seen * sent)[1:15, 1:15]
    assert float(agreement.mean()) > 0.85
    assert float(np.abs(seen).max()) <= 3.5 + 1e-4


def test_noise_is_measured_between_the_bins_of_the_tile(rng: np.random.Generator) -> None:
    tile = rng.standard_normal((64, 64))
    plane = np.tile(tile, (4, 4)) * 0.8 + rng.standard_normal((256, 256))
    full = np.fft.rfft2(plane.reshape(2, 128, 2, 128).sum(axis=(0, 2)))
    v, u = np.fft.fftfreq(128)[:, None] * 64, np.fft.rfftfreq(128)[None] * 64
    between = np.ones(full.shape, bool)
    between[::2, ::2] = False
    edges = np.linspace(1, 17, 13)
    rings = [between & (np.hypot(v, u) >= a) & (np.hypot(v, u) < b) for a, b in itertools.pairwise(edges)]
    means = [(np.abs(full[ring]) ** 2).mean() for ring in rings]
    noise = np.interp(np.hypot(v, u)[::2, ::2], (edges[1:] + edges[:-1]) / 2, means)
    expected = full[::2, ::2] / np.sqrt(noise / 2)
    expected *= np.minimum(1, 3.5 / np.abs(expected))
    np.testing.assert_allclose(tile_spectrum(fold(plane.astype(np.float32))), expected, atol=1e-3)


@pytest.mark.parametrize("alternating", [False, True])
def test_a_mark_of_the_other_kind_is_not_even_noise(rng: np.random.Generator, alternating: bool) -> None:
    def spectrum(plane: np.ndarray) -> np.ndarray:
        return tile_spectrum(fold(plane.astype(np.float32)), alternating=alternating)

    tile, noise = rng.standard_normal((64, 64)), rng.standard_normal((256, 384))
    cell = np.tile(tile, (2, 2)) if alternating else np.block([[tile, -tile], [-tile, tile]])
    other = np.tile(cell, (2, 3))
    alone, both = spectrum(noise), spectrum(noise + 0.8 * other)
    np.testing.assert_allclose(both, alone, rtol=0.35, atol=1e-3)
    assert np.abs(both).mean() == pytest.approx(np.abs(alone).mean(), rel=0.03)
    own = np.block([[tile, -tile], [-tile, tile]]) if alternating else np.tile(tile, (2, 2))
    assert np.abs(spectrum(noise + 0.8 * np.tile(own, (2, 3)))).mean() > 1.8 * np.abs(alone).mean()


def test_strength_of_the_picture_does_not_matter(rng: np.random.Generator) -> None:
    plane = rng.standard_normal((256, 256)).astype(np.float32)
    np.testing.assert_allclose(tile_spectrum(fold(plane * 50)), tile_spectrum(fold(plane)), atol=1e-3)
    assert not tile_spectrum(np.zeros((128, 128), np.float32)).any()
