"""Outlines against the areas that geometry gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.datasets.outlines import REACH, coverage, outline
from forensics.datasets.words import KINDS

CIRCLES = np.pi * (1 - 0.55**2)
AREAS = {
    "cross": 2 * 0.68 * 2.0 - 0.68**2,
    "disc": np.pi,
    "ring": CIRCLES,
    "square": 1.72**2,
    "star": 10 * 0.5 * 1.15 * 0.5 * np.sin(np.pi / 5),
    "triangle": 3 * np.sqrt(3) / 4 * 1.15**2,
}


def area(kind: str) -> float:
    """Signed sums of the shoelace formula, the inner contour of the ring taken away."""
    sums = []
    for corners in outline(kind):
        x, y = corners.T
        sums.append(abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2)
    return sums[0] - sum(sums[1:])


def centre(cover: np.ndarray) -> np.ndarray:
    """Centre of mass (x, y) in shares of the side."""
    places = (np.arange(len(cover)) + 0.5) / len(cover)
    return np.array([(cover.sum(0) * places).sum(), (cover.sum(1) * places).sum()]) / cover.sum()


def bite() -> float:
    """Area that two discs of radius 1 and 0.82, half a radius apart, have in common."""
    r, d = 0.82, 0.5
    first = np.arccos((d * d + 1 - r * r) / (2 * d))
    second = r * r * np.arccos((d * d + r * r - 1) / (2 * d * r))
    root = np.sqrt((-d + 1 + r) * (d + 1 - r) * (d - 1 + r) * (d + 1 + r))
    return float(first + second - root / 2)


@pytest.mark.parametrize("kind", KINDS)
def test_drawn_area_is_that_of_the_outline(kind: str) -> None:
    for side in (32, 64, 200):
        drawn = coverage(kind, (0.5, 0.47), 0.3, 0.4, side).sum() / side**2
        assert drawn == pytest.approx(area(kind) * 0.3**2, rel=0.03)


def test_areas_are_those_of_geometry() -> None:
    for kind, expected in AREAS.items():
        assert area(kind) == pytest.approx(expected, rel=0.01), kind
    assert area("crescent") == pytest.approx(np.pi - bite(), rel=0.01)
    assert area("heart") * 15.5**2 == pytest.approx(180 * np.pi, rel=0.01)  # that of the curve, exactly


@pytest.mark.parametrize("kind", KINDS)
def test_no_outline_reaches_beyond_its_reach(kind: str) -> None:
    farthest = max(float(np.hypot(*corners.T).max()) for corners in outline(kind))
    assert 0.95 < farthest <= REACH + 0.001


def test_places_are_exact_to_parts_of_pixels() -> None:
    moved = [centre(coverage("disc", (0.5 + step / 64, 0.4), 0.2, 0.0, 64)) for step in (0, 0.25, 0.5, 0.75)]
    assert np.array(moved) * 64 == pytest.approx(
        np.array([[32, 25.6]]) + [[s, 0] for s in (0, 0.25, 0.5, 0.75)], abs=0.03
    )


def test_angles_turn_clockwise() -> None:
    """The top corner of a triangle points right after a quarter turn."""
    cover = coverage("triangle", (0.5, 0.5), 0.4, np.pi / 2, 64)
    heights = (cover > 0.5).sum(axis=0)
    widths = np.flatnonzero(heights)
    assert heights[widths[0] + 1] > heights[widths[-1] - 1]
    upright = (coverage("triangle", (0.5, 0.5), 0.4, 0.0, 64) > 0.5).sum(axis=1)
    rows = np.flatnonzero(upright)
    assert upright[rows[0] + 1] < upright[rows[-1] - 1]


@given(
    st.sampled_from(KINDS),
    st.floats(-0.3, 1.3),
    st.floats(-0.3, 1.3),
    st.floats(0.02, 0.6),
    st.integers(1, 80),
)
def test_coverage_is_a_share_wherever_a_thing_lies(
    kind: str, x: float, y: float, radius: float, side: int
) -> None:
    cover = coverage(kind, (x, y), radius, 1.0, side)
    assert cover.shape == (side, side)
    assert cover.dtype == np.float32
    assert 0 <= cover.min() <= cover.max() <= 1
