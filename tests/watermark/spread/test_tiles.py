"""Tile by tile, against plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.watermark.keys import Key
from forensics.watermark.spread.carriers import make_plan, tile_of
from forensics.watermark.spread.tiles import SIGNS, agreement, content_signs, spectra, whole_tiles


@settings(max_examples=30, deadline=None)
@given(
    height=st.integers(1, 300), width=st.integers(1, 300), row=st.integers(0, 63), column=st.integers(0, 63)
)
def test_tiles_are_the_whole_ones(height: int, width: int, row: int, column: int) -> None:
    plane = np.arange(height * width, dtype=np.float32).reshape(height, width)
    tiles = whole_tiles(plane, row, column)
    starts = [list(range(first, size - 63, 64)) for first, size in ((row, height), (column, width))]
    assert tiles.shape == (len(starts[0]), len(starts[1]), 64, 64)
    for i, y in enumerate(starts[0]):
        for j, x in enumerate(starts[1]):
            np.testing.assert_array_equal(tiles[i, j], plane[y : y + 64, x : x + 64])


def test_content_is_diagonal_haar_coefficients(rng: np.random.Generator) -> None:
    luma = rng.uniform(0, 255, (200, 260)).astype(np.float32)
    found = content_signs(luma, 5, 9)
    square = np.kron([[1, -1], [-1, 1]], np.ones((16, 16)))
    whole = np.kron([[1, -1], [-1, 1]], np.ones((32, 32))) / 2048
    quarters = [np.pad(square / 512, ((y, 32 - y), (x, 32 - x))) for y in (0, 32) for x in (0, 32)]
    for i in range(3):
        for j in range(3):
            part = luma[5 + 64 * i : 69 + 64 * i, 9 + 64 * j : 73 + 64 * j]
            expected = [np.tanh((part * haar).sum() / 4) for haar in (whole, *quarters)]
            np.testing.assert_allclose(found[i, j], expected, atol=1e-4)


def test_content_is_the_same_in_another_light_and_the_opposite_in_the_negative(
    rng: np.random.Generator,
) -> None:
    luma = rng.uniform(0, 200, (128, 192)).astype(np.float32)
    np.testing.assert_allclose(content_signs(luma + 40, 0, 0), content_signs(luma, 0, 0), atol=1e-4)
    np.testing.assert_allclose(content_signs(255 - luma, 0, 0), -content_signs(luma, 0, 0), atol=1e-4)
    assert content_signs(luma[:60], 0, 0).shape == (0, 3, SIGNS)


def test_correlations_of_tiles_are_those_of_numpy(key: Key, rng: np.random.Generator) -> None:
    plan = make_plan(key, 127)
    residual = rng.standard_normal((300, 400)).astype(np.float32)
    found = spectra(residual, 10, 20)
    values = np.zeros(len(plan.bins.rows), np.complex64)
    values[plan.data] = rng.standard_normal(len(plan.data)) + 1j
    power = np.zeros((64, 33))
    every = {}
    for i in range(4):
        for j in range(5):
            every[i, j] = np.fft.fft2(residual[10 + 64 * i : 74 + 64 * i, 20 + 64 * j : 84 + 64 * j])[:, :33]
            power += np.abs(every[i, j]) ** 2 / 20
    seen = agreement(found, plan, values)
    assert seen.shape == (4, 5)
    norm = np.sqrt((np.abs(values) ** 2).sum())
    for place, spectrum in every.items():
        whitened = (spectrum / np.sqrt(power / 2))[plan.bins.rows, plan.bins.columns]
        assert seen[place] == pytest.approx(float((whitened * np.conj(values)).real.sum() / norm), abs=1e-3)
    assert float(seen.std()) == pytest.approx(1, abs=0.4)


def test_tiles_that_alternate_all_look_like_the_first(key: Key, rng: np.random.Generator) -> None:
    plan = make_plan(key, 127, alternating=True)
    values = np.zeros(len(plan.bins.rows), np.complex64)
    values[plan.data] = np.exp(2j * np.pi * rng.uniform(size=len(plan.data)))
    residual = np.roll(np.tile(tile_of(plan, values), (3, 4)), (10, 20), (0, 1))
    found = spectra(residual, 10, 20, alternating=True)
    assert found.shape == (5, 7, 64, 16)
    np.testing.assert_allclose(found, np.broadcast_to(found[0, 0], found.shape), atol=1e-3)
    seen = plan.seen(found[2, 3], plan.data)
    np.testing.assert_allclose(np.angle(seen * np.conj(values[plan.data])), 0, atol=1e-3)
    assert agreement(found, plan, values).min() > 10


@pytest.mark.parametrize("alternating", [False, True])
def test_no_tile_at_all_is_no_error(key: Key, alternating: bool) -> None:
    found = spectra(np.zeros((50, 300), np.float32), 0, 0, alternating=alternating)
    assert found.shape == (0, 4, 64, 16)
    assert agreement(
        found, make_plan(key, 127), np.ones(len(make_plan(key, 127).bins.rows), np.complex64)
    ).shape == (0, 4)
