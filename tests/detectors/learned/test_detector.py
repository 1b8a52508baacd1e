"""The detector that all trained models share."""

from __future__ import annotations

import io
from typing import ClassVar

import numpy as np
import pytest
from PIL import Image

from forensics.detectors.base import DetectorInfo
from forensics.detectors.calibrating.scales import Scale, ScaleKind
from forensics.detectors.calibrating.table import BucketScale, CalibrationTable
from forensics.detectors.learned import detector as module
from forensics.detectors.learned.detector import TileDetector
from forensics.detectors.learned.model import TileModel
from forensics.errors import MissingExtra, ModelError
from forensics.evidence import Question, Status
from forensics.media import Kind, open_bytes


class Brightness(TileDetector):
    what = "light"
    info: ClassVar[DetectorInfo] = DetectorInfo(
        "brightness", "1", "light", (Question.SYNTHETIC,), (Kind.IMAGE,), "", "", None, "it is a test"
    )
    given: ClassVar[CalibrationTable | None] = None

    def model(self) -> TileModel:
        def session(features: np.ndarray) -> list[np.ndarray]:
            return [features.mean(axis=(1, 2, 3))[:, None] * 10 - 5]

        return TileModel("residual", 64, 32, session)  # type: ignore[arg-type]

    def table(self) -> CalibrationTable | None:
        return self.given


BUCKETS = ("all", "lossless", "lossless.small")


def table() -> CalibrationTable:
    scale = Scale(
        kind=ScaleKind.LOGISTIC, scores=(-1.0, 1.0), llrs=(-1.0, 1.5), negatives=99, positives=60,
        negative_sources=99, positive_sources=30,
    )  # fmt: skip
    return CalibrationTable(
        code="brightness.generated", detector="brightness", version="1", question=Question.SYNTHETIC,
        name="test", buckets=tuple(BucketScale(bucket=name, scale=scale) for name in BUCKETS),
    )  # fmt: skip


@pytest.fixture(autouse=True)
def _there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "shipped", lambda name: name == "brightness")
    monkeypatch.setattr(Brightness, "given", table())


def png(picture: np.ndarray, mode: str = "RGB") -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).convert(mode).save(file, "PNG")
    return file.getvalue()


def noise(low: int, high: int, side: int = 130) -> np.ndarray:
    return np.random.default_rng(0).integers(low, high, (side, side, 3), dtype=np.uint8)


def test_a_signal_says_where_and_how_sure() -> None:
    (found,) = Brightness().examine(open_bytes(png(noise(180, 250))))
    assert found.status is Status.SIGNAL
    assert found.llr == pytest.approx(1.5)
    assert found.calibration is not None
    assert found.calibration.negatives == 99
    assert found.maps[0].values.shape == (2, 2)
    assert found.maps[0].values.min() > 0.5
    assert {m.name: m.value for m in found.measurements}["tiles"] == 4


def test_nothing_found_is_said_to_weigh_against_it() -> None:
    (found,) = Brightness().examine(open_bytes(png(noise(5, 60))))
    assert found.status is Status.CLEAR
    assert found.llr == pytest.approx(-0.5)  # 3 to 1, though the table says 10 to 1
    assert not found.maps


def test_without_calibration_it_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Brightness, "given", None)
    (found,) = Brightness().examine(open_bytes(png(noise(180, 250))))
    assert found.llr == 0.0
    assert found.status is Status.CLEAR


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (png(noise(0, 255, 50)), "64 x 64"),
        (png(np.full((200, 200, 3), 77, np.uint8)), "64 x 64"),
        (png(noise(0, 255), "P"), "few colours"),
    ],
)
def test_pictures_that_hold_nothing_are_left_alone(data: bytes, reason: str) -> None:
    (found,) = Brightness().examine(open_bytes(data))
    assert found.status is Status.NOT_APPLICABLE
    assert reason in found.summary


def test_without_the_runtime_it_says_what_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(self: Brightness) -> TileModel:
        raise MissingExtra("running trained models", "cpu")

    monkeypatch.setattr(Brightness, "model", missing)
    (found,) = Brightness().examine(open_bytes(png(noise(0, 255))))
    assert found.status is Status.NOT_APPLICABLE
    assert "cpu" in found.summary


def test_a_model_that_gives_no_numbers_is_at_fault() -> None:
    model = TileModel("residual", 64, 32, lambda x: [np.full((len(x), 1), np.nan)])  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="no numbers"):
        model.look(noise(0, 255))


def test_sizes_that_were_not_calibrated_never_accuse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forensics.detectors.buckets.SMALL", 128 * 128)
    (found,) = Brightness().examine(open_bytes(png(noise(180, 250))))
    assert found.status is Status.SIGNAL
    assert found.llr == 1.0
    (dark,) = Brightness().examine(open_bytes(png(noise(5, 60))))
    assert dark.llr == -0.5
