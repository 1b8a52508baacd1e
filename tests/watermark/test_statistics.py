"""Tails, intervals and nulls against SciPy, against exact fractions and against enumeration."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest, expon, kstest, norm

from forensics.watermark.statistics import (
    RADEMACHER,
    Null,
    Together,
    bit_match_p_value,
    fit_null,
    fit_together,
    log10_normal_tail,
    most_of,
    wilson,
)


@given(st.floats(-30, 400))
def test_tail_is_scipys_far_beyond_underflow(z: float) -> None:
    assert log10_normal_tail(z) == pytest.approx(norm.logsf(z) / math.log(10), rel=1e-6, abs=1e-12)


def test_tail_is_smooth_where_the_series_begins() -> None:
    z = np.linspace(19.9, 20.1, 2001)
    steps = np.diff([log10_normal_tail(v) for v in z])
    assert steps.max() < 0
    assert np.abs(np.diff(steps)).max() < 1e-5


@given(p=st.integers(1, 60), count=st.integers(1, 10**7))
def test_largest_of_many_is_counted_exactly(p: int, count: int) -> None:
    exact = 1 - (1 - Fraction(1, 10**p)) ** min(count, 400)
    expected = math.log10(exact.numerator) - math.log10(exact.denominator)
    assert most_of(-float(p), min(count, 400)) == pytest.approx(expected, abs=1e-6)
    assert most_of(-float(p), count) <= min(0.0, -p + math.log10(count)) + 1e-12


@given(st.floats(-400, 0), st.floats(1, 1e12), st.floats(1, 1e3))
def test_more_looks_never_make_surer(log10_p: float, count: float, more: float) -> None:
    assert most_of(log10_p, count) <= most_of(log10_p, count * more) + 1e-9
    assert most_of(log10_p, count) <= 0
    assert most_of(log10_p, count) >= log10_p - 1e-9 or log10_p == 0


@given(bits=st.integers(1, 200), data=st.data())
def test_matching_bits_are_binomial(bits: int, data: st.DataObject) -> None:
    matches = data.draw(st.integers(0, bits))
    assert bit_match_p_value(matches, bits) == pytest.approx(binom.sf(matches - 1, bits, 0.5), rel=1e-9)


@given(trials=st.integers(1, 500), data=st.data())
def test_interval_is_wilsons(trials: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, trials))
    expected = binomtest(successes, trials).proportion_ci(method="wilson")
    found = wilson(successes, trials)
    assert found.low == pytest.approx(expected.low, abs=1e-6)
    assert found.high == pytest.approx(expected.high, abs=1e-6)
    # By hand: the ends are the shares p of which the observed one is exactly z deviations away.
    for end, inner in ((found.low, successes > 0), (found.high, successes < trials)):
        distance = abs(successes / trials - end) - 1.959964 * math.sqrt(end * (1 - end) / trials)
        assert not inner or abs(distance) < 1e-9


@settings(max_examples=40)
@given(st.lists(st.floats(0.01, 10), min_size=2, max_size=12))
def test_random_signs_stay_below_the_bound(weights: list[float]) -> None:
    """All sums of a few weighted signs: none has a heavier tail than 3.18 times the normal one."""
    unit = np.array(weights) / math.sqrt(sum(w * w for w in weights))
    sums = np.sort(np.array(list(itertools.product((-1.0, 1.0), repeat=len(unit)))) @ unit)
    tail = 1 - np.arange(len(sums)) / len(sums)
    assert (tail <= RADEMACHER * norm.sf(sums - 1e-9) + 1e-12).all()


@pytest.mark.parametrize("independent", [50, 400])
def test_null_counts_the_independent_hypotheses(rng: np.random.Generator, independent: int) -> None:
    """Of 1000 hypotheses only some are independent: the fit finds how many, and its p-values are uniform."""
    largest = rng.standard_normal((3000, independent)).max(axis=1)
    null = fit_null(largest[:1500].tolist(), [1000] * 1500, pictures=30)
    assert null.share == pytest.approx(independent / 1000, rel=0.15)
    assert (null.pictures, null.pairs) == (30, 1500)
    p_values = [10 ** null.log10_p(float(z), 1000) for z in largest[1500:]]
    assert kstest(p_values, "uniform").pvalue > 1e-3


def test_null_reports_its_own_misfit(rng: np.random.Generator) -> None:
    largest = rng.standard_normal((800, 100)).max(axis=1).tolist()
    null = fit_null(largest, [100] * 800, pictures=8)
    p_values = [10 ** null.log10_p(z, 100) for z in largest]
    assert null.misfit == pytest.approx(kstest(p_values, "uniform").statistic, abs=1e-4)
    assert sum(null.counts) == 800
    assert null.counts[0] == sum(p > 0.1 for p in p_values)
    assert null.counts[1] == sum(0.01 < p <= 0.1 for p in p_values)


def test_null_never_exceeds_the_bound(rng: np.random.Generator) -> None:
    largest = (5 + rng.standard_normal((200, 100))).max(axis=1).tolist()
    null = fit_null(largest, [100] * 200, pictures=8)
    assert null.share == RADEMACHER
    assert null.misfit > 0.9


def test_pictures_in_which_nothing_correlates_make_no_others_look_sure(rng: np.random.Generator) -> None:
    """A black picture has no correlations at all; some of them must not change the tail of the rest."""
    usual = rng.standard_normal((1900, 300)).max(axis=1).tolist()
    null = fit_null([*usual, *[0.0] * 100], [1000] * 2000, pictures=20)
    assert null.share == pytest.approx(0.3, rel=0.2)
    p_values = [10 ** null.log10_p(float(z), 1000) for z in rng.standard_normal((4000, 300)).max(axis=1)]
    assert binomtest(sum(p <= 0.01 for p in p_values), 4000, 0.013, alternative="greater").pvalue > 1e-3


def test_unmeasured_null_is_the_bound() -> None:
    assert Null().log10_p(12.0, 10**6) == pytest.approx(
        norm.logsf(12.0) / math.log(10) + 6 + math.log10(RADEMACHER), abs=1e-6
    )
    assert Null().log10_p(-3.0, 10) == pytest.approx(0, abs=1e-6)


def test_sums_that_say_the_truth_are_left_as_they_are(rng: np.random.Generator) -> None:
    for size in (9_000, 200_000):
        found = fit_together(np.log10(rng.uniform(size=size)).tolist())
        assert found.share == pytest.approx(1.0, abs=0.05)
        assert found.decline < 0.02


_POWER_LAWS = pytest.mark.parametrize(("share", "decline"), [(0.5, 0.0), (0.7, 0.3), (0.3, 0.1)])


@_POWER_LAWS
def test_few_sums_make_p_values_that_are_never_too_small(
    share: float, decline: float, rng: np.random.Generator
) -> None:
    uniform = np.log10(rng.uniform(size=round(900 / (share * 0.1))))
    found = fit_together([Together(share, decline).allowed(p) for p in uniform[: len(uniform) * 2 // 3]])
    assert share <= found.share < share * 1.2
    assert decline * 0.6 - 0.1 < found.decline <= decline
    corrected = np.array([found.corrected(Together(share, decline).allowed(p)) for p in uniform])
    for rate, least in ((0.1, 0.75), (0.01, 0.6), (0.001, 0.3)):
        assert least * rate < (corrected <= np.log10(rate)).mean() <= 1.05 * rate + 1e-4


@_POWER_LAWS
def test_many_sums_make_p_values_that_are_true(
    share: float, decline: float, rng: np.random.Generator
) -> None:
    """Sums whose small ones are rarer than they say, by a power law, become as rare as they say."""
    uniform = np.log10(rng.uniform(size=300_000))
    sums = [Together(share, decline).allowed(p) for p in uniform]
    found = fit_together(sums)
    assert found.share == pytest.approx(share, rel=0.02)
    assert found.decline == pytest.approx(decline, abs=0.02)
    corrected = np.array([found.corrected(value) for value in sums])
    for rate, most in ((0.1, 0.02), (0.01, 0.05), (0.001, 0.15)):
        assert (corrected <= np.log10(rate)).mean() == pytest.approx(rate, rel=most)


@pytest.mark.parametrize(("size", "deviations"), [(1000, 1.959964), (30_000, 0.0)])
def test_hill_estimator_is_that_of_an_exponential_fit(
    size: int, deviations: float, rng: np.random.Generator
) -> None:
    sums = -rng.exponential(0.4, size)
    beyond = -1 - sums[sums <= -1]
    _, mean = expon.fit(beyond * np.log(10), floc=0)
    expected = (1 / mean) * (1 - deviations / np.sqrt(len(beyond))) - 1
    assert len(beyond) > 2000 or len(beyond) < 200
    assert fit_together(sums.tolist()).decline == pytest.approx(max(0.0, expected))


def test_few_small_sums_leave_the_share_careful() -> None:
    assert fit_together([-0.5] * 100).share == pytest.approx(wilson(0, 100).high / 0.1)
    assert fit_together([-0.5] * 100).decline == 0.0
    assert fit_together([-0.5] * 10).share == 1.0
    assert fit_together([-1.0]).decline == 0.0
    steep = np.full(100, -1.01).tolist()
    assert fit_together([-0.2] * 500 + steep[:99]).decline == 0.0  # they say too little of a tail
    assert fit_together([-0.2] * 500 + steep).decline == 1.0  # never more


@pytest.mark.parametrize("together", [Together(), Together(0.5), Together(0.4, 0.25)])
def test_correction_is_monotone_and_undone(together: Together) -> None:
    sums = np.linspace(-12, 1, 500)
    corrected = np.array([together.corrected(value) for value in sums])
    assert (np.diff(corrected) >= 0).all()
    assert corrected[-1] == 0.0
    below = corrected < 0
    again = [together.allowed(value) for value in corrected[below]]
    np.testing.assert_allclose(again, sums[below], atol=1e-9)


def test_decline_ends_where_nothing_was_measured() -> None:
    together = Together(0.5, 0.25)
    assert together.corrected(-0.5) == pytest.approx(-0.5 + np.log10(0.5))
    assert together.corrected(-2.0) == pytest.approx(-2.0 + np.log10(0.5) - 0.25)
    for value in (-3.0, -6.0, -30.0):
        assert together.corrected(value) == pytest.approx(value + np.log10(0.5) - 0.5)
