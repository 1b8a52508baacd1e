"""What was done to a picture, against what was done."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from forensics.watermark.attacks import parse_attack
from forensics.watermark.detection import Geometry, Marked
from forensics.watermark.spread.describing import geometry_of
from forensics.watermark.spread.geometry import Warp
from forensics.watermark.spread.searching import Aligned
from forensics.watermark.spread.views import View
from forensics.watermark.watermarker import Watermarker

from ..conftest import Scene


def described(linear: np.ndarray, times: int = 0, tilt: float = 0.0) -> Geometry:
    """What is read off a known map from the tiles to a picture, that is halved some times."""
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[2, 0] = tilt
    view = View(np.zeros((200, 220), np.float32), times, first=True)
    return geometry_of(Aligned(view, Warp(matrix, (256, 200))), None)


def turn(degrees: float) -> np.ndarray:
    """Counter-clockwise as seen: y runs down."""
    a = np.radians(degrees)
    return np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])


@pytest.mark.parametrize("degrees", [0, 0.5, 30, 90, 135, 179, -1, -90, -179])
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("scale", [0.4, 1.0, 1.7])
def test_known_maps_are_read(degrees: float, mirrored: bool, scale: float) -> None:
    found = described(scale * turn(degrees) @ np.diag([-1.0 if mirrored else 1.0, 1.0]), times=1)
    assert found.rotation == pytest.approx(degrees, abs=1e-6)
    assert found.mirrored is mirrored
    assert found.tile == pytest.approx(64 * scale * 2)
    assert (found.aspect, found.shear) == (pytest.approx(1), pytest.approx(0, abs=1e-6))
    assert (found.scale, found.kept, found.perspective) == (None, None, False)


def test_stretch_slant_and_tilt_are_read() -> None:
    assert described(np.diag([1.2, 1.0])).aspect == pytest.approx(1.2)
    assert described(np.diag([0.9, 1.2])).aspect == pytest.approx(0.75)
    assert abs(described(np.array([[1, 0.1], [0, 1]])).shear) == pytest.approx(np.degrees(np.arctan(0.1)))
    assert described(np.eye(2), tilt=5e-4).perspective
    assert not described(np.eye(2), tilt=1e-5).perspective


# Attack, and what should be read: turn, mirrored, scale, width over height.
CASES: dict[str, tuple[float, bool, float, float]] = {
    "none": (0, False, 1, 1),
    "rotate:5": (5, False, 1, 1),
    "rotate:-17,inside": (-17, False, 1, 1),
    "rotate:33,grow": (33, False, 1, 1),
    "quarter:1": (90, False, 1, 1),
    "quarter:2": (180, False, 1, 1),
    "quarter:3": (-90, False, 1, 1),
    "flip:horizontal": (0, True, 1, 1),
    "flip:vertical": (180, True, 1, 1),
    "flip:both": (180, False, 1, 1),
    "flip:horizontal+rotate:12": (12, True, 1, 1),
    "resize:0.7": (0, False, 0.7, 1),
    "resize:1.5": (0, False, 1.5, 1),
    "rotate:7+resize:0.8": (7, False, 0.8, 1),
    "aspect:1.2": (0, False, 1.2**0.5, 1.2),
    "aspect:0.85": (0, False, 0.85**0.5, 0.85),
    "crop:0.7,random": (0, False, 1, 1),
    "resize:0.8+jpeg:70": (0, False, 0.8, 1),
}


@pytest.mark.parametrize("spec", CASES)
def test_what_was_done_is_read_off_the_picture(marker: Watermarker, marked: Marked, spec: str) -> None:
    turned, mirrored, scale, aspect = CASES[spec]
    attack = parse_attack(spec)
    found = marker.detect(attack(marked.pixels, seed=3)).geometry
    assert found is not None
    assert abs((found.rotation - turned + 180) % 360 - 180) < 0.3
    assert found.mirrored is mirrored
    assert found.scale == pytest.approx(scale, rel=0.01)
    assert found.aspect == pytest.approx(aspect, rel=0.01)
    assert abs(found.shear) < 0.3
    assert not found.perspective
    assert found.tile == pytest.approx(64 * scale, rel=0.01)
    assert found.kept == pytest.approx(_kept(spec), abs=0.1)


def _kept(spec: str) -> float:
    """Share of the pixels that an attack leaves, from what it does to a white picture."""
    white = np.full((512, 640, 3), 255, np.uint8)
    left = parse_attack("+".join(s for s in spec.split("+") if not s.startswith("jpeg")))(white, seed=3)
    scale = CASES[spec][2]
    return min(1.0, float((left[..., 0] > 127).sum()) / scale**2 / (512 * 640))


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.4, 0.55, 0.75, 0.9])
def test_crops_are_read_within_ten_points_or_not_at_all(
    marker: Watermarker, scene: Scene, share: float
) -> None:
    told = 0
    for i in range(3):
        marked = marker.embed(scene(400 + i, 768, 960), "1")
        attack = parse_attack(f"crop:{share},random")
        found = marker.detect(attack(marked.pixels, seed=i)).geometry
        assert found is not None
        if found.kept is not None:
            told += 1
            assert found.kept == pytest.approx(share, abs=0.1)
            assert found.scale == pytest.approx(1, rel=0.01)
    assert told >= (1 if share < 0.5 else 2)


@pytest.mark.slow
def test_slant_and_tilt_are_told(marker: Watermarker, marked: Marked) -> None:
    slanted = marker.detect(parse_attack("shear:0.08")(marked.pixels)).geometry
    tilted = marker.detect(parse_attack("perspective:0.06")(marked.pixels, seed=3)).geometry
    assert slanted is not None
    assert tilted is not None
    assert abs(slanted.shear) == pytest.approx(np.degrees(np.arctan(0.08)), abs=0.3)
    assert tilted.perspective
    assert not slanted.perspective


@pytest.mark.slow
def test_scale_counts_from_the_original_of_a_large_picture(marker: Watermarker, scene: Scene) -> None:
    large = cv2.resize(scene(410, 600, 700), (1400, 1200), interpolation=cv2.INTER_CUBIC)
    marked = marker.embed(np.ascontiguousarray(large), "1")
    for factor in (1.0, 0.5, 0.62):
        found = marker.detect(parse_attack(f"resize:{factor}")(marked.pixels)).geometry
        assert found is not None
        assert found.tile == pytest.approx(128 * factor, rel=0.01)
        assert found.scale == pytest.approx(factor, rel=0.01)


@pytest.mark.parametrize(
    ("geometry", "said"),
    [
        (Geometry(0.1, False, 1.005, 1.0, 0.1, False, 0.99, 64), "as it was"),
        (Geometry(0.0, False, None, 1.0, 0.0, False, None, 64), "size of the original not known"),
        (Geometry(4.94, False, 0.77, 1.0, 0.0, False, 0.51, 49),
         "cropped to about 51%, scaled 0.77, rotated 4.9 degrees"),
        (Geometry(-90, True, 1.0, 1.25, 2.0, True, 1.0, 64),
         "mirrored, stretched 1.25, rotated -90.0 degrees, sheared 2.0 degrees, tilted"),
    ],
)  # fmt: skip
def test_geometry_in_words(geometry: Geometry, said: str) -> None:
    assert str(geometry) == said
