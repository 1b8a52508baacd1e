"""Similarities, crops that show what they should, and eyes held still."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from forensics.detectors.faces.align import EYE_WIDTH, aligned, eye_crops, steady, warped
from forensics.detectors.faces.geometry import Box, Similarity

from .drawn import scene


def smooth(shape: tuple[int, int] = (200, 260)) -> np.ndarray:
    rows, columns = np.indices(shape)
    return (128 + 60 * np.sin(columns / 19) * np.cos(rows / 13)).astype(np.uint8)


def test_similarities_are_those_of_their_matrices() -> None:
    rng = np.random.default_rng(1)
    one, other = (Similarity(complex(*rng.normal(size=2)), complex(*rng.normal(size=2))) for _ in range(2))
    points = rng.normal(size=(7, 2))
    by_matrix = points @ one.matrix[:, :2].T + one.matrix[:, 2]
    np.testing.assert_allclose(one(points), by_matrix, atol=1e-12)
    np.testing.assert_allclose(one.after(other)(points), one(other(points)), atol=1e-12)
    np.testing.assert_allclose(one.inverse()(one(points)), points, atol=1e-12)
    np.testing.assert_allclose(one.scaled(3)(points), 3 * one(points), atol=1e-12)
    again = Similarity.of_matrix(one.matrix)
    assert again == one


def test_two_points_say_a_similarity() -> None:
    rng = np.random.default_rng(2)
    first, second, to_first, to_second = rng.normal(size=(4, 2))
    found = Similarity.between(first, second, to_first, to_second)
    np.testing.assert_allclose(found(first), to_first, atol=1e-12)
    np.testing.assert_allclose(found(second), to_second, atol=1e-12)


def test_boxes() -> None:
    box = Box(10, 20, 40, 90)
    assert box.side == 60
    assert Similarity.of_box(box).box == Box(0, 35, 60, 60)
    assert box.overlap(box) == 1
    assert box.overlap(Box(50, 20, 40, 90)) == 0
    assert Box(0, 0, 0, 0).overlap(Box(0, 0, 0, 0)) == 0
    assert box.scaled(0.5) == Box(5, 10, 20, 45)


def test_a_square_of_whole_pixels_is_copied() -> None:
    picture = smooth()
    np.testing.assert_array_equal(warped(picture, Similarity(64, 30 + 20j), 64), picture[20:84, 30:94])
    colours = np.dstack([picture] * 3)
    np.testing.assert_array_equal(warped(colours, Similarity(64, 30 + 20j), 64), colours[20:84, 30:94])


@pytest.mark.parametrize("factor", [2, 3])
def test_a_larger_square_is_the_mean_of_its_pixels(factor: int) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (200, 260)).astype(np.uint8)
    found = warped(picture, Similarity(32 * factor, 12 + 6j), 32)
    part = picture[6 : 6 + 32 * factor, 12 : 12 + 32 * factor].astype(float)
    expected = part.reshape(32, factor, 32, factor).mean(axis=(1, 3))
    np.testing.assert_allclose(found[2:-2, 2:-2], expected[2:-2, 2:-2], atol=45)  # phases of the grid differ
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.5
    even = warped(smooth(), Similarity(32 * factor, 12 + 6j), 32)
    by_hand = cv2.resize(
        smooth()[6 : 6 + 32 * factor, 12 : 12 + 32 * factor], (32, 32), interpolation=cv2.INTER_AREA
    )
    np.testing.assert_allclose(even.astype(float), by_hand, atol=3)


def test_a_square_beyond_the_border_is_filled() -> None:
    assert warped(smooth(), Similarity(400, -100 - 100j), 64).shape == (64, 64)
    assert warped(smooth(), Similarity(50, -200 - 200j), 64).shape == (64, 64)


@pytest.mark.parametrize("options", [{"turn": 0.0}, {"turn": 15.0}, {"side": 90.0}, {"at": (130, 110)}])
def test_aligned_faces_are_alike(options: dict[str, float]) -> None:
    expected = aligned(*scene(side=150), 96).astype(float)
    found = aligned(*scene(**options), 96).astype(float)
    inner = (slice(20, 80), slice(15, 81))
    assert np.corrcoef(found[inner].ravel(), expected[inner].ravel())[0, 1] > 0.95


def test_the_eye_is_in_the_middle_of_its_crop() -> None:
    picture, eyes = scene(side=200, turn=10)
    for crop in eye_crops(picture, eyes, 33):
        dark = np.argwhere(crop[10:23] < 80) + np.array([10, 0])  # the pupil, without the brow above
        assert np.abs(dark.mean(axis=0) - 16).max() < 3
    marked = np.zeros_like(picture)
    x, y = eyes[1].round().astype(int)
    marked[y - 1 : y + 2, x - 1 : x + 2] = 255
    left, right = eye_crops(marked, eyes, 33)
    assert left.max() == 0
    assert np.unravel_index(right.argmax(), right.shape) == pytest.approx((16, 16), abs=1)
    assert pytest.approx(0.7) == EYE_WIDTH


def test_eyes_are_held_still_by_those_around() -> None:
    seconds = np.arange(100) / 25
    truth = np.array([[0.3, 0.4], [0.7, 0.4]])
    seen = np.full((100, 2, 2), np.nan)
    seen[::6] = truth
    seen[12] = truth + 0.2  # a finder that errs
    found = steady(seconds, seen)
    np.testing.assert_allclose(found, np.broadcast_to(truth, found.shape))
    seen[:60] = np.nan
    found = steady(seconds, seen)
    assert np.isnan(found[:35]).all()
    assert np.isfinite(found[36:]).all()
    assert np.isnan(steady(seconds, np.full((100, 2, 2), np.nan))).all()
