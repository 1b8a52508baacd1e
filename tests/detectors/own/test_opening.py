"""Detectors of the user's own, opened from TOML and from folders, and what they say in an audit."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics.auditor import Auditor
from forensics.detectors.calibrating.scales import Scale, ScaleKind
from forensics.detectors.calibrating.table import BucketScale, CalibrationTable
from forensics.detectors.choosing import choose
from forensics.detectors.learned.model import CLASSIFIER, METHOD, TABLE
from forensics.detectors.own.opening import found_in, open_detector, open_detectors
from forensics.errors import ModelError, UsageError
from forensics.evidence import Question, Status
from forensics.media import Media, open_bytes

from ...bundles import written
from ...onnx_models import chain
from .networks import described, means

pytest.importorskip("onnxruntime")

NATIVE = {"size": "native"}


def grey(level: int, mode: str = "RGB") -> Media:
    file = io.BytesIO()
    Image.new("RGB", (96, 80), (level, level, level)).convert(mode).save(file, "PNG")
    return open_bytes(file.getvalue(), "grey.png")


def table(version: str, name: str = "mine", question: Question = Question.SYNTHETIC) -> CalibrationTable:
    scale = Scale(
        kind=ScaleKind.LOGISTIC, scores=(0.4, 0.6), llrs=(-1.0, 1.0), negatives=20, positives=20,
        negative_sources=20, positive_sources=20,
    )  # fmt: skip
    return CalibrationTable(
        code=f"{name}.generated", detector=name, version=version, question=question, name="test",
        buckets=(BucketScale(bucket="all", scale=scale),),
    )  # fmt: skip


def test_without_a_calibration_nothing_is_said(tmp_path: Path) -> None:
    (found,) = open_detector(described(tmp_path, means(), given=NATIVE)).examine(grey(204))
    assert (found.llr, found.status, found.code) == (0.0, Status.CLEAR, "mine.generated")
    assert "nothing is known of what that weighs" in found.summary
    assert found.measurements[0].value == pytest.approx(0.8, rel=1e-4)


def test_scores_weigh_what_the_calibration_says(tmp_path: Path) -> None:
    path = described(tmp_path, means(), given=NATIVE, calibration="table.json")
    version = open_detector(path, weighed=False).info.version
    table(version).save(tmp_path / "table.json")
    detector = open_detector(path)
    assert detector.info.calibration is not None
    for level, status, llr in ((204, Status.SIGNAL, 1.0), (51, Status.CLEAR, -1.0)):
        (found,) = detector.examine(grey(level))
        assert (found.status, found.llr) == (status, llr)
    (none,) = detector.examine(grey(204, "P"))
    assert none.status is Status.NOT_APPLICABLE


def test_calibration_of_other_weights_or_settings_is_refused(tmp_path: Path) -> None:
    path = described(tmp_path, means(), given=NATIVE, calibration="table.json")
    version = open_detector(path, weighed=False).info.version
    table(version).save(tmp_path / "table.json")
    (tmp_path / "mine.onnx").write_bytes(means(gain=2.0))
    with pytest.raises(UsageError, match=r"forensics calibrate DIR --detector mine\.toml"):
        open_detector(path)
    described(tmp_path, means(), given={"size": "native", "multiple": 8}, calibration="table.json")
    with pytest.raises(UsageError, match="leave it out"):
        open_detector(path)


def test_network_is_the_one_that_is_named(tmp_path: Path) -> None:
    path = described(tmp_path, means(), given=NATIVE)
    digest = hashlib.sha256(means()).hexdigest()
    path.write_text(path.read_text().replace('"mine.onnx"', f'"mine.onnx"\nsha256 = "{digest}"'))
    assert open_detector(path).info.name == "mine"
    (tmp_path / "mine.onnx").write_bytes(means(gain=2.0))
    with pytest.raises(ModelError, match=r"is not the file that mine\.toml names"):
        open_detector(path)
    (tmp_path / "mine.onnx").unlink()
    with pytest.raises(UsageError, match="cannot read the network"):
        open_detector(path)


def test_no_network_at_all_is_told(tmp_path: Path) -> None:
    for content in (b"", b"\x80\x02}q\x00.", b"GIF89a" * 50):
        with pytest.raises(ModelError, match="cannot be run"):
            open_detector(described(tmp_path, content))


def trained(folder: Path, settings: object = None, table_: CalibrationTable | None = None) -> Path:
    """A folder as `forensics train detector` writes it, whose logit is the mean of one plane."""
    files = {
        CLASSIFIER: chain("GlobalAveragePool", "Flatten"),
        METHOD: json.dumps(settings or {"method": "residual", "side": 64, "tiles": 4}).encode(),
    }
    if table_ is not None:
        files[TABLE] = table_.model_dump_json().encode()
    return written(folder, files)


def noise(seed: int) -> Media:
    file = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (140, 200, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(file, "PNG")
    return open_bytes(file.getvalue(), "noise.png")


def test_trained_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    detector = open_detector(trained(tmp_path / "My Residual"))
    assert detector.info.name == "own_my_residual"
    (found,) = detector.examine(noise(1))
    assert found.llr == 0.0
    assert found.measurements[1].value == 4
    (flat,) = detector.examine(grey(90))
    assert flat.status is Status.NOT_APPLICABLE
    weighed = open_detector(trained(tmp_path / "My Residual", table_=table("1", "residual")))
    (found,) = weighed.examine(noise(1))
    assert found.calibration is not None
    assert found.calibration.name == "test"
    assert weighed.info.version == detector.info.version


def test_trained_folder_and_its_network_by_toml_say_the_same(tmp_path: Path) -> None:
    network = chain("GlobalAveragePool", "Flatten")
    folder = open_detector(trained(tmp_path / "folder"))
    path = described(
        tmp_path,
        network,
        given={"size": "tile", "side": 64, "tiles": 4},
        said={"meaning": "logit", "column": 2},
    )
    scores = [d.examine(noise(3))[0].measurements[0].value for d in (folder, open_detector(path))]
    assert scores[0] == scores[1]


@pytest.mark.parametrize(
    "settings",
    [{"method": "nothing"}, {"method": "residual", "side": 0}, {"method": "residual", "tiles": "x"}, [1],
     {"method": "residual", "side": 10**9}],
)  # fmt: skip
def test_folder_that_is_none_is_refused(tmp_path: Path, settings: object) -> None:
    with pytest.raises(ModelError):
        open_detector(trained(tmp_path / "folder", settings))


def test_names_are_taken_once(tmp_path: Path) -> None:
    path = described(tmp_path, means(), name="metadata", given=NATIVE)
    with pytest.raises(UsageError, match="a detector called metadata already"):
        open_detector(path)
    one = described(tmp_path, means(), name="one", given=NATIVE)
    (tmp_path / "b").mkdir()
    other = described(tmp_path / "b", means(), name="one", given=NATIVE)
    assert len(open_detectors([one, one])) == 1
    with pytest.raises(UsageError, match="two detectors are called one"):
        open_detectors([one, other])
    with pytest.raises(UsageError, match="two detectors are called one"):
        choose(own=[open_detector(one), open_detector(other)])


def test_folder_of_detectors(tmp_path: Path) -> None:
    described(tmp_path, means(), name="one", given=NATIVE)
    trained(tmp_path / "two")
    (tmp_path / "empty").mkdir()
    assert [p.name for p in found_in(tmp_path)] == ["one.toml", "two"]
    assert [d.info.name for d in open_detectors(found_in(tmp_path))] == ["one", "own_two"]
    with pytest.raises(UsageError, match="cannot read the folder of detectors"):
        found_in(tmp_path / "nowhere")


def test_network_that_fails_costs_only_itself(tmp_path: Path) -> None:
    path = described(tmp_path, means(gain=float("nan")), given=NATIVE)
    picture = tmp_path / "grey.png"
    picture.write_bytes(grey(100).data)
    report = Auditor(own=[open_detector(path)], only=["mine", "metadata"]).audit(picture)
    assert [(e.where, e.code) for e in report.errors] == [("mine", "model")]
    assert {e.detector for e in report.evidence} >= {"mine", "metadata"}
