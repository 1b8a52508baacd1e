"""The distribution of marked noise, what it says, and p-values on noise that says nothing."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from scipy.stats import kstest, norm

from forensics.errors import UsageError
from forensics.watermark.noise.gaussian_shading import PADS, GaussianShading

from .noises import SHAPE, key_of, strange, white


def test_marked_noise_is_normal_over_keys() -> None:
    noise = white(1)
    marked = np.stack([GaussianShading(key_of(n), SHAPE, "beef", pads=1).mark(noise)[0] for n in range(200)])
    assert kstest(marked[:, 0, 3, 5] / np.abs(noise[0, 0, 3, 5]), "norm").pvalue < 1e-6  # its size is kept
    drawn = [GaussianShading(key_of(n), SHAPE, "beef", pads=4).mark(white(1, seed=n))[0] for n in range(60)]
    assert kstest(np.ravel(drawn), "norm").pvalue > 0.01
    assert abs(np.mean(drawn)) < 4 / math.sqrt(np.size(drawn))
    bound = 4 / math.sqrt(len(marked))
    signs = np.sign(marked).reshape(len(marked), -1)
    assert np.abs(signs.mean(axis=0)).max() < 1.5 * bound  # of 1024 means of 300 signs
    assert np.abs(signs[:, :-1] * signs[:, 1:]).max() == 1
    assert np.abs((signs[:, :-1] * signs[:, 1:]).mean(axis=0)).max() < 1.5 * bound


def test_marked_noise_is_white() -> None:
    mark = GaussianShading(key_of(1), SHAPE, "beef")
    marked = mark.mark(white(200))
    power = (np.abs(np.fft.fft2(marked, norm="ortho")) ** 2).mean(axis=(0, 1))
    assert power == pytest.approx(np.ones(SHAPE[1:]), abs=6 / math.sqrt(800))
    np.testing.assert_array_equal(np.abs(marked), np.abs(white(200)))


def test_many_pads_keep_pictures_different() -> None:
    def likeness(pads: int) -> float:
        marked = GaussianShading(key_of(2), SHAPE, pads=pads).mark(white(12)).reshape(12, -1)
        return float(np.mean([np.corrcoef(a, b)[0, 1] for a, b in combinations(marked, 2)]))

    assert likeness(1) == pytest.approx(2 / math.pi, abs=0.02)  # the square of the mean magnitude
    assert abs(likeness(PADS)) < 0.05


@pytest.mark.parametrize("layout", ["short", "standard", "long"])
def test_payload_comes_back_through_noise(layout: str) -> None:
    mark = GaussianShading(key_of(3), (12, 16, 16), "c0de", layout, pads=16)
    marked = mark.mark(white(3, shape=(12, 16, 16)))
    for each, more in zip(marked, white(3, 7, (12, 16, 16)), strict=True):
        found = mark.detect(each + more)
        assert found.payload is not None
        assert found.payload.verified
        assert int(found.payload.identity, 16) == 0xC0DE
        assert found.log10_p < -30
        assert found.agreement == pytest.approx(
            0.75, abs=0.03
        )  # two normal values, one half of the other's sum


def test_other_keys_payloads_and_pads_find_nothing() -> None:
    (marked,) = GaussianShading(key_of(3), SHAPE, "c0de").mark(white(1))
    other = GaussianShading(key_of(4), SHAPE, "c0de").detect(marked)
    assert other.log10_p == 0.0
    assert other.payload is not None
    assert not other.payload.verified
    mark = GaussianShading(key_of(3), SHAPE)
    assert mark.log10_p_of(marked, "c0de") < -50
    assert mark.log10_p_of(marked, "c0df") > -15  # of this key, but not said: code words have bits in common


def test_raw_bits_are_for_little_noise() -> None:
    shape = (3, 8, 8)
    mark = GaussianShading(key_of(5), shape, "a5", "raw", bits=8, pads=2)
    assert mark.repeats == 24
    (marked,) = mark.mark(white(1, shape=shape))
    found = mark.detect(marked + 0.3 * white(1, 2, shape)[0])
    assert found.payload is not None
    assert (found.payload.identity, found.payload.layout, found.payload.verified) == ("a5", "raw", False)
    assert found.log10_p < -15


def test_votes_are_those_of_a_loop() -> None:
    shape = (2, 5, 5)
    mark = GaussianShading(key_of(6), shape, "d", "raw", bits=4, pads=3)
    noise = white(1, shape=shape)[0]
    totals = []
    for pad in range(3):
        votes, energy = [0.0] * 4, [0.0] * 4
        for place, value in enumerate(noise.ravel().tolist()):
            bit = int(mark.bit_of[place])
            votes[bit] += value * float(mark.signs[pad, place])
            energy[bit] += value * value
        totals.append((sum(v * v / e for v, e in zip(votes, energy, strict=True)), votes))
    total, votes = max(totals)
    ratio = total / 4
    bound = (2 * math.log(ratio) - (total - 4) / 2) / math.log(10) if ratio > 1 else 0.0
    found = mark.detect(noise)
    assert found.log10_p == pytest.approx(min(0.0, bound + math.log10(3)), abs=1e-4)
    assert found.payload is not None
    assert found.payload.identity == f"{int(''.join('1' if v < 0 else '0' for v in votes), 2):x}"
    said = [max(sum(v * s for v, s in zip(row, (-1, -1, 1, -1), strict=True)) for _, row in totals)]
    deviations = said[0] / math.sqrt(float(np.sum(np.square(noise, dtype=float))))
    exact = math.log10(norm.sf(deviations) * 3.18 * 3)
    assert mark.log10_p_of(noise, "d") == pytest.approx(min(0.0, exact), abs=1e-4)


def test_bits_and_pads_are_balanced() -> None:
    mark = GaussianShading(key_of(7), SHAPE)
    counts = np.bincount(mark.bit_of)
    assert set(counts.tolist()) == {mark.repeats, mark.repeats + 1}
    assert abs(mark.signs.mean()) < 4 / math.sqrt(mark.signs.size)
    assert set(np.unique(mark.signs).tolist()) == {-1.0, 1.0}


def test_p_values_are_never_too_small_on_unmarked_noise() -> None:
    mark = GaussianShading(key_of(8), SHAPE, layout="raw", bits=32, pads=1)
    found = np.array([mark.detect(each).p_value for each in white(1000)])
    for rate in (0.3, 0.1, 0.03, 0.01):
        assert np.mean(found <= rate) <= rate
    assert (found < 0.5).any()  # a bound, and not one that says nothing


@pytest.mark.parametrize("number", range(4))
def test_p_values_hold_over_keys_whatever_the_noise(number: int) -> None:
    noise = strange()[number]
    marks = [GaussianShading(key_of(200 + n), SHAPE, layout="raw", pads=2) for n in range(150)]
    found = np.array([mark.detect(noise).p_value for mark in marks])
    known = 10 ** np.array([mark.log10_p_of(noise, "0") for mark in marks])
    for rate in (0.3, 0.1, 0.01):
        assert np.mean(found <= rate) <= rate + 1e-9
        assert np.mean(known <= rate) <= rate + 1e-9


def test_what_cannot_be_done_is_said() -> None:
    mark = GaussianShading(key_of(1), SHAPE)
    assert mark.detect(np.zeros(SHAPE, np.float32)).log10_p == 0.0
    assert mark.log10_p_of(np.zeros(SHAPE, np.float32), "0") == 0.0
    with pytest.raises(UsageError, match="another shape"):
        mark.mark(white(1, shape=(4, 16, 15)))
    with pytest.raises(UsageError, match="of one picture"):
        mark.detect(white(2))
    with pytest.raises(UsageError, match="room for words of at most 24 bits, not 127"):
        GaussianShading(key_of(1), (3, 4, 4))
    with pytest.raises(UsageError, match="under one pad at least"):
        GaussianShading(key_of(1), SHAPE, pads=0)
    with pytest.raises(UsageError, match="no layout 'wide'; there are: standard, short, long, raw"):
        GaussianShading(key_of(1), SHAPE, layout="wide")
    with pytest.raises(UsageError, match="is not a number of at most 2"):
        GaussianShading(key_of(1), SHAPE, "fff", "raw", bits=8)
    with pytest.raises(UsageError, match="one bit at least"):
        GaussianShading(key_of(1), SHAPE, layout="raw", bits=0)
