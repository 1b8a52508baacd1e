"""Reading the code word of a tile."""

from __future__ import annotations

import numpy as np
import pytest

from forensics.watermark.keys import Key
from forensics.watermark.payload import LAYOUTS, message
from forensics.watermark.spread.carriers import make_plan
from forensics.watermark.spread.embedding import Placement, mark_values
from forensics.watermark.spread.reading import read_words, ring_gains

PLACE = Placement(5, 13, 40)


def seen(
    key: Key, layout: str, strength: float, rng: np.random.Generator, *, alternating: bool = False
) -> np.ndarray:
    """The half spectrum of a tile with a mark in it, parts of the noise of variance 1."""
    chosen = LAYOUTS[layout]
    code = 1 - 2 * chosen.code.encode(message(key, 0xABC, chosen)).astype(np.float32)
    plan = make_plan(key, len(code), alternating=alternating)
    values = mark_values(plan, code, PLACE.variant)
    half = np.zeros((64, 32 if alternating else 33), np.complex64)
    half[plan.bins.rows, plan.bins.columns] = values * strength * np.sqrt(len(plan.bins.rows))
    moved = plan.seen(half, np.arange(len(plan.bins.rows)), -PLACE.row, -PLACE.column)
    half[plan.bins.rows, plan.bins.columns] = moved
    noise = rng.standard_normal(half.shape) + 1j * rng.standard_normal(half.shape)
    return (half + noise).astype(np.complex64)


@pytest.mark.parametrize("alternating", [False, True])
@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_word_of_every_layout_is_read(
    key: Key, rng: np.random.Generator, layout: str, alternating: bool
) -> None:
    for strength in (1.7, 6.0):
        spectrum = seen(key, layout, strength, rng, alternating=alternating)
        words = read_words(key, spectrum, PLACE, alternating=alternating)
        assert len(words) == 1
        assert words[0].payload.verified
        assert (words[0].payload.layout, int(words[0].payload.identity, 16)) == (layout, 0xABC)
        assert words[0].likelihoods.shape == (LAYOUTS[layout].code.size[0],)
        assert 0.3 < words[0].correlation <= 1


def test_noise_and_wrong_places_give_nothing_verified(key: Key, other: Key, rng: np.random.Generator) -> None:
    marked = seen(key, "standard", 3.0, rng)
    for words in (
        read_words(key, seen(key, "standard", 0.0, rng), PLACE),
        read_words(key, marked, Placement(5, 33, 40)),
        read_words(key, marked, Placement(4, 13, 40)),
        read_words(other, marked, PLACE),
    ):
        assert not any(word.payload.verified for word in words)
        assert len(words) == len(LAYOUTS)
        assert [w.correlation for w in words] == sorted((w.correlation for w in words), reverse=True)


def test_gains_show_which_rings_are_left(key: Key, rng: np.random.Generator) -> None:
    plan = make_plan(key, 127)
    spectrum = seen(key, "standard", 4.0, rng)
    mean, gains = ring_gains(spectrum, plan, PLACE)
    assert gains.shape == plan.data.shape
    assert mean == pytest.approx(4 * np.sqrt(0.25 * len(plan.bins.rows) / len(plan.sync)), rel=0.25)
    rows = np.where(np.arange(64) > 32, np.arange(64) - 64, np.arange(64))
    blurred = spectrum * (np.hypot(rows[:, None], np.arange(33)) < 8)
    _, left = ring_gains(blurred, plan, PLACE)
    assert left[plan.bins.radius[plan.data] < 7].mean() > 2 * left[plan.bins.radius[plan.data] > 11].mean()
    assert (ring_gains(np.zeros((64, 33), np.complex64), plan, PLACE)[1] >= 0).all()
