"""Rings by hand, p-values on noise without a mark, and what marked noise keeps."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import kstest, ncx2

from forensics.errors import UsageError
from forensics.watermark.noise.tree_ring import TreeRing

from .noises import SHAPE, key_of, strange, white

SIDE = SHAPE[1]


def centred(channel: np.ndarray) -> np.ndarray:
    """The transform by its sum, with places counted from the middle of the channel."""
    place = np.arange(SIDE) - (SIDE - 1) / 2
    wave = np.exp(-2j * np.pi * np.outer(np.arange(SIDE) - SIDE // 2, place) / SIDE)
    return wave @ channel.astype(float) @ wave.T / SIDE


def radius_of() -> np.ndarray:
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE // 2
    return np.rint(np.sqrt(x * x + y * y))


def test_rings_are_those_of_the_key_and_the_rest_is_left_alone() -> None:
    mark, noise = TreeRing(key_of(1), SHAPE), white(2)
    marked = mark.mark(noise)
    assert marked.dtype == np.float32
    assert marked.shape == noise.shape
    for before, after in zip(noise.reshape(-1, SIDE, SIDE), marked.reshape(-1, SIDE, SIDE), strict=True):
        change = np.abs(centred(after) - centred(before))
        assert change[(radius_of() < 1) | (radius_of() > 4)].max() < 1e-5
    for channel in range(SHAPE[0]):
        spectrum = centred(marked[0, channel])
        for ring in range(1, 5):
            found = spectrum[radius_of() == ring]
            np.testing.assert_allclose(found, mark.values[channel, ring - 1], atol=1e-5)
    assert np.mean(mark.values**2) == pytest.approx(1.0)


def test_marks_are_found_through_noise_by_their_key_alone() -> None:
    mark, other = TreeRing(key_of(1), SHAPE), TreeRing(key_of(2), SHAPE)
    marked = mark.mark(white(8))
    for each, more in zip(marked, white(8, seed=9), strict=True):
        found = mark.detect(each + more)
        assert found.log10_p < -4
        assert found.agreement > 0.8
        assert found.payload is None
        assert other.detect(each).log10_p > -3
    clean = mark.detect(marked[0])
    assert clean.log10_p < -60
    assert clean.published is not None
    assert clean.published < -60
    assert clean.key == key_of(1).id


def test_turned_and_mirrored_noise_has_the_same_rings() -> None:
    mark = TreeRing(key_of(3), SHAPE)
    (marked,) = mark.mark(white(1))
    for turned in (marked[:, ::-1], marked[:, :, ::-1], *(np.rot90(marked, k, (1, 2)) for k in (1, 2, 3))):
        assert mark.detect(turned).agreement == pytest.approx(1.0, abs=1e-6)


def test_p_values_are_uniform_on_unmarked_noise() -> None:
    mark = TreeRing(key_of(4), SHAPE)
    found = [mark.detect(each) for each in white(1000)]
    assert kstest([each.p_value for each in found], "uniform").pvalue > 0.01
    published = np.array([10**each.published for each in found if each.published is not None])
    for rate in (0.1, 0.01):
        assert np.mean(published <= rate) <= rate + 3 * math.sqrt(rate / 1000)


@pytest.mark.parametrize("number", range(4))
def test_p_values_are_uniform_over_keys_whatever_the_noise(number: int) -> None:
    noise = strange()[number]
    found = [TreeRing(key_of(100 + n), SHAPE).detect(noise).p_value for n in range(150)]
    assert kstest(found, "uniform").pvalue > 0.005


def test_published_p_value_is_that_of_the_paper() -> None:
    mark = TreeRing(key_of(5), SHAPE)
    noise = mark.mark(white(1))[0] + 2 * white(1, seed=3)[0]
    there, wanted = [], []
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE // 2
    half = (radius_of() >= 1) & (radius_of() <= 4) & ((y > 0) | ((y == 0) & (x > 0)))
    for channel in range(SHAPE[0]):
        there += list(centred(noise[channel])[half])
        wanted += [mark.values[channel, int(ring) - 1] for ring in radius_of()[half]]
    power = np.mean(np.abs(there) ** 2) / 2
    far = np.sum(np.abs(np.array(there) - wanted) ** 2) / power
    exact = ncx2.logcdf(far, 2 * len(there), np.sum(np.square(wanted)) / power) / math.log(10)
    assert mark.detect(noise).published == pytest.approx(exact, rel=1e-3)


def test_less_can_be_marked() -> None:
    mark, noise = TreeRing(key_of(6), SHAPE, radius=5, channels=2), white(1)
    marked = mark.mark(noise)
    np.testing.assert_array_equal(marked[:, 2:], noise[:, 2:])
    assert mark.values.shape == (2, 5)
    assert mark.detect(marked[0]).log10_p < -15


def test_what_cannot_be_done_is_said() -> None:
    mark = TreeRing(key_of(1), SHAPE)
    assert mark.detect(np.zeros(SHAPE, np.float32)).log10_p == 0.0
    assert mark.detect(np.zeros(SHAPE, np.float32)).published == 0.0
    for given, reason in (
        (white(1, shape=(4, 16, 15)), "another shape"),
        (np.full((1, *SHAPE), np.nan, np.float32), "finite values"),
    ):
        with pytest.raises(UsageError, match=reason):
            mark.mark(given)
    with pytest.raises(UsageError, match="of one picture"):
        mark.detect(white(2))
    with pytest.raises(UsageError, match="height and width"):
        TreeRing(key_of(1), (64,))
    for radius, channels in ((8, 0), (0, 5), (-1, 0)):
        with pytest.raises(UsageError, match="no such rings"):
            TreeRing(key_of(1), SHAPE, radius, channels)
    with pytest.raises(UsageError, match="too few rings"):
        TreeRing(key_of(1), SHAPE, 3, 1)
