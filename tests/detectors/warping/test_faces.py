"""Crops of faces, networks of them, and the detectors `warping` and `mesonet`."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics.detectors.base import DETECTORS
from forensics.detectors.calibrating.scales import Scale, ScaleKind
from forensics.detectors.calibrating.table import BucketScale, CalibrationTable
from forensics.detectors.faces.geometry import Box
from forensics.detectors.warping import MesoNet, Warping
from forensics.detectors.warping.crops import CROPS, Region, cut, regions_of, ten_crops
from forensics.detectors.warping.looking import faces_in, largest_face
from forensics.detectors.warping.model import face_model_of
from forensics.errors import ModelError, UsageError
from forensics.evidence import Question, Status
from forensics.media import Media, open_bytes, open_media
from forensics.runtime.store import open_bundle

from ...onnx_models import chain
from ..faces.clips import filmed
from ..faces.drawn import scene


def colour(grey: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.repeat(grey[..., None], 3, axis=2))


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    return colour(scene(at=(160, 120), side=170)[0])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose logit is the mean of a crop."""
    return bundle(tmp_path_factory.mktemp("model"), {"method": "warping", "side": 32, "crops": 4})


def bundle(folder: Path, settings: object) -> Path:
    files = {
        "classifier.onnx": chain("GlobalAveragePool", "Flatten", shape=("n", 3, 32, 32)),
        "network.json": json.dumps(settings).encode(),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    (folder / "card.json").write_text(json.dumps({"files": digests}))
    return folder


def table(detector: str = "warping") -> CalibrationTable:
    scale = Scale(
        kind=ScaleKind.LOGISTIC, scores=(0.0, 1.0), llrs=(-1.0, 1.0), negatives=99, positives=99,
        negative_sources=20, positive_sources=20,
    )  # fmt: skip
    return CalibrationTable(
        code=f"{detector}.face", detector=detector, version="1", question=Question.ALTERED, name="a test",
        buckets=(BucketScale(bucket="all", scale=scale),),
    )  # fmt: skip


def png(pixels: np.ndarray) -> Media:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return open_bytes(file.getvalue())


def test_regions_hold_the_face_and_a_little_more() -> None:
    face = Box(100, 80, 80, 100)
    found = regions_of(face, (400, 400), np.random.default_rng(0), 200)
    edges = np.array([[r.top, r.left, r.bottom, r.right] for r in found])
    assert edges[:, 0].min() >= 60
    assert edges[:, 0].max() <= 80
    assert edges[:, 1].min() >= 90
    assert edges[:, 1].max() <= 100
    assert edges[:, 2].min() >= 180
    assert edges[:, 2].max() <= 201
    assert edges[:, 3].max() <= 191
    assert len(set(map(tuple, edges.tolist()))) > 150


def test_regions_stay_in_the_picture() -> None:
    for region in regions_of(Box(-20, -20, 60, 60), (30, 25), np.random.default_rng(0)):
        assert (region.top, region.left) == (0, 0)
        assert (region.bottom, region.right) == (30, 25)


def test_crops_are_the_same_every_time(portrait: np.ndarray) -> None:
    face = Box(90, 50, 120, 140)
    crops = ten_crops(portrait, face, 48)
    assert crops.shape == (CROPS, 48, 48, 3)
    np.testing.assert_array_equal(crops, ten_crops(portrait, face, 48))
    whole = cut(portrait, Region(0, 0, 240, 240), 240)
    np.testing.assert_array_equal(whole, portrait[:240, :240])


def test_faces_are_found_and_nothing_else(portrait: np.ndarray) -> None:
    (face,) = faces_in(portrait[..., 0])
    assert abs(face.centre - np.array([160, 130])).max() < 20
    large = np.repeat(np.repeat(portrait, 3, axis=0), 3, axis=1)
    (same,) = faces_in(large[..., 0])
    assert same.side == pytest.approx(3 * face.side, rel=0.15)
    part = largest_face(portrait)
    assert part is not None
    assert part.shape[0] == part.shape[1]
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    assert largest_face(noise) is None
    assert faces_in(noise[:40, :40, 0]) == ()


def test_a_model_is_asked_for_every_crop(portrait: np.ndarray, folder: Path) -> None:
    model = face_model_of(open_bundle(folder))
    assert (model.side, model.crops, model.method) == (32, 4, "warping")
    face = Box(90, 50, 120, 140)
    expected = ten_crops(portrait, face, 32, 4).astype(np.float32)[..., 2].mean() / 255
    assert model.score(portrait, face) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    "settings",
    [
        {"method": "residual"},
        {"method": "warping", "side": 0},
        [],
        {"method": "warping", "side": True},
        {"method": "warping", "side": 32, "crops": 0},
        {"method": "warping", "side": 32, "crops": 1e9},
    ],
)
def test_what_is_no_network_of_faces_is_told(settings: object, tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        face_model_of(open_bundle(bundle(tmp_path, settings)))


def test_a_picture_with_a_face(portrait: np.ndarray, folder: Path) -> None:
    model = face_model_of(open_bundle(folder))
    (found,) = Warping(model, table()).examine(png(portrait))
    assert found.question is Question.ALTERED
    assert found.llr == pytest.approx(2 * found.measurements[0].value - 1, abs=1e-3)
    assert found.calibration.name == "a test"
    brighter = np.minimum(portrait.astype(int) + 60, 255).astype(np.uint8)
    (other,) = Warping(model, table()).examine(png(brighter))
    assert other.llr > found.llr


def test_without_calibration_nobody_is_accused(portrait: np.ndarray, folder: Path) -> None:
    model = face_model_of(open_bundle(folder))
    for level in (portrait, np.minimum(portrait.astype(int) + 60, 255).astype(np.uint8)):
        (found,) = Warping(model).examine(png(level))
        assert found.status is Status.CLEAR
        assert found.llr == 0
        assert found.measurements[0].name == "score"


def test_pictures_without_faces_say_nothing(folder: Path) -> None:
    model = face_model_of(open_bundle(folder))
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    (found,) = Warping(model, table()).examine(png(noise))
    assert found.status is Status.NOT_APPLICABLE
    assert "No face" in found.summary


def test_clips_are_looked_at_in_some_frames(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("av")
    model = face_model_of(open_bundle(folder))
    frames = [colour(scene(at=(150 + i, 120), side=170)[0]) for i in range(12)]
    clip = open_media(filmed(tmp_path / "talking.mp4", frames))
    (found,) = Warping(model, table()).examine(clip)
    numbers = {m.name: m.value for m in found.measurements}
    assert numbers["frames looked at"] == 8
    assert 1 <= numbers["effective frames"] <= 2
    assert found.llr is not None
    empty = open_media(filmed(tmp_path / "empty.mp4", [np.full((96, 96, 3), 90, np.uint8)] * 4))
    assert Warping(model, table()).examine(empty)[0].status is Status.NOT_APPLICABLE


def test_what_does_not_ship_does_not_apply(portrait: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forensics.detectors.warping.detector.shipped", lambda name: False)
    for detector in (MesoNet(), Warping()):
        (found,) = detector.examine(png(portrait))
        assert found.status is Status.NOT_APPLICABLE
        assert f"forensics train {detector.info.name}" in found.summary


def test_without_a_finder_of_faces_nothing_is_said(
    portrait: np.ndarray, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(luma: np.ndarray) -> tuple[Box, ...]:
        raise UsageError("OpenCV has no cascades")

    monkeypatch.setattr("forensics.detectors.warping.detector.faces_in", missing)
    (found,) = Warping(face_model_of(open_bundle(folder))).examine(png(portrait))
    assert found.status is Status.NOT_APPLICABLE


def test_both_are_registered() -> None:
    assert DETECTORS.get("warping") is Warping
    assert DETECTORS.get("mesonet") is MesoNet


def test_what_ships_looks_and_weighs_nothing(portrait: np.ndarray) -> None:
    (found,) = Warping().examine(png(portrait))
    assert found.status is Status.CLEAR
    assert found.llr == 0
    assert np.isfinite(found.measurements[0].value)
