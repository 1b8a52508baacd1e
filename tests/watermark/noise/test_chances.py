"""Tails against SciPy, closed forms and enumeration."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, chi2, ncx2

from forensics.watermark.noise.chances import log10_cap, log10_noncentral, log10_squares

LN10 = math.log(10)


@given(st.floats(0.0, 0.999), st.integers(2, 100))
def test_cap_is_half_of_a_beta_variables_tail(cosine: float, dimensions: int) -> None:
    expected = (math.log(0.5) + beta.logsf(cosine**2, 0.5, (dimensions - 1) / 2)) / LN10
    if math.isfinite(expected) and expected > -280:
        assert log10_cap(cosine, dimensions) == pytest.approx(expected, rel=1e-6, abs=1e-8)


@given(st.floats(-1.0, 1.0))
def test_cap_of_circle_and_sphere_is_known(cosine: float) -> None:
    inside = min(cosine, 1 - 1e-9)
    assert 10 ** log10_cap(inside, 2) == pytest.approx(math.acos(inside) / math.pi, abs=1e-6)
    assert 10 ** log10_cap(inside, 3) == pytest.approx((1 - inside) / 2, abs=1e-6)


def test_cap_far_out_falls_with_the_sine() -> None:
    """Near its pole a cap is a flat disc of d - 1 dimensions: its size is a power of its radius."""
    near, nearer = (log10_cap(math.cos(angle), 48) for angle in (1e-3, 1e-4))
    assert near - nearer == pytest.approx(47.0, abs=1e-3)
    assert math.isfinite(log10_cap(1.0, 400))


@given(st.floats(0.01, 4000), st.integers(1, 1500), st.floats(0, 2000))
@settings(max_examples=60)
def test_noncentral_is_scipys(value: float, freedom: int, centre: float) -> None:
    exact = ncx2.cdf(value, freedom, centre) if centre else chi2.cdf(value, freedom)
    if 1e-12 < exact < 1 - 1e-6:
        assert log10_noncentral(value, freedom, centre) == pytest.approx(
            math.log10(exact), rel=1e-4, abs=1e-8
        )


def test_noncentral_goes_on_where_scipy_stops() -> None:
    """For little values the density is the constant exp(-c / 2) times the central one, nearly."""
    found = log10_noncentral(1e-3, 600, 500)
    central = (300 * math.log(0.5e-3) - 0.5e-3 - math.lgamma(301)) / LN10
    assert found == pytest.approx(central - 250 / LN10, abs=1e-2)
    assert log10_noncentral(0.0, 4, 3) == -math.inf
    assert log10_noncentral(1e5 + 600, 600, 1.00001e5) == pytest.approx(math.log10(0.5), abs=0.01)
    rising = [log10_noncentral(v, 300, 250) for v in np.geomspace(1e-3, 1e4, 60)]
    assert np.all(np.diff(rising) > -1e-9)
    assert rising[-1] == pytest.approx(0.0, abs=1e-9)


@given(st.integers(1, 60), st.floats(1.0, 10.0))
def test_squares_are_bounded_as_those_of_normal_variables(count: int, times: float) -> None:
    total = count * times
    exact = chi2.logsf(total, count) / LN10
    assert log10_squares(total, count) >= exact - 1e-9
    assert log10_squares(total, count) <= exact + math.log10(2 + 2 * times * math.sqrt(math.pi * count))


@settings(max_examples=30)
@given(st.lists(st.floats(0.05, 10), min_size=6, max_size=12))
def test_squares_of_all_sums_of_weighted_signs_keep_the_bound(weights: list[float]) -> None:
    """Two sums of half of the weights each, in all ways of choosing signs."""
    unit = [np.array(part) / np.linalg.norm(part) for part in (weights[::2], weights[1::2])]
    signs = np.array(list(itertools.product((-1.0, 1.0), repeat=len(weights))))
    totals = np.sort((signs[:, ::2] @ unit[0]) ** 2 + (signs[:, 1::2] @ unit[1]) ** 2)
    for rank, total in enumerate(totals):
        tail = (totals >= total - 1e-12).mean()
        assert math.log10(tail) <= log10_squares(float(total), 2) + 1e-9, rank


def test_nothing_is_said_of_nothing() -> None:
    assert log10_squares(0.0, 0) == 0.0
    assert log10_squares(5.0, 8) == 0.0
