"""Textures have the scale, the spectrum and the colours that are said."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.datasets.fields import FIELDS, clouds
from forensics.datasets.numbering import numbered
from forensics.datasets.textures import Texture, texture, texture_of, textures, woven
from forensics.datasets.words import COLOURS, TEXTURES, WORDS
from forensics.errors import UsageError


def spectrum(field: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return power and wave number, in waves over the side, of every frequency."""
    side = len(field)
    power = np.abs(np.fft.fft2(field - field.mean())) ** 2
    fy, fx = np.meshgrid(*(np.fft.fftfreq(side, 1 / side),) * 2, indexing="ij")
    return power, np.hypot(fy, fx)


def middle(field: np.ndarray) -> float:
    """Return the mean wave number, by power."""
    power, waves = spectrum(field)
    return float((power * waves).sum() / power.sum())


@pytest.mark.parametrize("exponent", [0.8, 1.1, 1.5])
def test_clouds_have_the_slope_they_are_asked_for(exponent: float) -> None:
    slopes = []
    for seed in range(4):
        power, waves = spectrum(clouds(np.random.default_rng(seed), 256, 256, exponent))
        used = (waves > 4) & (waves < 100)
        slopes.append(np.polyfit(np.log(waves[used]), np.log(power[used]), 1)[0])
    assert np.mean(slopes) == pytest.approx(-2 * exponent, abs=0.12)


def test_clouds_of_any_exponent_are_drawn() -> None:
    slopes = []
    for seed in range(12):
        power, waves = spectrum(clouds(np.random.default_rng(seed), 128, 128))
        used = (waves > 3) & (waves < 50)
        slopes.append(-np.polyfit(np.log(waves[used]), np.log(power[used]), 1)[0] / 2)
    assert 0.6 < min(slopes) < 1.05
    assert 1.25 < max(slopes) < 1.7


@pytest.mark.parametrize("kind", TEXTURES)
@pytest.mark.parametrize("shape", [(1, 1), (64, 64), (33, 80)])
def test_fields_are_in_range(kind: str, shape: tuple[int, int]) -> None:
    field = FIELDS[kind](np.random.default_rng(2), *shape)
    assert field.shape == shape
    assert field.dtype == np.float32
    assert 0 <= field.min() <= field.max() <= 1
    assert shape == (1, 1) or field.std() > 0.05


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [("stripes", 3, 7), ("checks", 2 * 2**0.5, 3.5 * 2**0.5), ("mazes", 5, 8), ("ripples", 3, 6)],
)
def test_patterns_have_the_scale_that_is_said_at_any_size(kind: str, low: float, high: float) -> None:
    for side in (48, 128):
        found = [middle(FIELDS[kind](np.random.default_rng(seed), side, side)) for seed in range(15)]
        assert 0.85 * low < min(found), found
        assert max(found) < 1.45 * high, found  # edges have overtones


def directed(field: np.ndarray) -> float:
    """Return how much of the power of a pattern lies in one direction: 0 none, 1 all."""
    power, _ = spectrum(field)
    fy, fx = np.meshgrid(*(np.fft.fftfreq(len(field)),) * 2, indexing="ij")
    return float(abs((power * np.exp(2j * np.arctan2(fy, fx))).sum()) / power.sum())


def test_stripes_have_a_direction_and_mazes_and_ripples_have_none() -> None:
    found = {
        kind: np.mean([directed(FIELDS[kind](np.random.default_rng(s), 96, 96)) for s in range(8)])
        for kind in TEXTURES
    }
    assert found["stripes"] > 0.85
    assert max(found["mazes"], found["ripples"], found["checks"], found["cells"]) < 0.45


def test_cells_are_separate_and_even() -> None:
    for seed in range(5):
        field = FIELDS["cells"](np.random.default_rng(seed), 128, 128)
        inside = (field > 0.24).astype(np.uint8)
        count, areas, stats, _ = cv2.connectedComponentsWithStats(inside, connectivity=4)
        large = [n for n in range(1, count) if stats[n, cv2.CC_STAT_AREA] > 60]
        assert 9 <= len(large) <= 60
        deep = cv2.erode(inside, np.ones((11, 11), np.uint8)) > 0
        assert (
            np.median([np.ptp(field[(areas == n) & deep]) for n in large if (deep & (areas == n)).any()])
            < 0.01
        )


def test_marble_has_sharper_bends_than_clouds() -> None:
    """Displacement squeezes and stretches: slopes vary more from place to place."""

    def kurtosis(field: np.ndarray) -> float:
        slopes = np.diff(field, axis=1).ravel()
        return float(((slopes / slopes.std()) ** 4).mean())

    found = {
        kind: np.mean([kurtosis(FIELDS[kind](np.random.default_rng(s), 128, 128)) for s in range(6)])
        for kind in ("marble", "clouds")
    }
    assert found["marble"] > 1.5 * found["clouds"]


@pytest.mark.parametrize("kind", ["checks", "mazes", "ripples", "stripes"])
def test_colours_are_the_two_that_are_named(kind: str) -> None:
    for number in range(12):
        rng = numbered(3, number)
        what = texture_of(rng)
        what = Texture(kind, what.first, what.second)
        picture = woven(rng, what, 64, 64).reshape(-1, 3).astype(float)
        first, second = (np.array(COLOURS[name], float) for name in (what.first, what.second))
        along = (picture - first) @ (second - first) / ((second - first) @ (second - first))
        ends = np.quantile(along, [0.1, 0.9])
        assert np.linalg.norm(picture[along <= ends[0]].mean(axis=0) - first) < 50, what
        assert np.linalg.norm(picture[along >= ends[1]].mean(axis=0) - second) < 50, what


def test_pictures_labels_and_captions_belong_together() -> None:
    made = textures(1, 210, 16)
    assert made.pixels.shape == (210, 16, 16, 3)
    assert (made.pixels.dtype, made.labels.dtype) == (np.uint8, np.int64)
    assert made.classes == TEXTURES
    for name, text in zip(made.labels, made.captions, strict=True):
        kind, _, first, _, second = text.split()
        assert kind == TEXTURES[name]
        assert first != second
        assert set(text.split()) <= set(WORDS)
    counts = np.bincount(made.labels, minlength=len(TEXTURES))
    assert counts.min() > 0.5 * 210 / len(TEXTURES)


def test_same_seed_same_bytes_whatever_follows() -> None:
    few, more = textures(9, 4, 24), textures(9, 8, 24)
    np.testing.assert_array_equal(few.pixels, more.pixels[:4])
    assert texture(5, 20, 30).tobytes() == texture(5, 20, 30).tobytes() != texture(6, 20, 30).tobytes()


@settings(max_examples=30)
@given(st.integers(0, 2**40), st.integers(1, 70), st.integers(1, 70))
def test_textures_of_every_size(seed: int, height: int, width: int) -> None:
    picture = texture(seed, height, width)
    assert picture.shape == (height, width, 3)
    assert picture.dtype == np.uint8


def test_refusals() -> None:
    with pytest.raises(UsageError, match="height is at least 1, not 0"):
        texture(0, 0, 4)
    with pytest.raises(UsageError, match="count"):
        textures(0, 0, 8)
