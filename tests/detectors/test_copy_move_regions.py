"""Keypoints, maps and the comparison of pixels."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from scipy.ndimage import uniform_filter

from forensics.detectors.copy_move import align, rotation
from forensics.detectors.copy_move.mask import Match, correlation, verify
from forensics.detectors.copy_move.search import credible, score
from forensics.detectors.copy_move.voting import Candidate, translation

Pixels = npt.NDArray[np.uint8]


def texture(seed: int, height: int = 240, width: int = 320) -> Pixels:
    rng = np.random.default_rng(seed)
    coarse = cv2.GaussianBlur(rng.normal(0, 200, (height, width)), (0, 0), 3)
    return np.clip(128 + coarse + rng.normal(0, 5, (height, width)), 8, 247).astype(np.uint8)


def test_mirrored_descriptors_are_those_of_the_mirrored_picture() -> None:
    luma = texture(1)
    points, other = rotation.detect(luma), rotation.detect(np.ascontiguousarray(luma[:, ::-1]))
    flipped = other.places * [-1, 1] + [luma.shape[1] - 1, 0]
    turned = rotation.mirrored(other.descriptors)
    near = np.hypot(*(points.places[:, None] - flipped[None]).transpose(2, 0, 1)) < 0.5
    likeness = np.where(near, points.descriptors @ turned.T, -1).max(axis=1)
    plain = np.where(near, points.descriptors @ other.descriptors.T, -1).max(axis=1)
    assert near.any(axis=1).mean() > 0.9
    assert np.median(likeness) > 0.97
    assert np.median(plain) < 0.9
    np.testing.assert_array_equal(rotation.mirrored(turned), other.descriptors)


def described(*vectors: list[float]) -> rotation.Keypoints:
    """Keypoints far apart with given descriptors, made unit length."""
    rows = np.zeros((len(vectors), 128), np.float32)
    rows[:, : len(vectors[0])] = vectors
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    places = np.array([[100.0 * i, 50.0] for i in range(len(rows))], np.float32)
    return rotation.Keypoints(
        places, np.full(len(rows), 5, np.float32), np.zeros(len(rows), np.float32), rows
    )


def test_all_partners_before_a_gap_are_linked() -> None:
    # Three as near as copies are, and two unlike everything.
    alike = [[1, 0.2, 0, 0, 0], [1, 0, 0.2, 0, 0], [1, 0, 0, 0.2, 0]]
    found = rotation.link(described(*alike, [0, 0, 0, 0, 1], [-1, 1, 1, 1, 0]), least=16.0)
    plain = {tuple(sorted(p)) for p in zip(found.first.tolist(), found.second.tolist(), strict=True)}
    assert plain >= {(0, 1), (0, 2), (1, 2)}
    assert not any(3 in p or 4 in p for p in plain)


def test_further_partners_that_are_only_alike_are_not_linked() -> None:
    # A clear gap behind them, but farther from each other than copies are.
    alike = [[1, 0.5, 0, 0, 0], [1, 0, 0.5, 0, 0], [1, 0, 0, 0.5, 0]]
    found = rotation.link(described(*alike, [0, 0, 0, 0, 1], [-1, 1, 1, 1, 0]), least=16.0)
    assert not found.first.size


def test_no_gap_and_no_nearness_is_no_link() -> None:
    # All equally far from each other: a pattern, as far as descriptors go.
    alike = np.column_stack([np.ones(7), 0.6 * np.eye(7)])
    assert not rotation.link(described(*alike.tolist()), least=16.0).first.size


@pytest.mark.parametrize("flipped", [False, True])
def test_affine_fit_recovers_a_map(flipped: bool) -> None:
    rng = np.random.default_rng(2)
    linear = np.array([[0.9, -0.4], [0.4, 0.9]]) @ np.diag([-1.0 if flipped else 1.0, 1.0])
    a = rng.uniform(-100, 100, (40, 2)).astype(np.float32)
    b = (a @ linear.T + [30, -12]).astype(np.float32)
    prior = np.column_stack([linear * 1.02, [0, 0]])
    np.testing.assert_allclose(
        rotation.fit_affine(a, b, prior), np.column_stack([linear, [30, -12]]), atol=0.02
    )


def test_correlation_is_the_windowed_pearson_coefficient() -> None:
    rng = np.random.default_rng(4)
    a = rng.normal(0, 9, (40, 50))
    b = 0.5 * a + rng.normal(0, 4, a.shape)
    mean = {
        k: uniform_filter(v, 9) for k, v in (("a", a), ("b", b), ("aa", a * a), ("bb", b * b), ("ab", a * b))
    }
    expected = (mean["ab"] - mean["a"] * mean["b"]) / np.sqrt(
        (mean["aa"] - mean["a"] ** 2) * (mean["bb"] - mean["b"] ** 2)
    )
    ours = correlation(a.astype(np.float32), b.astype(np.float32))
    np.testing.assert_allclose(ours[5:-5, 5:-5], expected[5:-5, 5:-5], atol=1e-3)


def test_maps_compose_and_invert() -> None:
    matrix = np.array([[0.8, -0.3, 5.0], [0.2, 1.1, -7.0]])
    points = np.random.default_rng(0).uniform(0, 99, (7, 2))
    there = align.moved(points, matrix)
    np.testing.assert_allclose(align.moved(there, align.inverse(matrix)), points)
    np.testing.assert_allclose(
        align.moved(points, align.composed(align.inverse(matrix), matrix)), points, atol=1e-12
    )


def test_refinement_finds_a_whole_shift_again() -> None:
    luma = texture(6)
    luma[120:200, 180:280] = luma[20:100, 30:130]
    start = np.array([[1.01, 0.01, 148.5], [-0.01, 0.99, 101.3]])
    points = np.array([[x, y] for x in (45.0, 80, 115) for y in (35.0, 60, 85)])
    matrix = align.refine(luma, start, points)
    assert matrix is not None
    assert align.is_exact(matrix)
    np.testing.assert_array_equal(matrix, translation(150, 100))


def _candidate(dx: int, dy: int, places: list[tuple[int, int]]) -> Candidate:
    return Candidate(translation(dx, dy), np.array(places, np.float64), len(places), -9.0, True)


def test_unlike_regions_are_dropped() -> None:
    match = verify(texture(7), _candidate(120, 90, [(50, 50), (60, 60), (70, 50)]))
    assert match is None or match.area < 60


def test_a_pattern_is_no_copy() -> None:
    tile = texture(8, 24, 24)
    pattern = np.tile(tile, (10, 12))
    places = [(x, y) for x in range(40, 200, 24) for y in range(40, 160, 24)]
    assert verify(pattern, _candidate(24, 24, places)) is None


def test_verified_region_is_the_copied_one() -> None:
    luma = texture(9)
    luma[130:190, 190:270] = luma[30:90, 40:120]
    match = verify(luma, _candidate(150, 100, [(60, 50), (80, 60), (100, 70)]))
    assert match is not None
    box = match.region.extent()
    np.testing.assert_allclose([box.left, box.top], [40, 30], atol=5)
    np.testing.assert_allclose([box.right, box.bottom], [120, 90], atol=5)
    assert match.quiet > 0.9
    assert match.overlap == 0


def _match(**changes: object) -> Match:
    luma = texture(9)
    luma[130:190, 190:270] = luma[30:90, 40:120]
    found = verify(luma, _candidate(150, 100, [(60, 50), (80, 60), (100, 70)]))
    assert found is not None
    return dataclasses.replace(found, **changes)  # type: ignore[arg-type]


def test_small_drawn_and_stretched_matches_are_not_believed() -> None:
    assert credible(_match())
    assert not credible(_match(textured=100))
    assert not credible(_match(flat=0.6))
    assert not credible(_match(matrix=np.array([[1.1, 0.0, 150.0], [0.0, 0.95, 100.0]])))
    assert credible(_match(matrix=np.array([[0.0, -1.3, 150.0], [1.3, 0.0, 100.0]])))


def test_score_grows_with_agreement_and_area_and_falls_with_the_size_of_the_picture() -> None:
    base = score(_match())
    assert score(_match(fine=0.5)) < base
    assert score(_match(textured=500)) < base < score(_match(textured=9_000))
    assert score(_match(textured=10_000)) == score(_match(textured=90_000))
    assert score(_match(pixels=12_000_000)) < base == score(_match(pixels=400_000))


def test_extent_is_the_rectangle_of_the_mask_in_the_picture() -> None:
    mask = np.zeros((30, 40), bool)
    mask[5:10, 8:20] = True
    region = align.Region(align.Box(100, 50, 220, 140), mask)
    assert region.extent() == align.Box(124, 65, 160, 80)
    np.testing.assert_allclose(region.points(10_000).min(axis=0), [125, 66])
    assert len(region.points(15)) == 12


def test_a_huge_region_is_compared_on_a_coarser_grid() -> None:
    luma = texture(10, 1000, 2000)
    luma[:900, 1000:] = luma[50:950, :1000]
    match = verify(
        luma,
        Candidate(translation(1000, -50), np.array([[300.0, 400], [600, 500], [500, 450]]), 3, -9.0, True),
    )
    assert match is not None
    assert match.region.mask.size < 700_000
    assert match.area == pytest.approx(900 * 1000, rel=0.05)
