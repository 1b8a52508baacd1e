"""Moving crops: the window stays inside of the picture, and what is seen moves as it does."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.datasets.moves import LEAST, filmed, journey, reduced
from forensics.datasets.procedural import camera


@given(st.integers(0, 2**32), st.integers(8, 64), st.floats(1, 6), st.floats(1, 6), st.integers(1, 40))
def test_the_window_never_leaves_the_picture(
    seed: int, side: int, high: float, wide: float, frames: int
) -> None:
    shape = (int(np.ceil(LEAST * side * high)), int(np.ceil(LEAST * side * wide)))
    path = journey(np.random.default_rng(seed), shape, side, frames)
    top, left, length = path.T
    assert path.shape == (frames, 3)
    assert min(top.min(), left.min()) >= -1e-9
    assert (top + length).max() <= shape[0] + 1e-9
    assert (left + length).max() <= shape[1] + 1e-9
    assert length.min() >= side - 1e-9


def test_paths_are_smooth_and_neither_still_nor_hurried() -> None:
    speeds, bends, zooms = [], [], []
    for seed in range(60):
        path = journey(np.random.default_rng(seed), (160, 200), 64, 16)
        centres = (path[:, :2] + path[:, 2:] / 2) / path[:, 2:]  # in sides of the window
        steps = np.diff(centres, axis=0)
        speeds.append(np.hypot(*steps.T).mean())
        bends.append(np.abs(np.diff(steps, axis=0)).max())
        zooms.append(path[-1, 2] / path[0, 2])
    assert 0.008 < np.median(speeds) < 0.06
    assert max(speeds) < 0.15
    assert max(bends) < 0.03
    assert min(zooms) < 0.8
    assert max(zooms) > 1.25


def test_what_is_seen_is_exact_to_parts_of_pixels() -> None:
    """A ramp tells where every pixel looks."""
    ramp = np.zeros((100, 120, 3), np.uint8)
    ramp[..., 0], ramp[..., 1] = np.arange(120)[None, :] * 2, np.arange(100)[:, None] * 2
    windows = np.array([[10.0, 20.0, 33.7], [10.3, 20.6, 45.3], [7.3, 11.8, 61.9], [30.0, 40.0, 40.9]])
    for (top, left, length), frame in zip(windows, filmed(ramp, windows, 32).astype(float), strict=True):
        middles = (np.arange(32) + 0.5) * length / 32 - 0.5
        assert frame[..., 0].mean(axis=0) == pytest.approx(2 * (left + middles), abs=0.6)
        assert frame[..., 1].mean(axis=1) == pytest.approx(2 * (top + middles), abs=0.6)
        assert frame[..., 0].mean() == pytest.approx(2 * (left + middles.mean()), abs=0.1)
        assert frame[..., 1].mean() == pytest.approx(2 * (top + middles.mean()), abs=0.1)


def test_what_is_seen_moves_by_the_path() -> None:
    """Phase correlation finds the path again."""
    picture = camera(3, 150, 190)
    window = np.hanning(64)[:, None] * np.hanning(64)[None, :]
    for seed in range(6):
        path = journey(np.random.default_rng(seed), (150, 190), 64, 12)
        path[:, 2] = 70.0  # no zoom: shifts alone
        path[:, :2] = np.clip(path[:, :2], 0, [150 - 70, 190 - 70])
        frames = filmed(picture, path, 64).mean(axis=3)
        frames -= frames.mean(axis=(1, 2), keepdims=True)
        seen = np.array([cv2.phaseCorrelate(a, b)[0][::-1] for a, b in pairwise(frames * window)])
        errors = np.abs(seen + np.diff(path[:, :2], axis=0) * 64 / 70)
        assert errors.max() < 0.6  # what it finds leans towards whole pixels
        assert errors.mean() < 0.2


def test_a_zoom_enlarges() -> None:
    picture = camera(4, 128, 128)
    wide, near = filmed(picture, np.array([[0.0, 0.0, 128.0], [32.0, 32.0, 64.0]]), 64).astype(float)
    again = cv2.resize(near, (32, 32), interpolation=cv2.INTER_AREA)
    assert np.abs(again - wide[16:48, 16:48]).mean() < 6


def test_stills_are_reduced_to_what_is_needed() -> None:
    assert reduced(np.zeros((300, 900, 3), np.uint8), 32).shape == (96, 288, 3)
    small = np.zeros((90, 95, 3), np.uint8)
    assert reduced(small, 32) is small


def test_same_numbers_same_path() -> None:
    first, again = (journey(np.random.default_rng(5), (90, 90), 32, 9) for _ in range(2))
    np.testing.assert_array_equal(first, again)
