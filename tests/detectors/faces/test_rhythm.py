"""Cycles, flicker and slices of made-up clips."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from forensics.detectors.faces.rhythm import (
    PERIODS,
    cadence,
    changes,
    detrended,
    flicker,
    repeated,
    xt_slice,
)
from forensics.detectors.faces.temporal import TemporalDetector
from forensics.evidence import Question, Status
from forensics.media import open_media

from .clips import filmed
from .drawn import blinking


def drifting(count: int, seed: int = 0, noise: float = 2.0) -> np.ndarray:
    """Return frames of a pattern that moves smoothly, with noise."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices((24, 40))
    speed = np.cumsum(0.6 + 0.3 * np.sin(np.arange(count) / 40))
    clean = [128 + 80 * np.sin((columns + s) / 5) * np.cos(rows / 4) for s in speed]
    return np.clip(np.stack(clean) + rng.normal(0, noise, (count, 24, 40)), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("period", PERIODS)
def test_cycles_are_found_with_their_period(period: int) -> None:
    frames = drifting(240).astype(float)
    late = np.arange(period, 240, period)
    frames[late] = 0.3 * frames[late] + 0.7 * frames[late - 1]  # these are nearer to the one before
    found = cadence(changes(np.clip(frames, 0, 255).astype(np.uint8)))
    assert found is not None
    assert found.p_value == pytest.approx(0.001)
    assert found.period in (period, 2 * period, 3 * period)


def test_a_clip_of_another_rate_repeats_frames() -> None:
    frames = drifting(160)
    slow = frames[np.repeat(np.arange(160), [1, 1, 1, 2] * 40)]  # 24 to 30 frames per second
    steps = changes(slow)
    assert repeated(steps) == pytest.approx(0.2, abs=0.01)
    found = cadence(steps)
    assert found is not None
    assert (found.period, found.p_value) == (5, pytest.approx(0.001))
    assert found.strength > 0.9


def test_p_values_are_fair_without_a_cycle() -> None:
    """Among 60 clips without a cycle, about as many are below a level as the level says."""
    rng = np.random.default_rng(2)
    trend = np.exp(np.sin(np.arange(128) / 30))
    found = [cadence(trend * rng.gamma(20, 0.05, 128), seed) for seed in range(60)]
    p_values = np.array([one.p_value for one in found if one is not None])
    assert len(p_values) == 60
    assert (p_values <= 0.1).sum() <= 12
    assert (p_values <= 0.5).sum() >= 15
    assert p_values.min() > 0.001


def test_slow_movement_is_no_cycle() -> None:
    steps = 3 + np.sin(2 * np.pi * np.arange(300) / 40) + np.random.default_rng(0).normal(0, 0.2, 300)
    assert np.abs(detrended(steps)).mean() < 0.3 * np.abs(np.log(steps) - np.log(steps).mean()).mean()
    found = cadence(steps)
    assert found is not None
    assert found.p_value > 0.002


def test_short_series_say_nothing() -> None:
    assert cadence(np.ones(47)) is None
    assert repeated(np.array([])) == 0
    assert changes(np.zeros((1, 4, 4), np.uint8)).shape == (0,)


def test_flicker_tells_noise_from_motion() -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (200, 16, 16)).astype(np.uint8)
    assert flicker(noise) == pytest.approx(1.0, abs=0.02)
    ramp = np.broadcast_to(np.arange(100, dtype=np.uint8)[:, None, None], (100, 8, 8))
    assert flicker(ramp) == 0
    assert flicker(np.zeros((10, 4, 4), np.uint8)) is None
    smooth, shaking = flicker(drifting(100, noise=0)), flicker(drifting(100, noise=8))
    assert smooth is not None
    assert shaking is not None
    assert smooth < 0.2 < shaking


def test_a_slice_is_one_row_over_time() -> None:
    frames = drifting(50)
    np.testing.assert_array_equal(xt_slice(frames, 0.5), frames[:, 12])
    np.testing.assert_array_equal(xt_slice(frames, 0.999), frames[:, 23])


def test_the_detector_tells_cycles_as_history(tmp_path: Path) -> None:
    drawn = [frame for frame, _ in blinking(60, [])]
    frames = [np.dstack([drawn[number - number % 3 // 2]] * 3) for number in range(60)]  # each third repeats
    (found,) = TemporalDetector().examine(open_media(filmed(tmp_path / "clip.mp4", frames)))
    assert found.question is Question.HISTORY
    assert found.status is Status.SIGNAL
    assert found.llr is None
    values = {m.name: m.value for m in found.measurements}
    assert values["period"] in (3, 6)
    assert "flicker of the face, held still" in values
    assert {m.name for m in found.maps} == {"xt", "xt_face"}
    assert all(0 <= m.values.min() and m.values.max() <= 1 for m in found.maps)


def test_the_detector_says_nothing_of_stills_and_short_clips(tmp_path: Path) -> None:
    for name, count in (("still", 60), ("short", 10)):
        frames = [np.full((120, 160, 3), 90, np.uint8)] * count
        (found,) = TemporalDetector().examine(open_media(filmed(tmp_path / f"{name}.mp4", frames)))
        assert found.status is Status.NOT_APPLICABLE
