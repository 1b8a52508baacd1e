"""Features of tiles, against other libraries and by hand."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from forensics.detectors.fingerprint.residue import fingerprint_of, noise_residuals
from forensics.detectors.learned.counts import cooccurrences
from forensics.detectors.learned.reconstruction import BANDS, error_features
from forensics.detectors.learned.spectra import cosine_features, luma_of, profile_features
from forensics.detectors.learned.tiles import cut_colour

Pixels = npt.NDArray[np.uint8]


def tiles(count: int = 3, side: int = 32, seed: int = 0) -> Pixels:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, side, side, 3), dtype=np.uint8)


def test_profile_is_the_mean_over_rings_of_the_power_under_a_window() -> None:
    """Ring by ring, frequency by frequency."""
    pictures = tiles(2)
    side = 32
    found = profile_features(pictures)
    hann = np.hanning(side + 1)[:-1]  # periodic
    for picture, profile in zip(pictures, found, strict=True):
        luma = picture @ np.array([0.299, 0.587, 0.114])
        power = np.abs(np.fft.fft2((luma - luma.mean()) * np.outer(hann, hann))) ** 2 / side**2
        rings: dict[int, list[float]] = {}
        for y in range(side):
            for x in range(side):
                radius = np.hypot(min(y, side - y), min(x, side - x))
                rings.setdefault(round(radius), []).append(power[y, x])
        expected = np.array([np.log10(np.mean(rings[k]) + 1e-3) for k in sorted(rings)][1:-1])
        assert profile == pytest.approx(expected - expected.mean(), abs=1e-4)


def test_a_wave_stands_in_its_own_ring() -> None:
    x = np.arange(64)
    wave = 128 + 40 * np.cos(2 * np.pi * x * 12 / 64)
    picture = np.broadcast_to(wave[None, None, :, None], (1, 64, 64, 3)).astype(np.uint8)
    assert int(profile_features(picture)[0].argmax()) == 12 - 1


def test_profile_does_not_tell_the_contrast() -> None:
    quiet = (100 + tiles() // 4).astype(np.uint8)
    loud = (quiet.astype(int) * 2 - 164).clip(0, 255).astype(np.uint8)
    assert profile_features(quiet) == pytest.approx(profile_features(loud), abs=0.05)


def test_cosine_transform_is_that_of_scipy() -> None:
    fft = pytest.importorskip("scipy.fft")
    pictures = tiles()
    expected = [np.log10(np.abs(fft.dctn(luma, norm="ortho")) + 1e-3) for luma in luma_of(pictures)]
    assert cosine_features(pictures) == pytest.approx(np.stack(expected), abs=1e-2)


def test_cooccurrences_are_those_of_scikit_image() -> None:
    feature = pytest.importorskip("skimage.feature")
    pictures = tiles(2, 24)
    found = cooccurrences(pictures)
    for picture, matrices in zip(pictures, found, strict=True):
        for channel in range(3):
            counts = feature.graycomatrix(picture[..., channel], [1], [0], levels=256)[:, :, 0, 0]
            assert matrices[channel] == pytest.approx(256 * np.sqrt(counts / counts.sum()), abs=1e-4)


def test_colours_are_counted_apart() -> None:
    picture = np.zeros((1, 8, 8, 3), np.uint8)
    picture[..., 1], picture[..., 2] = 7, 200
    found = cooccurrences(picture)[0]
    places = [tuple(np.unravel_index(int(matrix.argmax()), matrix.shape)) for matrix in found]
    assert places == [(0, 0), (7, 7), (200, 200)]


@pytest.mark.parametrize("features", [profile_features, cosine_features, cooccurrences, noise_residuals])
def test_no_tiles_give_no_features(features: object) -> None:
    found = features(np.empty((0, 64, 64, 3), np.uint8))  # type: ignore[operator]
    one = features(tiles(1, 64))  # type: ignore[operator]
    assert found.shape == (0, *one.shape[1:])


def test_what_an_autoencoder_takes_away_is_found_in_its_octave() -> None:
    """One that gives pairs of pixels their mean loses the finest octave and nothing else."""

    def halved(x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        n, c, h, w = x.shape
        means = x.reshape(n, c, h // 2, 2, w // 2, 2).mean(axis=(3, 5))
        return means.repeat(2, axis=2).repeat(2, axis=3)

    pictures = tiles(4, 64)
    found = error_features(pictures, halved)
    assert found.shape == (4, 6 * BANDS)
    assert (found[:, 0] > 3).all()
    assert found[:, 1:BANDS] == pytest.approx(-3, abs=1e-3)  # nothing but the floor
    again = np.rint(255 * np.moveaxis(halved(np.moveaxis(pictures / np.float32(255), -1, 1)), 1, -1))
    assert error_features(again.astype(np.uint8), halved)[:, 0].max() < 0  # was made by it: given back


def test_an_autoencoder_that_gives_all_back_shows_nothing() -> None:
    found = error_features(tiles(2, 64), lambda x: x)
    assert found[:, : 3 * BANDS] == pytest.approx(-3)
    assert found[:, 3 * BANDS :] == pytest.approx(0)


def test_fingerprints_find_the_pattern_that_pictures_share() -> None:
    rng = np.random.default_rng(1)
    pattern = 2.0 * rng.standard_normal((32, 32, 3))
    smooth = np.linspace(60, 190, 32)[None, :, None, None] + np.zeros((40, 32, 32, 3))
    noise = rng.normal(0, 2, smooth.shape)
    marked = noise_residuals(np.rint(smooth + noise + pattern).astype(np.uint8))
    plain = noise_residuals(np.rint(smooth + rng.normal(0, 2, smooth.shape)).astype(np.uint8))
    fingerprint = fingerprint_of(marked[:20])
    assert float(np.linalg.norm(fingerprint)) == pytest.approx(1)
    own = (marked[20:] * fingerprint).sum(axis=(1, 2, 3))
    others = (plain * fingerprint).sum(axis=(1, 2, 3))
    assert own.min() > 0.3
    assert np.abs(others).max() < 5 / np.sqrt(3 * 32 * 32)  # chance has a deviation of 1 / sqrt N


def test_tiles_lie_on_the_grid_and_hold_something() -> None:
    rng = np.random.default_rng(2)
    picture = rng.integers(0, 256, (200, 330, 3), dtype=np.uint8)
    picture[:64, :64] = 90  # flat
    picture[:64, 64:128] = 255  # clipped
    found = cut_colour(picture, 64)
    assert len(found.pixels) == 3 * 5 - 2
    assert not (found.corners % 64).any()
    for tile, (y, x) in zip(found.pixels, found.corners, strict=True):
        assert (tile == picture[y : y + 64, x : x + 64]).all()


def test_few_tiles_are_spread_over_the_picture() -> None:
    picture = tiles(1, 640)[0]
    found = cut_colour(picture, 64, most=8)
    assert len(found.pixels) == 8
    rows = found.corners[:, 0]
    assert rows.min() < 200
    assert rows.max() > 400


def test_small_pictures_have_no_tiles() -> None:
    assert cut_colour(tiles(1, 40)[0], 64).pixels.shape == (0, 64, 64, 3)
