"""The detector end to end, on pictures made here."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.detectors.base import DETECTORS
from forensics.detectors.calibration import load
from forensics.detectors.copy_move import CopyMove, find
from forensics.detectors.copy_move.detector import turn_of
from forensics.detectors.copy_move.mask import picture_of
from forensics.evidence import Evidence, Status
from forensics.media import open_bytes

Pixels = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]


def scene(seed: int = 1, height: int = 300, width: int = 400) -> Pixels:
    """A picture with edges, texture and noise, without any repetition."""
    rng = np.random.default_rng(seed)
    coarse = cv2.GaussianBlur(rng.normal(0, 500, (height, width)), (0, 0), 9)
    middle = cv2.GaussianBlur(rng.normal(0, 90, (height, width)), (0, 0), 2)
    plane = 128 + coarse + middle
    for _ in range(40):
        x, y, r = (int(v) for v in rng.integers([0, 0, 6], [width, height, 36]))
        cv2.circle(plane, (x, y), r, float(rng.uniform(60, 200)), 3, cv2.LINE_AA)
    return np.clip(plane + rng.normal(0, 3, plane.shape), 0, 255).astype(np.uint8)


def forged(luma: Pixels, linear: npt.NDArray[np.float64], size: int = 80) -> tuple[Pixels, Bools]:
    """Copy a square at (60, 50) elsewhere under a linear map; return the picture and both regions."""
    matrix = np.column_stack([linear, [290, 200] - linear @ [60 + size / 2, 50 + size / 2]])
    if np.array_equal(linear, np.round(linear)):
        matrix = np.round(matrix)
    source = np.zeros(luma.shape, np.uint8)
    source[50 : 50 + size, 60 : 60 + size] = 1
    moved = cv2.warpAffine(luma, matrix, luma.shape[::-1], flags=cv2.INTER_CUBIC)
    pasted = cv2.warpAffine(source, matrix, luma.shape[::-1], flags=cv2.INTER_NEAREST)
    return np.where(pasted > 0, moved, luma), (source | pasted) > 0


def turn(degrees: float, scale: float = 1.0) -> npt.NDArray[np.float64]:
    c, s = scale * np.cos(np.radians(degrees)), scale * np.sin(np.radians(degrees))
    return np.round(np.array([[c, -s], [s, c]]), 12)


TURNS = {
    "shift": turn(0),
    "quarter": turn(90),
    "half": turn(180),
    "30 degrees": turn(30),
    "mirrored": np.diag([-1.0, 1.0]),
    "upside down": np.diag([1.0, -1.0]),
    "smaller": turn(0, 0.9),
    "larger": turn(0, 1.1),
}


def png(luma: Pixels) -> bytes:
    return cv2.imencode(".png", luma)[1].tobytes()


def jpeg(luma: Pixels, quality: int) -> bytes:
    return cv2.imencode(".jpg", luma, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def examine(data: bytes) -> Evidence:
    (evidence,) = CopyMove().examine(open_bytes(data))
    return evidence


def iou(values: npt.NDArray[np.float32], truth: Bools) -> float:
    seen = values > 0.5
    return float((seen & truth).sum() / (seen | truth).sum())


def test_it_is_registered() -> None:
    assert DETECTORS.get("copy_move") is CopyMove


@pytest.mark.parametrize("name", TURNS)
def test_copies_are_found_with_their_mask(name: str) -> None:
    picture, truth = forged(scene(), TURNS[name])
    evidence = examine(png(picture))
    assert evidence.status is Status.SIGNAL
    assert evidence.llr is not None
    assert evidence.llr >= 1
    assert iou(evidence.maps[0].values, truth) >= 0.8


@pytest.mark.parametrize("name", TURNS)
def test_copies_survive_jpeg_80(name: str) -> None:
    picture, truth = forged(scene(), TURNS[name])
    evidence = examine(jpeg(picture, 80))
    assert evidence.status is Status.SIGNAL
    assert iou(evidence.maps[0].values, truth) >= 0.7


def test_slight_likeness_is_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    picture, _ = forged(scene(), TURNS["shift"])
    for target, status in ((0.2, Status.CLEAR), (0.6, Status.SIGNAL)):
        calibration = load("copy_move")
        raw = (target - calibration.offset) / calibration.slope
        monkeypatch.setattr("forensics.detectors.copy_move.detector.score", lambda _, raw=raw: raw)
        evidence = examine(png(picture))
        assert evidence.status is status
        assert evidence.llr == pytest.approx(target)
        assert bool(evidence.maps) is (status is Status.SIGNAL)
        assert ("alike" in evidence.summary) is (status is Status.CLEAR)


@pytest.mark.slow
@pytest.mark.parametrize("quality", [None, 95, 80, 60])
def test_untouched_pictures_are_clear(quality: int | None) -> None:
    for seed in range(3):
        luma = scene(seed)
        evidence = examine(png(luma) if quality is None else jpeg(luma, quality))
        assert evidence.status is Status.CLEAR
        assert evidence.llr == 0
        assert not evidence.maps


def test_the_explanation_names_place_shift_and_turn() -> None:
    picture, _ = forged(scene(), TURNS["shift"])
    assert "px to the right and 110 px down" in examine(png(picture)).summary
    picture, _ = forged(scene(), TURNS["quarter"])
    evidence = examine(png(picture))
    values = {m.name: m.value for m in evidence.measurements}
    assert abs(float(values["rotation"])) == pytest.approx(90, abs=0.5)
    assert values["mirrored"] is False
    assert "turned by" in evidence.summary


@pytest.mark.parametrize(("name", "way"), [("shift", "blocks"), ("30 degrees", "keypoints")])
def test_the_evidence_says_which_way_found_it(name: str, way: str) -> None:
    picture, _ = forged(scene(), TURNS[name])
    assert {m.name: m.value for m in examine(png(picture)).measurements}["found by"] == way


def test_a_region_copied_twice_over_is_found_everywhere() -> None:
    picture, truth = forged(scene(), TURNS["30 degrees"])
    linear = turn(-70)
    matrix = np.column_stack([linear, [130, 215] - linear @ [100, 90]])
    source = np.zeros(picture.shape, np.uint8)
    source[50:130, 60:140] = 1
    pasted = cv2.warpAffine(source, matrix, picture.shape[::-1], flags=cv2.INTER_NEAREST) > 0
    moved = cv2.warpAffine(scene(), matrix, picture.shape[::-1], flags=cv2.INTER_CUBIC)
    picture = np.where(pasted, moved, picture)
    assert iou(examine(png(picture)).maps[0].values, truth | pasted) >= 0.7


@pytest.mark.slow
def test_colour_and_orientation_of_the_map(photo: Pixels) -> None:
    picture = np.tile(photo, (6, 6, 1))[: 192 * 6 - 40, :1500].copy()  # a huge pattern is no copy
    (evidence,) = CopyMove().examine(open_bytes(cv2.imencode(".png", picture)[1].tobytes()))
    assert evidence.status in (Status.CLEAR, Status.SIGNAL)
    for shown in evidence.maps:
        assert max(shown.values.shape) <= 1024
        assert shown.values.dtype == np.float32
        assert 0 <= shown.values.min() <= shown.values.max() <= 1


def test_results_move_with_the_picture() -> None:
    wide, _ = forged(scene(4, 340, 460), TURNS["shift"])
    here, there = find(wide[8:, 16:]), find(wide)
    np.testing.assert_array_equal(here.matches[0].matrix, there.matches[0].matrix)
    a, b = picture_of(here.matches[:1], wide[8:, 16:].shape), picture_of(there.matches[:1], wide.shape)
    assert (a != b[8:, 16:]).mean() < 0.002


@pytest.mark.slow
def test_large_pictures_are_searched_on_their_own_grid() -> None:
    luma = scene(5, 1400, 1800)
    luma[900:1050, 1201:1351] = luma[203:353, 100:250]
    luma = cv2.imdecode(np.frombuffer(jpeg(luma, 90), np.uint8), cv2.IMREAD_GRAYSCALE)
    best = find(luma).matches[0]
    np.testing.assert_array_equal(best.matrix[:, 2], [1101, 697])
    assert best.area == pytest.approx(150 * 150, rel=0.15)


@pytest.mark.slow
def test_repeated_lettering_is_no_copy() -> None:
    page = np.full((400, 600), 255, np.uint8)
    for row in range(12):
        cv2.putText(page, "The same words again and again", (10, 30 + 30 * row), 2, 0.8, 0, 1, cv2.LINE_AA)
    for data in (png(page), jpeg(page, 90)):
        assert examine(data).status is not Status.SIGNAL


def test_repeated_objects_with_noise_of_their_own_are_no_copy() -> None:
    rng = np.random.default_rng(11)
    tile = cv2.GaussianBlur(rng.normal(128, 90, (60, 60)), (0, 0), 2)
    wall = np.tile(tile, (6, 8)) + rng.normal(0, 6, (360, 480))
    assert examine(png(np.clip(wall, 0, 255).astype(np.uint8))).status is Status.CLEAR


@pytest.mark.parametrize(
    "luma",
    [
        np.full((200, 300), 128, np.uint8),
        np.full((300, 300), 255, np.uint8),
        np.random.default_rng(0).integers(0, 255, (20, 20), dtype=np.uint8),
        np.random.default_rng(0).integers(0, 255, (1, 10_000), dtype=np.uint8),
        np.random.default_rng(0).integers(0, 255, (1, 1), dtype=np.uint8),
        np.tile(np.arange(0, 250, dtype=np.uint8), (200, 1)),
    ],
    ids=["flat", "white", "tiny", "a line", "a point", "a ramp"],
)
def test_where_nothing_can_be_said(luma: Pixels) -> None:
    evidence = examine(png(luma))
    assert evidence.status is Status.NOT_APPLICABLE
    assert evidence.summary


def test_palettes_are_not_examined(photo: Pixels) -> None:
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(photo).convert("P").save(out, "GIF")
    assert examine(out.getvalue()).status is Status.NOT_APPLICABLE


@pytest.mark.parametrize("degrees", [-170, -30, 0, 45, 90])
@pytest.mark.parametrize("mirrored", [False, True])
def test_turns_are_read_off_the_matrix(degrees: float, mirrored: bool) -> None:
    linear = turn(degrees, 1.2) @ np.diag([-1.0 if mirrored else 1.0, 1.0])
    found = turn_of(np.column_stack([linear, [3, 4]]))
    assert found.degrees == pytest.approx(degrees)
    assert found.scale == pytest.approx(1.2)
    assert found.mirrored is mirrored


@settings(max_examples=25)
@given(
    st.integers(1, 140),
    st.integers(1, 140),
    st.integers(0, 2**32 - 1),
    st.sampled_from(["noise", "blocks", "stripes", "binary"]),
)
def test_any_small_picture_is_answered(height: int, width: int, seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    luma = rng.integers(0, 256, (height, width), dtype=np.uint8)
    if kind == "blocks":
        luma = np.kron(luma[::8, ::8], np.ones((8, 8), np.uint8))[:height, :width]
    elif kind == "stripes":
        luma = np.repeat(luma[:, :1], width, axis=1)
    elif kind == "binary":
        luma = (luma > 127).astype(np.uint8) * 255
    for match in find(luma).matches:
        assert 0 < match.area <= luma.size
        assert -1 <= match.quiet <= 1


def test_pictures_beyond_the_coordinates_of_opencv_are_left_to_others() -> None:
    luma = np.random.default_rng(0).integers(0, 255, (64, 33_000), dtype=np.uint8)
    evidence = examine(png(luma))
    assert evidence.status is Status.NOT_APPLICABLE
    assert "too long" in evidence.summary


@pytest.mark.parametrize("shift", [(400, 600), (401, 599)])
def test_the_largest_pictures_are_searched_from_half_their_size(
    shift: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forensics.detectors.copy_move.blocks._HUGE", 1_000_000)
    noise = np.random.default_rng(5).normal(128, 60, (1200, 1600)).astype(np.float32)
    luma = np.clip(cv2.GaussianBlur(noise, (0, 0), 1.6) * 2.5 - 192, 0, 255).astype(np.uint8)
    luma[300 + shift[0] : 600 + shift[0], 200 + shift[1] : 600 + shift[1]] = luma[300:600, 200:600]
    matches = find(luma).matches
    assert matches
    moved_by = np.abs(matches[0].matrix[:, 2])
    np.testing.assert_allclose(moved_by, shift[::-1], atol=1)
