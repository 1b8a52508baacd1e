"""The half spectra that OpenCV packs, against NumPy on odd and even sizes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from forensics.watermark.keys import Key
from forensics.watermark.spread import plane as planes
from forensics.watermark.spread.carriers import make_plan
from forensics.watermark.spread.plane import NAMINGS, Plane, plane_of, real_plane, seen_along, seen_on_tile

SIZES = [(2, 2), (4, 6), (8, 10), (30, 18), (64, 128), (75, 90), (81, 50)]


@pytest.mark.parametrize("size", SIZES)
def test_half_spectrum_is_numpys(rng: np.random.Generator, size: tuple[int, int]) -> None:
    plane = rng.standard_normal(size).astype(np.float32)
    expected = np.fft.rfft2(plane)[:, : size[1] // 2]
    expected[:, 0] = 0
    np.testing.assert_allclose(planes._half_spectrum(plane), expected, atol=1e-4)


@pytest.mark.parametrize("size", SIZES)
def test_plane_of_a_real_spectrum_is_numpys(rng: np.random.Generator, size: tuple[int, int]) -> None:
    half = rng.standard_normal((size[0], size[1] // 2)).astype(np.float32)
    whole = np.zeros((size[0], size[1] // 2 + 1))
    whole[:, 1:-1] = half[:, 1:]
    np.testing.assert_allclose(real_plane(half), np.fft.irfft2(whole, size), atol=1e-5)


@pytest.mark.parametrize("size", [(64, 64), (63, 65), (127, 100), (100, 33), (1, 40), (2, 3)])
def test_whitened_spectrum_has_the_phases_about_the_middle(
    rng: np.random.Generator, size: tuple[int, int]
) -> None:
    residual = rng.standard_normal(size).astype(np.float32)
    plane = plane_of(residual)
    height, width = plane.values.shape[0], plane.width
    assert (height, width) >= (2 * size[0], 2 * size[1])
    assert (height % 2, width % 2, plane.shape) == (0, 0, size)
    padded = np.zeros((height, width))
    padded[: size[0], : size[1]] = residual
    spectrum = np.fft.rfft2(np.roll(padded, (-(size[0] // 2), -(size[1] // 2)), (0, 1)))[:, : width // 2]
    spectrum[:, 0] = 0
    power = (np.abs(spectrum) ** 2).astype(np.float32)
    window = (int(0.03 * width) | 1, int(0.03 * height) | 1)
    noise = cv2.blur(power, window, borderType=cv2.BORDER_REFLECT_101)
    expected = spectrum * np.minimum(np.sqrt(2 / (noise + 1e-9)), 3.5 / np.maximum(np.abs(spectrum), 1e-4))
    np.testing.assert_allclose(plane.values, expected, atol=5e-3)


def test_looking_up_is_the_plain_sum(rng: np.random.Generator) -> None:
    residual = rng.standard_normal((90, 125)).astype(np.float32)
    plane = plane_of(residual)
    v, u = rng.integers(-80, 81, 200) / len(plane.values), rng.integers(-110, 111, 200) / plane.width
    v, u = v[np.abs(u) > 0.02], u[np.abs(u) > 0.02]
    found = plane.at(np.stack([u, v], axis=1))
    y, x = np.indices(residual.shape)
    direct = np.array(
        [
            (residual * np.exp(-2j * np.pi * (b * (y - 45) + a * (x - 62)))).sum()
            for a, b in zip(u, v, strict=True)
        ]
    )
    inside = (np.abs(u) < 0.495) & (np.abs(v) < 0.495)
    assert inside.sum() > 100
    np.testing.assert_allclose(np.angle(found[inside] / direct[inside]), 0, atol=1e-3)


def test_looking_beyond_the_picture_finds_nothing(rng: np.random.Generator) -> None:
    plane = plane_of(rng.standard_normal((40, 40)).astype(np.float32))
    beyond = np.array([[0.5, 0.1], [0.1, 0.5], [-0.6, 0.0], [3.0, 4.0], [0.2, -0.499]])
    assert not plane.at(beyond).any()
    mirrored = np.array([[0.21, -0.13], [0.3, 0.2]])
    np.testing.assert_array_equal(plane.at(-mirrored), np.conj(plane.at(mirrored)))


@pytest.mark.parametrize("side", [4, 9, 16, 33])
def test_last_column_of_a_small_picture_can_be_looked_up(rng: np.random.Generator, side: int) -> None:
    plane = plane_of(rng.standard_normal((side, side)).astype(np.float32))
    assert plane.at(np.array([[0.4949, 0.4949], [0.4949, -0.4949]])).shape == (2,)


def test_namings_are_the_symmetries_of_the_square() -> None:
    every = {tuple(naming.ravel()) for naming in NAMINGS}
    assert len(every) == 8
    assert all(np.array_equal(n @ n.T, np.eye(2)) for n in NAMINGS)


@pytest.mark.parametrize("alternating", [False, True])
@pytest.mark.parametrize("number", range(8))
def test_turned_tiles_are_read_as_if_they_were_turned_back(
    key: Key, rng: np.random.Generator, number: int, alternating: bool
) -> None:
    """Against two by two tiles that are turned."""
    plan, odd = make_plan(key, 127, alternating=alternating), int(alternating)
    cell = rng.standard_normal((128, 128))
    seen = seen_on_tile(np.fft.rfft2(cell)[odd::2, odd::2].astype(np.complex64), plan)[number]
    y, x = np.indices((128, 128))
    there = NAMINGS[number].astype(int) @ np.stack([x.ravel(), y.ravel()])
    back = cell[there[1] % 128, there[0] % 128].reshape(128, 128)
    expected = plan.seen(np.fft.rfft2(back)[odd::2, odd::2].astype(np.complex64), plan.sync)
    np.testing.assert_allclose(seen, expected, atol=2e-3)


@pytest.mark.parametrize("alternating", [False, True])
def test_tile_along_its_own_periods_shows_its_bins(
    key: Key, rng: np.random.Generator, alternating: bool
) -> None:
    plan, odd = make_plan(key, 127, alternating=alternating), int(alternating)
    tile = rng.standard_normal((64, 64))
    cell = np.block([[tile, -tile], [-tile, tile]]) if alternating else np.tile(tile, (2, 2))
    plane = plane_of(np.tile(cell, (3, 4)).astype(np.float32))
    (seen,) = seen_along(plane, 64 * np.eye(2)[None], plan)
    y, x = (n // 2 for n in plane.shape)
    middle = np.roll(cell, (-(y % 128), -(x % 128)), (0, 1))
    expected = plan.seen(np.fft.rfft2(middle)[odd::2, odd::2].astype(np.complex64), plan.sync)
    angles = np.angle(seen * np.conj(expected))
    assert np.abs(angles).mean() < 0.25
    assert isinstance(plane, Plane)
