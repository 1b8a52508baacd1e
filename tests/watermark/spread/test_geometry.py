"""Maps between pictures and the grid of the tiles."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from forensics.watermark.spread.geometry import of_basis, shortest, straightened, upright

numbers = st.floats(-90, 90)
bases = st.lists(numbers, min_size=4, max_size=4).map(lambda v: np.array(v).reshape(2, 2))


@settings(max_examples=80)
@given(basis=bases)
def test_shortest_periods_span_the_same_lattice(basis: np.ndarray) -> None:
    lengths = np.hypot(*basis)
    assume(lengths.min() > 5 and abs(np.linalg.det(basis)) > 0.02 * lengths.prod())
    short = shortest(basis)
    change = np.linalg.solve(basis, short)
    np.testing.assert_allclose(change, np.rint(change), atol=1e-6)
    assert abs(np.linalg.det(change)) == pytest.approx(1)
    reach = range(-3, 4)
    points = [short @ [i, j] for i, j in itertools.product(reach, reach) if (i, j) != (0, 0)]
    assert np.hypot(*short[:, 0]) == pytest.approx(min(np.hypot(*p) for p in points))
    others = [p for p in points if abs(np.linalg.det(np.stack([short[:, 0], p]))) > 1e-6]
    assert np.hypot(*short[:, 1]) == pytest.approx(min(np.hypot(*p) for p in others))


@given(basis=bases)
def test_upright_names_the_same_periods(basis: np.ndarray) -> None:
    named = upright(basis)
    columns = {tuple(np.round(s * c, 9)) for c in basis.T for s in (1, -1)}
    assert all(tuple(np.round(c, 9)) in columns for c in named.T)
    assert named[0, 0] + named[1, 1] >= abs(basis[0, 0]) + abs(basis[1, 1]) - 1e-9


@pytest.mark.parametrize("angle", [0, 10, 45, 133, 270])
@pytest.mark.parametrize("size", [(100, 300), (333, 128)])
def test_grid_covers_the_picture(angle: float, size: tuple[int, int]) -> None:
    height, width = size
    a = np.radians(angle)
    basis = 40 * np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    warp = of_basis(basis, height, width)
    back = np.linalg.inv(warp.matrix)
    for x, y in itertools.product((0, width), (0, height)):
        u, v, w = back @ [x, y, 1]
        assert -1e-6 <= u / w <= warp.size[0] + 1e-6
        assert -1e-6 <= v / w <= warp.size[1] + 1e-6
    np.testing.assert_allclose(warp.matrix[:2, :2] * 64, basis)


@pytest.mark.parametrize("size", [(128, 32_000), (32_000, 128), (700, 20_000)])
def test_long_picture_lying_slanting_needs_no_more_memory_than_allowed(size: tuple[int, int]) -> None:
    basis = 32 * np.array([[1.0, -1.0], [1.0, 1.0]])
    warp = of_basis(basis, *size)
    assert 1e6 < warp.size[0] * warp.size[1] <= 16_000_000
    assert max(warp.size) <= 32_000
    u, v = np.array(warp.size) / 2
    middle = warp.matrix @ [u, v, 1]
    np.testing.assert_allclose(middle[:2], [size[1] / 2, size[0] / 2], atol=3)


def test_straightening_undoes_a_known_turn(rng: np.random.Generator) -> None:
    smooth = cv2.GaussianBlur(rng.uniform(0, 255, (300, 300)).astype(np.float32), (0, 0), 3)
    a = np.radians(20)
    linear = 0.8 * np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    turned = cv2.warpAffine(smooth, np.hstack([linear, [[120], [20]]]), (400, 400), flags=cv2.INTER_CUBIC)
    warp = of_basis(64 * linear, 400, 400)
    luma, inside = straightened(turned, warp)
    shift = np.linalg.inv(warp.matrix) @ [120, 20, 1]  # where the old origin lies on the grid
    x, y = (int(v) for v in np.rint(shift[:2]))
    assert inside[y + 60 : y + 240, x + 60 : x + 240].all()
    assert np.abs(luma[y + 60 : y + 240, x + 60 : x + 240] - smooth[60:240, 60:240]).mean() < 2.5


def test_outside_is_known(rng: np.random.Generator) -> None:
    a = np.radians(45)
    warp = of_basis(64 * np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]), 200, 200)
    luma, inside = straightened(rng.uniform(0, 255, (200, 200)).astype(np.float32), warp)
    assert luma.shape == inside.shape == warp.size[::-1]
    assert float(inside.mean()) == pytest.approx(0.5, abs=0.06)
    assert not inside[0, 0]
