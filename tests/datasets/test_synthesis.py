"""Texture synthesis: copies that fit, periods that go on, and Gibbs sampling against all states counted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from forensics.datasets.corpora import CORPORA
from forensics.datasets.synthesis import Grown, ashikhmin, efros_leung, markov_field
from forensics.datasets.words import WORDS
from forensics.errors import UsageError

GROW = [efros_leung, ashikhmin]


@pytest.fixture
def noise() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (14, 15, 3), np.uint8)


def stripes(side: int = 14) -> np.ndarray:
    """Slanted stripes of period 3."""
    colours = np.array([[200, 30, 40], [20, 180, 60], [90, 10, 230]], np.uint8)
    return colours[np.add.outer(np.arange(side), np.arange(side)) % 3]


@pytest.mark.parametrize("grow", GROW)
def test_every_pixel_is_that_of_its_source(grow: Callable[..., Grown], noise: np.ndarray) -> None:
    found = grow(3, noise, 12, 17)
    assert found.pixels.shape == (12, 17, 3)
    np.testing.assert_array_equal(found.pixels, noise[found.rows, found.columns])
    again, other = grow(3, noise, 12, 17), grow(4, noise, 12, 17)
    np.testing.assert_array_equal(found.pixels, again.pixels)
    assert not np.array_equal(found.pixels, other.pixels)


def test_periods_go_on() -> None:
    found = efros_leung(2, stripes(), 20, 16, window=5).pixels.astype(int)
    np.testing.assert_array_equal(found[3:], found[:-3])
    np.testing.assert_array_equal(found[:, 3:], found[:, :-3])
    np.testing.assert_array_equal(found[1:, :-1], found[:-1, 1:])
    assert len(np.unique(found.reshape(-1, 3), axis=0)) == 3


def test_pieces_are_copied_whole(noise: np.ndarray) -> None:
    """Where no two neighbourhoods are alike, going on with a piece is what fits."""
    found = ashikhmin(5, noise, 30, 30)
    assert found.coherence > 0.5
    scattered = np.random.default_rng(0).integers(14, size=(2, 30, 30))
    assert Grown(found.pixels, *scattered).coherence < 0.05


def test_candidates_go_on_with_the_pieces_of_their_neighbours(noise: np.ndarray) -> None:
    """A plain loop over the places above and on the left finds each pixel's source among theirs, moved on."""
    found, reach = ashikhmin(6, noise, 12, 12), 2
    explained = 0
    for y in range(reach, 12):
        for x in range(reach, 12 - reach):
            sources = {
                (found.rows[y + j, x + i] - j, found.columns[y + j, x + i] - i)
                for j in range(-reach, 1)
                for i in range(-reach, reach + 1)
                if j < 0 or i < 0
            }
            inside = {(r, c) for r, c in sources if reach <= r < 14 and reach <= c < 15 - reach}
            explained += not inside or (found.rows[y, x], found.columns[y, x]) in inside
    assert explained == (12 - reach) * (12 - 2 * reach)


def test_samples_have_to_hold_the_window(noise: np.ndarray) -> None:
    for grow in GROW:
        with pytest.raises(UsageError, match="holds its window"):
            grow(0, noise[:4], 8, 8)
        with pytest.raises(UsageError, match="holds its window"):
            grow(0, noise, 8, 8, window=4)
    with pytest.raises(UsageError, match="height is at least 3"):
        efros_leung(0, noise, 2, 8)


def exact(couplings: tuple[float, float]) -> np.ndarray:
    """Return the mean number of equal neighbours across and down, over all 65,536 states of 4 x 4 pixels."""
    bits = np.arange(2**16)[:, None] >> np.arange(16) & 1
    states = bits.reshape(-1, 4, 4)
    equal = np.stack([(states == np.roll(states, 1, axis)).sum((1, 2)) for axis in (2, 1)], axis=1)
    weight = np.exp(equal @ np.array(couplings))
    return (weight[:, None] * equal).sum(0) / weight.sum()


@pytest.mark.parametrize("couplings", [(0.5, 0.3), (0.9, -0.6)])
def test_draws_have_the_means_of_all_states(couplings: tuple[float, float]) -> None:
    drawn = np.stack([markov_field(seed, 4, 4, couplings, sweeps=15) for seed in range(250)])
    equal = np.array([(drawn == np.roll(drawn, 1, axis)).sum((1, 2)).mean() for axis in (2, 1)])
    np.testing.assert_allclose(equal, exact(couplings), atol=0.6)


def test_levels_are_equally_frequent_and_sides_even() -> None:
    found = markov_field(1, 40, 40, (0.2, 0.2), levels=4)
    assert np.bincount(found.ravel(), minlength=4).min() > 250
    with pytest.raises(UsageError, match="even"):
        markov_field(1, 5, 4)
    with pytest.raises(UsageError, match="levels is at least 2"):
        markov_field(1, 4, 4, levels=1)


def test_corpus_of_grown_textures() -> None:
    found = CORPORA["grown"](3, 6, 16)
    assert found.pixels.shape == (6, 16, 16, 3)
    assert found.classes == ("copied pixels", "copied pieces", "Markov field")
    assert set(" ".join(found.captions).split()) <= set(WORDS)
    assert set(found.labels.tolist()) <= {0, 1, 2}
    for label, picture in zip(found.labels, found.pixels, strict=True):
        colours = len(np.unique(picture.reshape(-1, 3), axis=0))
        assert colours == 2 if label == 2 else colours > 20
