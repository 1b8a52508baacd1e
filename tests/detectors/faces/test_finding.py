"""Faces and eyes are found where they are drawn, and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from forensics.detectors.faces.align import warped
from forensics.detectors.faces.finding import VARIABLE, EyeFinder, FaceFinder
from forensics.detectors.faces.geometry import Box, Similarity
from forensics.errors import ModelError, UsageError

from .drawn import scene


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder()


@pytest.mark.parametrize("options", [{}, {"side": 110}, {"side": 200}, {"turn": 6}, {"at": (110, 110)}])
def test_a_face_and_its_eyes_are_found(finder: FaceFinder, options: dict[str, Any]) -> None:
    picture, eyes = scene(**options)
    (face,) = finder.find(picture)
    place = Similarity.of_box(face.box)
    found = EyeFinder().find(warped(picture, place, 128))
    assert found is not None
    assert np.abs(place(found) - eyes).max() < 0.03 * options.get("side", 150)


def test_shut_eyes_are_no_eyes_but_the_face_is_one(finder: FaceFinder) -> None:
    picture, _ = scene(shut=1.0)
    (face,) = finder.find(picture)
    assert EyeFinder().find(warped(picture, Similarity.of_box(face.box), 128)) is None


def test_no_face_is_no_face(finder: FaceFinder) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (240, 320)).astype(np.uint8)
    assert finder.find(noise) == ()
    assert finder.find(np.full((240, 320), 128, np.uint8)) == ()
    assert finder.find(cv2.GaussianBlur(noise, (0, 0), 5)) == ()


def test_near_a_box_the_same_face_is_found(finder: FaceFinder) -> None:
    picture, _ = scene()
    (face,) = finder.find(picture)
    (again,) = finder.find(picture, face.box)
    assert again.box.overlap(face.box) > 0.75
    assert finder.find(picture, Box(0, 0, 40, 40)) == ()
    assert finder.find(picture, Box(318, 238, 90, 90)) == ()


def test_two_faces_the_larger_first(finder: FaceFinder) -> None:
    one, _ = scene(at=(90, 120), side=130, shape=(240, 440))
    other, _ = scene(at=(330, 120), side=180, shape=(240, 440))
    both = one.copy()
    both[:, 220:] = other[:, 220:]
    first, second = finder.find(both)
    assert first.box.centre[0] > 220 > second.box.centre[0]


def test_opencv_without_cascades_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2.data, "haarcascades", "")
    with pytest.raises(UsageError, match=r"opencv-python-headless<5.*FORENSICS_FACE_MODEL"):
        FaceFinder().find(scene()[0])


def test_a_model_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "missing.onnx"))
    with pytest.raises(UsageError, match="names no file"):
        FaceFinder()
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no model")
    monkeypatch.setenv(VARIABLE, str(broken))
    with pytest.raises(ModelError, match="YuNet"):
        FaceFinder().find(scene()[0])


class _StandIn:
    """What cv2.FaceDetectorYN is, with one face: box, five landmarks, score."""

    size = (0, 0)

    @classmethod
    def create(cls, model: str, *_: object) -> _StandIn:
        return cls()

    def setInputSize(self, size: tuple[int, int]) -> None:
        self.size = size

    def detect(self, pixels: np.ndarray) -> tuple[int, np.ndarray]:
        assert pixels.shape == (*self.size[::-1], 3)
        landmarks = [70, 50, 30, 52, 50, 70, 40, 90, 60, 90]  # the right eye of the person comes first
        return 1, np.array([[10, 20, 80, 100, *landmarks, 0.9]], np.float32)


def test_yunet_gives_eyes_as_well(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    model = tmp_path / "yunet.onnx"
    model.write_bytes(b"stands in")
    monkeypatch.setattr(cv2, "FaceDetectorYN", _StandIn)
    finder = FaceFinder(model)
    assert finder.name == "YuNet"
    (face,) = finder.find(np.zeros((240, 320), np.uint8))
    assert face.box == Box(10, 20, 80, 100)
    assert face.eyes is not None
    assert face.eyes.tolist() == [[30, 52], [70, 50]]
