"""Pictures turned, mirrored, scaled and cropped lie where they belong in their originals."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from forensics.datasets.procedural import camera
from forensics.fingerprints import fingerprint
from forensics.recovery.placing import Frame, Nearness, compared, linear_map, part_of
from forensics.recovery.telling import AGREES, bands, judged

SCENE = camera(1, 300, 420)
FRAME = Frame(420, 300)
CODE = fingerprint(SCENE)
OTHERS = [fingerprint(camera(seed, 300, 420)) for seed in range(20, 50)]


def mapped(scale: float = 1.0, rotation: float = 0.0, mirrored: bool = False) -> np.ndarray:
    return linear_map(scale, rotation=rotation, mirrored=mirrored, aspect=1.0, shear=0.0)


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
@pytest.mark.parametrize("mirrored", [False, True])
def test_right_angles_and_mirrors_are_undone_exactly(turns: int, mirrored: bool) -> None:
    seen = np.rot90(SCENE[:, ::-1] if mirrored else SCENE, turns)
    part = part_of(seen, mapped(rotation=90.0 * turns, mirrored=mirrored), FRAME)
    assert part is not None
    assert (part.values.shape, part.share) == ((256, 256), 1.0)
    assert compared(part, [CODE])[0].bits == 0


def test_a_crop_is_found_at_its_place_and_no_other_picture_is() -> None:
    crop = cv2.resize(SCENE[30:250, 100:400], None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)
    part = part_of(crop, mapped(0.7), FRAME)
    assert part is not None
    assert part.share == pytest.approx(220 * 300 / (420 * 300), abs=0.01)
    own, *others = compared(part, [CODE, *OTHERS])
    assert own.left == pytest.approx(100 / 420, abs=0.02)
    assert own.top == pytest.approx(30 / 300, abs=0.02)
    assert judged(own, part.share, 1).agrees
    assert not any(judged(other, part.share, 1).agrees for other in others)


@pytest.mark.slow
def test_of_many_other_pictures_none_agrees_whatever_is_left_of_them() -> None:
    rng = np.random.default_rng(8)
    coarse = rng.integers(20, 235, (150, 9, 11, 3), dtype=np.uint8)
    for number, one in enumerate(coarse):
        pixels = cv2.resize(one, (420, 300), interpolation=cv2.INTER_CUBIC)
        part = part_of(pixels[: 300 - number % 150, : 420 - 2 * number % 200], mapped(), FRAME)
        assert part is not None
        assert not judged(compared(part, [CODE])[0], part.share, 1).agrees


@pytest.mark.parametrize("angle", [-12.0, 7.0])
def test_black_corners_of_a_turned_picture_are_no_picture(angle: float) -> None:
    turn = cv2.getRotationMatrix2D((209.5, 149.5), angle, 1.0)
    part = part_of(cv2.warpAffine(SCENE, turn, (420, 300)), mapped(rotation=angle), FRAME)
    assert part is not None
    assert part.share < 0.99
    assert judged(compared(part, [CODE])[0], part.share, 1).agrees


def test_aspect_and_shear_are_those_of_the_map() -> None:
    linear = linear_map(2.0, rotation=30, mirrored=True, aspect=1.2, shear=5)
    across, down = linear.T
    assert np.linalg.det(linear) == pytest.approx(-4.0)
    assert np.hypot(*across) == pytest.approx(2 * 1.2**0.5)
    cosine = -(across @ down) / (np.hypot(*across) * np.hypot(*down))
    assert math.degrees(math.asin(cosine)) == pytest.approx(5)


def test_what_holds_far_more_than_the_original_is_not_compared() -> None:
    assert part_of(SCENE, mapped(0.3), FRAME) is None


def test_the_calibration_is_one_and_errs_on_the_safe_side() -> None:
    assert [band.share for band in bands()] == sorted((b.share for b in bands()), reverse=True)
    for band in bands():
        assert len(band.log10_p) == 257
        assert all(a <= b + 1e-9 for a, b in zip(band.log10_p, band.log10_p[1:], strict=False))
        assert band.copies >= 1000
    near = Nearness(20.0, 10, 0, 0)
    assert judged(near, 1.0, 1).p_value < judged(near, 1.0, 1000).p_value < AGREES
    assert judged(Nearness(20.0, 10**6, 0, 0), 1.0, 1).p_value > judged(near, 1.0, 1).p_value


def test_another_picture_is_named_so_only_where_that_can_be_told() -> None:
    far = Nearness(124.0, 9, 0, 0)
    assert judged(far, 1.0, 1).disagrees
    assert not judged(far, 0.3, 1).disagrees
    assert not judged(far, 1.0, 1, telling=False).disagrees
    between = Nearness(bands()[0].farthest, 9, 0, 0)
    assert not judged(between, 1.0, 1).disagrees
    assert not judged(between, 1.0, 1).agrees
