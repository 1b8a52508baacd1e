"""The detector `two_stream`: tiles, their score, their map, and when it says nothing."""

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
from forensics.detectors.two_stream import TwoStream
from forensics.detectors.two_stream.model import Seen, SpliceModel, splice_model_of
from forensics.errors import MissingExtra, ModelError
from forensics.evidence import Question, Status
from forensics.media import Media, open_bytes
from forensics.runtime.store import bundled, open_bundle

from ..onnx_models import chain


def bundle(folder: Path, settings: object) -> Path:
    files = {
        "classifier.onnx": chain("GlobalAveragePool", "Flatten", shape=("n", 3, "h", "w")),
        "network.json": json.dumps(settings).encode(),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    (folder / "card.json").write_text(json.dumps({"files": digests}))
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> SpliceModel:
    """Its logit is the mean of a tile, 0 to 1."""
    folder = bundle(tmp_path_factory.mktemp("model"), {"method": "two_stream", "side": 64})
    return splice_model_of(open_bundle(folder))


def table() -> CalibrationTable:
    scale = Scale(
        kind=ScaleKind.LOGISTIC, scores=(0.0, 0.4), llrs=(-1.0, 1.0), negatives=50, positives=50,
        negative_sources=20, positive_sources=20,
    )  # fmt: skip
    return CalibrationTable(
        code="two_stream.edge", detector="two_stream", version="1", question=Question.ALTERED, name="a test",
        buckets=(BucketScale(bucket="all", scale=scale),),
    )  # fmt: skip


def png(pixels: np.ndarray, mode: str = "RGB") -> Media:
    file = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, "PNG")
    return open_bytes(file.getvalue())


def ground(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(60, 120, (320, 384, 3), dtype=np.uint8)


def forged() -> np.ndarray:
    pixels = ground()
    pixels[128:256, 192:320] += 100
    return pixels


def test_the_score_is_what_stands_out(model: SpliceModel) -> None:
    seen, other = model.look(ground()), model.look(forged())
    assert other.score == pytest.approx(100 / 255, abs=0.02)
    assert abs(seen.score) < 0.02
    assert model.look(ground() + 90).score == pytest.approx(seen.score, abs=0.005)  # what all tiles have


def test_tiles_lie_on_two_grids(model: SpliceModel) -> None:
    seen = model.look(ground())
    assert len(seen.logits) == 5 * 6 + 4 * 5
    assert sorted(set((seen.corners % 64).ravel().tolist())) == [0, 32]
    assert (seen.corners.max(axis=0) + 64 <= (320, 384)).all()


def test_the_map_is_bright_where_the_splice_is(model: SpliceModel) -> None:
    values = model.look(forged()).map()
    assert values.shape == (10, 12)
    assert values[4:8, 6:10].min() > values[:3].max()
    assert 0 <= values.min() <= values.max() <= 1


def test_a_map_of_known_tiles() -> None:
    corners = np.array([[0, 0], [0, 32], [32, 0]])
    seen = Seen(np.array([-30, 0, 30], np.float32), corners, 64, (96, 96))
    np.testing.assert_allclose(seen.map(), [[0, 0.5, 0.5], [1, 1, 0.5], [1, 1, 0]], atol=1e-6)


def test_a_splice_is_told_with_its_map(model: SpliceModel) -> None:
    (found,) = TwoStream(model, table()).examine(png(forged()))
    assert found.status is Status.SIGNAL
    assert found.llr == pytest.approx(1.0, abs=0.1)
    assert found.maps[0].values.shape == (10, 12)
    (other,) = TwoStream(model, table()).examine(png(ground()))
    assert other.status is Status.CLEAR
    assert other.llr < 0
    assert not other.maps


def test_without_calibration_nobody_is_accused(model: SpliceModel) -> None:
    (found,) = TwoStream(model).examine(png(forged()))
    assert (found.status, found.llr) == (Status.CLEAR, 0.0)
    assert {m.name for m in found.measurements} == {"score", "tiles"}


def test_when_it_says_nothing(model: SpliceModel, monkeypatch: pytest.MonkeyPatch) -> None:
    for picture in (png(ground()[:130, :130]), png(np.full((400, 400, 3), 90, np.uint8)), png(ground(), "P")):
        (found,) = TwoStream(model, table()).examine(picture)
        assert found.status is Status.NOT_APPLICABLE
    monkeypatch.setattr("forensics.detectors.two_stream.detector.shipped", lambda name: False)
    (found,) = TwoStream().examine(png(ground()))
    assert "forensics train two_stream" in found.summary


def test_a_missing_runtime_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> SpliceModel:
        raise MissingExtra("running trained models", "cpu")

    monkeypatch.setattr("forensics.detectors.two_stream.detector.shipped", lambda name: True)
    monkeypatch.setattr("forensics.detectors.two_stream.detector.open_splice_model", missing)
    assert TwoStream().examine(png(ground()))[0].status is Status.NOT_APPLICABLE


@pytest.mark.parametrize(
    "settings",
    [
        {"method": "spectral", "side": 64},
        {"method": "two_stream", "side": 3},
        {"method": "two_stream", "side": 72},
    ],
)
def test_what_is_no_such_model_is_told(settings: object, tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        splice_model_of(open_bundle(bundle(tmp_path, settings)))


def test_it_is_registered() -> None:
    assert DETECTORS.get("two_stream") is TwoStream


def test_what_ships_looks_and_weighs_nothing() -> None:
    assert splice_model_of(bundled("two_stream")).side == 64
    (found,) = TwoStream().examine(png(forged()))
    assert found.status is Status.CLEAR
    assert found.llr == 0
    assert np.isfinite(found.measurements[0].value)
