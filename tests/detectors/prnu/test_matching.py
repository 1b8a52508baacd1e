"""Fingerprints of made-up sensors, found and not found, at every shift, and by how much chance."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import kstest, norm

from forensics.detectors.prnu.correlation import correlate, ncc, peak_of
from forensics.detectors.prnu.fingerprint import (
    Fingerprint,
    FingerprintBuilder,
    intensity_weight,
    trace_of,
)
from forensics.errors import UsageError

from .sensors import pattern_of, shot


def enrolled(seed: int, pictures: int = 4) -> Fingerprint:
    builder = FingerprintBuilder()
    for i in range(pictures):
        builder.add(shot(pattern_of(seed), 100 * seed + i))
    return builder.result()


@pytest.fixture(scope="module")
def fingerprint() -> Fingerprint:
    return enrolled(1)


def test_fingerprint_is_the_pattern(fingerprint: Fingerprint) -> None:
    assert fingerprint.pictures == 4
    assert fingerprint.plane.mean() == pytest.approx(0, abs=1e-5)
    assert fingerprint.plane.std() == pytest.approx(1, abs=1e-4)
    assert ncc(fingerprint.plane, pattern_of(1)) > 0.7
    assert abs(ncc(fingerprint.plane, pattern_of(2))) < 0.03


def test_fingerprint_is_the_weighted_mean_of_the_equation() -> None:
    pictures = [shot(pattern_of(3), seed) for seed in (1, 2)]
    traces = []
    builder = FingerprintBuilder()
    for picture in pictures:
        traces.append(builder.add(picture))
    from forensics.detectors.prnu.cleanup import cleaned
    from forensics.detectors.prnu.residual import residual

    above = sum(residual(p) * intensity_weight(p) for p in pictures)
    below = sum(intensity_weight(p) ** 2 for p in pictures)
    expected = cleaned((above / (below + 1)).astype(np.float32))
    assert ncc(builder.result().plane, expected) == pytest.approx(1, abs=1e-5)
    np.testing.assert_array_equal(traces[0].signal, trace_of(pictures[0]).signal)


def test_own_pictures_match_and_others_do_not(fingerprint: Fingerprint) -> None:
    own = peak_of(correlate(trace_of(shot(pattern_of(1), 9)).signal, fingerprint), (0, 0), (0, 0))
    other = peak_of(correlate(trace_of(shot(pattern_of(2), 9)).signal, fingerprint), (0, 0), (0, 0))
    assert own.z > 30
    assert own.log10_p < -100
    assert own.pce == pytest.approx(own.z**2)
    assert other.log10_p > -4


def test_brightness_weighs_and_clipped_areas_do_not() -> None:
    picture = np.full((70, 70, 3), 126, np.uint8)
    picture[:20] = 255
    picture[40, 40] = 255  # one bright point is no clipped area
    picture[60:] = 252
    weight = intensity_weight(picture)
    assert (weight[:20] == 0).all()
    assert weight[30, 30] == pytest.approx(0.5, abs=1e-3)
    assert weight[65, 10] == pytest.approx(1, abs=1e-3)
    assert weight[40, 40] == pytest.approx(math.exp(-9 / 6), abs=1e-3)


@pytest.mark.parametrize(("top", "left"), [(0, 0), (37, 51), (96, 128)])
def test_crops_are_found_where_they_are(fingerprint: Fingerprint, top: int, left: int) -> None:
    crop = shot(pattern_of(1), 8)[top : top + 160, left : left + 192]
    peak = peak_of(correlate(trace_of(np.ascontiguousarray(crop)).signal, fingerprint))
    assert (peak.row, peak.column) == (top, left)
    assert peak.searched == 97 * 129
    assert peak.log10_p < -20


def test_a_picture_larger_than_the_fingerprint_lies_at_negative_places(fingerprint: Fingerprint) -> None:
    part = Fingerprint(np.ascontiguousarray(fingerprint.plane[30:230, 20:300]), 4)
    peak = peak_of(correlate(trace_of(shot(pattern_of(1), 8)).signal, part))
    assert (peak.row, peak.column) == (-30, -20)
    assert peak.log10_p < -50


def test_correlation_is_the_sum_of_products() -> None:
    rng = np.random.default_rng(5)
    a, b = (rng.standard_normal(s).astype(np.float32) for s in ((20, 24), (33, 40)))
    plane = correlate(a, b)
    a0, b0 = a - a.mean(), b - b.mean()
    for row, column in ((0, 0), (13, 16), (5, 9)):
        expected = float((a0 * b0[row : row + 20, column : column + 24]).sum())
        assert plane.values[row, column] == pytest.approx(expected, abs=1e-2)
    assert plane.rows == (0, 13)
    assert plane.columns == (0, 16)
    assert ncc(a, a) == pytest.approx(1)
    assert ncc(a, np.zeros_like(a)) == 0.0


def test_floor_leaves_out_the_whole_foot_wherever_the_peak_is() -> None:
    """The reference implementation forgets it at the upper and left border, and the peak raises its floor."""
    rng = np.random.default_rng(6)
    a = rng.standard_normal((96, 96)).astype(np.float32)
    heights = [peak_of(correlate(a, np.roll(a, s, (0, 1))), (0, 0), (0, 0)).z for s in ((0, 0),)]
    moved = correlate(a, np.roll(a, (0, 0), (0, 1)))
    whole = type(moved)(np.roll(moved.values, (40, 40), (0, 1)), (40, 40), (40, 40), moved.gain)
    assert peak_of(whole).z == pytest.approx(heights[0], rel=1e-4)


def test_p_values_of_other_cameras_are_uniform(fingerprint: Fingerprint) -> None:
    rng = np.random.default_rng(7)
    aligned, searched = [], []
    for _ in range(120):
        plane = correlate(rng.standard_normal((64, 64)).astype(np.float32), fingerprint)
        one = peak_of(plane, (0, 0), (0, 0))
        aligned.append(10.0**one.log10_p)
        assert aligned[-1] == pytest.approx(norm.sf(one.z), rel=1e-6)
        searched.append(10.0 ** peak_of(plane, (0, 20), (0, 20)).log10_p)
    # The floor is the larger of two estimates, so that p-values are a little too large, never too small.
    assert kstest(aligned, "uniform", alternative="greater").pvalue > 1e-3
    assert kstest(searched, "uniform", alternative="greater").pvalue > 1e-3
    assert np.mean(np.array(aligned) < 0.1) > 0.02


def test_blocks_of_jpeg_are_no_match(fingerprint: Fingerprint) -> None:
    """What repeats every 8 pixels in both is the same at all shifts by 8, and counts for nothing."""
    y, x = np.mgrid[:256, :320]
    blocks = 0.6 * (((y % 8 == 0) | (x % 8 == 0)).astype(np.float32) - 0.23)
    rng = np.random.default_rng(8)
    a = rng.standard_normal((256, 320)).astype(np.float32) + blocks
    b = rng.standard_normal((256, 320)).astype(np.float32) + blocks
    plane = correlate(a, b)
    assert peak_of(plane, (0, 0), (0, 0)).z < 4
    bare = float(plane.values[0, 0]) / (np.linalg.norm(a) * np.linalg.norm(b)) * math.sqrt(a.size)
    assert bare > 10


def test_mistakes_are_named(fingerprint: Fingerprint) -> None:
    with pytest.raises(UsageError, match="at least one picture"):
        FingerprintBuilder().result()
    with pytest.raises(UsageError, match="too small"):
        trace_of(np.zeros((32, 200, 3), np.uint8))
    builder = FingerprintBuilder()
    builder.add(shot(None, 1, size=(64, 80)))
    with pytest.raises(UsageError, match="64x80 among pictures of 80x64"):
        builder.add(shot(None, 1, size=(80, 64)))
    blank = FingerprintBuilder()
    blank.add(np.zeros((64, 64, 3), np.uint8))
    with pytest.raises(UsageError, match="no noise"):
        blank.result()
    plane = correlate(shot(None, 1, size=(64, 64))[..., 0].astype(np.float32), fingerprint)
    with pytest.raises(UsageError, match="range of shifts"):
        peak_of(plane, (0, 999))
