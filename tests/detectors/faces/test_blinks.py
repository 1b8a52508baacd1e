"""Blinks in made-up series of eye states, and what their number is worth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from forensics.detectors.faces.blinks import (
    RATES,
    Rates,
    at_most,
    eye_aspect_ratio,
    find_blinks,
    power,
)
from forensics.errors import UsageError

FPS = 30.0


def series(seconds: float, *blinks: tuple[float, float], fps: float = FPS) -> tuple[np.ndarray, np.ndarray]:
    """Return times, and states of eyes that are shut from a second on for so many."""
    times = np.arange(round(seconds * fps)) / fps
    closed = np.full(len(times), 0.05)
    for start, length in blinks:
        closed[(times >= start - 1e-6) & (times < start + length - 1e-6)] = 0.95
    return times, closed


def test_blinks_are_found_with_their_length() -> None:
    found = find_blinks(*series(10, (2, 0.1), (5, 0.3), (8, 0.2)))
    assert [round(b.start, 2) for b in found.blinks] == [2.0, 5.0, 8.0]
    assert [round(b.duration, 3) for b in found.blinks] == [0.1, 0.3, 0.2]
    assert found.long == ()
    assert found.watched == pytest.approx(10.0)
    assert found.rate == pytest.approx(18.0)
    assert found.duration == pytest.approx(0.2)


def test_what_is_no_blink_is_none() -> None:
    times, closed = series(10, (2, 1 / 30), (4, 1.5))  # one frame; eyes that are shut
    closed[times > 8] = 0.7  # unsure, never deep
    found = find_blinks(times, closed)
    assert found.blinks == ()
    assert [round(b.duration, 2) for b in found.long] == [1.5]


def test_a_closure_that_begins_or_ends_outside_is_not_counted() -> None:
    assert find_blinks(*series(3, (0, 0.2), (2.9, 0.2))).blinks == ()


def test_trembling_about_the_threshold_is_one_blink() -> None:
    times, closed = series(4, (2, 0.3))
    closed[(times > 2) & (times < 2.28)] = np.tile([0.6, 0.95], 4)
    assert len(find_blinks(times, closed).blinks) == 1


def test_nothing_is_said_of_what_was_not_seen() -> None:
    times, closed = series(10, (2, 0.2), (6, 0.2))
    closed[(times > 5.5) & (times < 6.1)] = np.nan
    found = find_blinks(times, closed)
    assert len(found.blinks) == 1
    assert found.watched == pytest.approx(9.4, abs=0.1)
    kept = (times < 3) | (times > 7)  # frames are missing altogether
    assert find_blinks(times[kept], closed[kept]).watched == pytest.approx(6.0, abs=0.1)


def test_shifting_time_changes_nothing() -> None:
    times, closed = series(10, (2, 0.2), (6, 0.2))
    one, other = find_blinks(times, closed), find_blinks(times + 100, closed)
    assert other.rate == pytest.approx(one.rate)
    assert [b.duration for b in other.blinks] == pytest.approx([b.duration for b in one.blinks])


def test_regularity_needs_blinks() -> None:
    clock = find_blinks(*series(30, *[(2.0 + 3 * i, 0.2) for i in range(9)]))
    chance = find_blinks(*series(30, (1, 0.2), (2, 0.2), (9, 0.2), (10, 0.2), (28, 0.2)))
    assert clock.irregularity == pytest.approx(0, abs=0.02)
    assert chance.irregularity is not None
    assert chance.irregularity > 0.8
    assert find_blinks(*series(30, (1, 0.2), (5, 0.2))).irregularity is None


def test_empty_and_ill_matched_series() -> None:
    assert find_blinks(np.array([]), np.array([])).watched == 0
    assert find_blinks(np.array([]), np.array([])).rate == 0
    with pytest.raises(UsageError, match="time"):
        find_blinks(np.arange(3.0), np.zeros(2))


@pytest.mark.parametrize("blinks", [0, 1, 5, 30])
@pytest.mark.parametrize("seconds", [6.4, 60.0, 600.0])
def test_chance_of_so_few_is_that_of_scipy(blinks: int, seconds: float) -> None:
    mean = 10.0 * seconds / 60
    assert at_most(blinks, seconds, Rates("", 10.0)) == pytest.approx(
        stats.poisson.cdf(blinks, mean), rel=1e-9
    )
    mixed = stats.nbinom.cdf(blinks, 2.0, 2.0 / (2.0 + mean))
    assert at_most(blinks, seconds, Rates("", 10.0, 2.0)) == pytest.approx(mixed, rel=1e-9)


def test_mixture_is_that_of_people_who_differ() -> None:
    rng = np.random.default_rng(0)
    people = rng.gamma(2.0, 10.0 / 2.0, 200_000)
    drawn = rng.poisson(people * 30 / 60)
    assert at_most(2, 30.0, Rates("", 10.0, 2.0)) == pytest.approx((drawn <= 2).mean(), abs=0.005)


def test_lengths_that_say_something_are_those_of_the_literature() -> None:
    """Zero blinks are rarer than one in a hundred after 16, 28 and 61 s at 17, 10 and 4.5 per minute."""
    for rate, seconds in ((17.0, 16.3), (10.0, 27.7), (4.5, 61.5)):
        assert at_most(0, seconds, Rates("", rate)) == pytest.approx(0.01, rel=0.02)


def test_power_grows_with_length_and_rate_and_falls_with_misses() -> None:
    reading, rest = RATES[0], RATES[2]
    assert power(0, rest) == 0
    assert power(10, rest) > power(5, rest) > power(5, reading) > 0
    assert power(10, rest, noticed=0.5) == pytest.approx(power(5, rest))
    assert at_most(3, 10, rest) > at_most(2, 10, rest)
    assert math.isclose(power(60, RATES[3]), 1 - (2 / 12) ** 2)


def test_aspect_ratio_of_an_ellipse_of_landmarks() -> None:
    angles = np.deg2rad([180, 120, 60, 0, -60, -120])
    for height in (0.0, 0.1, 0.3):
        points = np.stack([np.cos(angles), height * np.sin(angles)], axis=-1)
        expected = height * np.sin(np.deg2rad(60))
        assert eye_aspect_ratio(points) == pytest.approx(expected, abs=1e-9)
        turned = points @ np.array([[0.6, -0.8], [0.8, 0.6]]) * 40 + 7
        assert eye_aspect_ratio(turned) == pytest.approx(expected, abs=1e-9)
    assert eye_aspect_ratio(np.zeros((5, 2, 6, 2))).shape == (5, 2)
    with pytest.raises(UsageError, match="six"):
        eye_aspect_ratio(np.zeros((5, 2)))
