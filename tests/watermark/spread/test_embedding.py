"""What is added to a picture: its error, its shares, and that it can be read."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from forensics.media.types import Pixels
from forensics.watermark.keys import Key
from forensics.watermark.payload import Payload
from forensics.watermark.spread.analysis import fold, normalised, tile_spectrum
from forensics.watermark.spread.binding import patterns, tile_signs
from forensics.watermark.spread.carriers import make_plan, tile_of
from forensics.watermark.spread.embedding import (
    BIND_SHARE,
    SYNC_SHARE,
    Placement,
    Residual,
    _bound,
    data_values,
    mark_values,
    read_bits,
    residual,
)
from forensics.watermark.spread.masking import visibility
from forensics.watermark.spread.tiles import content_signs

from ..conftest import Scene


@pytest.fixture(scope="module")
def code() -> np.ndarray:
    return np.where(np.random.default_rng(3).random(127) < 0.5, 1.0, -1.0).astype(np.float32)


def grey(pixels: Pixels) -> np.ndarray:
    return np.ascontiguousarray(pixels[..., 1])


@pytest.mark.parametrize("variant", [0, 7])
def test_energy_is_shared_out_as_documented(key: Key, code: np.ndarray, variant: int) -> None:
    plan = make_plan(key, 127)
    values = mark_values(plan, code, variant)
    energy = np.abs(values) ** 2
    assert energy[plan.sync].sum() == pytest.approx(SYNC_SHARE, rel=1e-4)
    assert energy[plan.data].sum() == pytest.approx(1 - SYNC_SHARE - BIND_SHARE, rel=1e-4)
    assert not energy[plan.bind].any()
    np.testing.assert_allclose(np.abs(data_values(plan, code, variant)[plan.data]), 1, rtol=1e-5)


@pytest.mark.parametrize("size", [(150, 333), (256, 256), (1100, 1030)])
@pytest.mark.parametrize("psnr", [34.0, 42.0])
def test_error_is_as_asked_and_bits_can_be_read(
    key: Key, code: np.ndarray, scene: Scene, size: tuple[int, int], psnr: float
) -> None:
    luma, plan, place = grey(scene(3, *size)), make_plan(key, 127), Placement(3, 17, 50)
    found = residual(luma, plan, code, (), place, psnr)
    whole = found.rows(0, size[0])
    assert whole.shape == size
    error = np.rint(whole)
    assert 10 * np.log10(255**2 / float((error**2).mean())) == pytest.approx(psnr, abs=0.15)
    marked = luma + whole
    if size[0] > 1024:
        marked = (
            marked[: size[0] // 2 * 2, : size[1] // 2 * 2]
            .reshape(size[0] // 2, 2, size[1] // 2, 2)
            .mean((1, 3))
        )
    bits = read_bits(tile_spectrum(fold(normalised(marked.astype(np.float32)))), plan, place, 127)
    assert ((bits > 0) == (code > 0)).mean() > (0.97 if size[0] > 200 else 0.85)


@pytest.mark.parametrize("alternating", [False, True])
@pytest.mark.parametrize("size", [(200, 330), (60, 300), (64, 64)])
def test_what_binds_stands_in_whole_tiles(
    key: Key, scene: Scene, size: tuple[int, int], alternating: bool
) -> None:
    plan, place = make_plan(key, 127, alternating=alternating), Placement(0, 30 if size[0] > 64 else 0, 7)
    place = place if size[1] > 64 else Placement(0, 0, 0)
    luma = grey(scene(5, *size)).astype(np.float32)
    bindings = patterns(key, Payload("standard", 1, "00000beef", True), plan, 0)
    found = _bound(luma, plan, bindings, place)
    expected = np.zeros(size, np.float32)
    content = content_signs(luma, place.row, place.column)
    for pattern in bindings:
        signs = tile_signs(pattern, content)
        tile = tile_of(plan, pattern.values) * np.sqrt(BIND_SHARE / len(plan.bind))
        for i, j in np.ndindex(signs.shape):
            y, x = place.row + 64 * i, place.column + 64 * j
            sign = -signs[i, j] if alternating and (i + j) % 2 else signs[i, j]
            expected[y : y + 64, x : x + 64] += sign * tile[:64, :64]
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert found.any() == (min(size) >= 64)
    assert not _bound(luma, plan, (), place).any()


def test_unmarked_bits_have_unit_variance(key: Key, scene: Scene) -> None:
    plan = make_plan(key, 127)
    spectra = [tile_spectrum(fold(normalised(grey(scene(s, 256, 320)).astype(np.float32)))) for s in range(6)]
    weights = np.linspace(0.2, 2, len(plan.data)).astype(np.float32)
    for given in (None, weights):
        bits = np.concatenate([read_bits(s, plan, Placement(1, 2, 3), 127, given) for s in spectra])
        assert float(bits.std()) == pytest.approx(1, abs=0.15)
        assert abs(float(bits.mean())) < 0.15


def test_mark_lies_where_the_eye_overlooks_it(key: Key, code: np.ndarray, rng: np.random.Generator) -> None:
    luma = np.full((256, 512), 127, np.uint8)
    luma[:, 256:] = np.clip(127 + 40 * rng.standard_normal((256, 256)), 0, 255)
    added = residual(luma, make_plan(key, 127), code, (), Placement(0, 0, 0), 40).values
    ratio = np.abs(added[:, 300:]).mean() / np.abs(added[:, :212]).mean()
    seen = visibility(luma.astype(np.float32))
    assert ratio == pytest.approx(seen[:, 300:].mean() / seen[:, :212].mean(), rel=0.1)
    assert ratio > 2


def test_rows_are_the_same_whatever_strip_they_come_in(rng: np.random.Generator) -> None:
    for shape in ((90, 120), (180, 241)):
        found = Residual(rng.standard_normal((90, 120)).astype(np.float32), shape)
        whole = found.rows(0, shape[0])
        for size in (1, 7, 64, 1000):
            parts = list(found.strips(size))
            assert [start for start, _ in parts] == list(range(0, shape[0], size))
            np.testing.assert_allclose(np.concatenate([part for _, part in parts]), whole, atol=2e-3)
    smooth = cv2.GaussianBlur(found.values, (0, 0), 2)
    larger = Residual(smooth, (180, 241)).rows(0, 180)
    expected = cv2.resize(smooth, (241, 180), interpolation=cv2.INTER_CUBIC)
    assert np.abs(larger - expected).max() < 0.02 * np.abs(expected).max()
