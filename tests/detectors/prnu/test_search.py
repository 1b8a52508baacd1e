"""Pictures that were turned, reduced and cropped are found where they come from, and others are not."""

from __future__ import annotations

import itertools
import math

import cv2
import numpy as np
import pytest
from scipy.stats import norm, t

from forensics.detectors.prnu.fingerprint import Fingerprint, trace_of
from forensics.detectors.prnu.nulls import Null, log10_student_tail, null_of
from forensics.detectors.prnu.search import aligned, full_frame, scales_between, search

from .sensors import Floats, Pixels, pattern_of, shot

SIZE = (384, 480)


@pytest.fixture(scope="module")
def fingerprint() -> Fingerprint:
    return Fingerprint(pattern_of(1, *SIZE), 1)


@pytest.fixture(scope="module")
def picture() -> Pixels:
    return shot(pattern_of(1, *SIZE), 3, strength=0.05)


def signal(pixels: Pixels) -> Floats:
    return trace_of(np.ascontiguousarray(pixels)).signal


@pytest.mark.parametrize("turns", [0, 1, 3])
def test_turned_pictures_are_turned_back(fingerprint: Fingerprint, picture: Pixels, turns: int) -> None:
    found = aligned(signal(np.rot90(picture, -turns)), fingerprint)
    assert found is not None
    assert found.turns == turns
    assert found.peak.log10_p < -100
    assert found.peak.searched == (1 if turns == 0 else 2)


def test_half_a_turn_is_tried_when_asked_for(fingerprint: Fingerprint, picture: Pixels) -> None:
    upside_down = signal(np.rot90(picture, 2))
    plain, asked = aligned(upside_down, fingerprint), aligned(upside_down, fingerprint, turns=range(4))
    assert plain is not None
    assert asked is not None
    assert plain.peak.log10_p > -4
    assert asked.turns == 2
    assert asked.peak.log10_p < -100
    assert aligned(signal(picture[:200]), fingerprint) is None


@pytest.mark.parametrize("scale", [0.5, 0.75])
def test_a_reduced_picture_of_the_whole_sensor_needs_no_search(
    fingerprint: Fingerprint, picture: Pixels, scale: float
) -> None:
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    found = full_frame(signal(small), fingerprint)
    assert found is not None
    assert found.scale == pytest.approx(scale)
    assert found.peak.searched == 1
    assert found.peak.log10_p < -8
    turned = full_frame(signal(np.rot90(small)), fingerprint)
    assert turned is not None
    assert turned.turns == 3
    assert full_frame(signal(small[:-8]), fingerprint) is None
    assert full_frame(signal(picture), fingerprint) is None


def test_reduced_and_cropped(fingerprint: Fingerprint, picture: Pixels) -> None:
    small = cv2.resize(picture, (384, 307), interpolation=cv2.INTER_AREA)[20:276, 30:330]
    scales = [s for s in scales_between((256, 300), SIZE) if 0.78 < s < 0.82]
    assert len(scales) > 10
    found = search(signal(small), fingerprint, scales=scales)
    assert found is not None
    assert found.scale == pytest.approx(0.8, abs=0.004)
    assert abs(found.peak.row - 20) <= 2
    assert abs(found.peak.column - 30) <= 2
    assert found.peak.log10_p < -5
    assert found.peak.searched > 50 * len(scales)


def test_a_stranger_is_found_nowhere(fingerprint: Fingerprint) -> None:
    other = signal(shot(pattern_of(2, 256, 300), 4))
    found = search(other, fingerprint, scales=scales_between((256, 300), SIZE)[::8])
    assert found is not None
    assert found.peak.log10_p > -3
    assert search(signal(shot(None, 1, size=(400, 500))), fingerprint) is None


def test_scales_move_the_border_by_a_pixel_at_most() -> None:
    scales = scales_between((500, 800), (2000, 3000))
    assert scales[0] == 1
    assert scales[-1] == pytest.approx(0.3)
    assert max(1 - b / a for a, b in itertools.pairwise(scales)) <= 1 / 800
    assert scales_between((500, 800), (400, 900)) == ()
    assert scales_between((400, 900), (400, 900)) == (1.0,)


@pytest.mark.parametrize("freedom", [1, 2, 3, 8, 40, 500])
def test_tail_of_student(freedom: int) -> None:
    for x in (-4.0, -0.3, 0.0, 0.7, 2.0, 6.0, 50.0):
        expected = t.logsf(x, freedom) / math.log(10)
        assert log10_student_tail(x, freedom) == pytest.approx(expected, abs=1e-7)


def test_null_of_a_model() -> None:
    theory = null_of([9.0, 9.0])
    assert theory == Null()
    assert theory.log10_p(3.0) == pytest.approx(math.log10(norm.sf(3.0)))
    wide = null_of([4.0, -4.0, 4.0, 4.0])
    assert wide.spread == pytest.approx(math.sqrt((20 + 64) / 24))
    assert wide.log10_p(8.0) == pytest.approx(math.log10(t.sf(8 / wide.spread, 24)))
    assert wide.log10_p(8.0) > theory.log10_p(8.0) + 8
    assert null_of([0.1] * 50).spread == 1
    assert wide.log10_p(8.0, 100) > wide.log10_p(8.0)
