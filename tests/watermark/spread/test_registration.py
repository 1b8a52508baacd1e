"""Fitting the grid: known warps are found again."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from forensics.watermark.keys import Key
from forensics.watermark.spread.carriers import Plan, make_plan, tile_of
from forensics.watermark.spread.embedding import mark_values
from forensics.watermark.spread.geometry import Warp
from forensics.watermark.spread.registration import corrected, displacements

SIZE = (640, 768)
TURN = np.array([[1.0045, -0.006, 1.5], [0.0065, 0.996, -2.0], [0, 0, 1]])
TILT = np.array([[1.004, 0.003, -1.0], [-0.002, 1.003, 1.0], [9e-6, -7e-6, 1]])


KINDS = pytest.mark.parametrize("alternating", [False, True])


def warped(plan: Plan, matrix: np.ndarray, rng: np.random.Generator, noise: float = 2.0) -> np.ndarray:
    """A field of tiles of a mark, of which what should lie at x lies at matrix x."""
    tile = tile_of(plan, mark_values(plan, np.ones(127, np.float32), 2))
    flat = np.roll(np.tile(tile / tile.std(), (14, 16)), (9, 30), (0, 1)).astype(np.float32)
    seen = cv2.warpPerspective(flat, matrix, SIZE[::-1], flags=cv2.INTER_CUBIC)
    return (seen + noise * rng.standard_normal(SIZE)).astype(np.float32)


def error(found: Warp, matrix: np.ndarray) -> float:
    y, x = np.mgrid[64:576:64, 64:704:64]
    points = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float64)[:, None]
    difference = cv2.perspectiveTransform(points, found.matrix) - cv2.perspectiveTransform(points, matrix)
    return float(np.hypot(*difference[:, 0].T).max())


@pytest.mark.parametrize("matrix", [np.eye(3), TURN, TILT], ids=["none", "affine", "homography"])
@KINDS
def test_known_warp_is_found(
    key: Key, rng: np.random.Generator, matrix: np.ndarray, alternating: bool
) -> None:
    plan = make_plan(key, 127, alternating=alternating)
    known = mark_values(plan, np.ones(127, np.float32), 2)
    parts = displacements(warped(plan, matrix, rng), plan, known, 9, 30)
    assert len(parts) > 50
    found = corrected(Warp(np.eye(3), SIZE[::-1]), parts)
    assert found is not None
    assert error(found, matrix) < 0.5
    assert found.size == SIZE[::-1]


@KINDS
@pytest.mark.parametrize("shift", [(4, -3), (-2, 5), (-6, -1)])
def test_displacement_is_that_of_a_plain_shift(
    key: Key, rng: np.random.Generator, alternating: bool, shift: tuple[int, int]
) -> None:
    plan = make_plan(key, 127, alternating=alternating)
    known = mark_values(plan, np.ones(127, np.float32), 2)
    moved = np.array([[1, 0, shift[0]], [0, 1, shift[1]], [0, 0, 1.0]])
    parts = displacements(warped(plan, moved, rng, noise=0.5), plan, known, 9, 30)
    assert len(parts) > 70
    np.testing.assert_allclose(np.median(parts[:, 2:], axis=0), shift, atol=0.1)
    assert parts[0, 0] == 30 + 64
    assert parts[0, 1] == 9 + 64


def test_correction_is_put_before_the_map(key: Key) -> None:
    rng = np.random.default_rng(1)
    points = rng.uniform(0, 500, (40, 2))
    moved = points @ TURN[:2, :2].T + TURN[:2, 2]
    first = Warp(np.diag([2.0, 3.0, 1.0]), (500, 500))
    found = corrected(first, np.hstack([points, moved - points]))
    assert found is not None
    np.testing.assert_allclose(found.matrix / found.matrix[2, 2], first.matrix @ TURN, atol=1e-2)


@KINDS
def test_nothing_consistent_is_no_correction(key: Key, rng: np.random.Generator, alternating: bool) -> None:
    plan = make_plan(key, 127, alternating=alternating)
    known = mark_values(plan, np.zeros(127, np.float32), 2)
    noise = displacements(rng.standard_normal(SIZE).astype(np.float32), plan, known, 0, 0)
    assert noise.shape[1] == 4
    assert len(noise) < 20
    assert corrected(Warp(np.eye(3), SIZE), noise[:5]) is None
    assert displacements(np.zeros((100, 100), np.float32), plan, known, 0, 0).shape == (0, 4)
