"""A calibration is put into a trained detector."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from forensics.cli.main import main
from forensics.detectors.calibrating.scales import Scale, ScaleKind
from forensics.detectors.calibrating.table import BucketScale, CalibrationTable
from forensics.detectors.learned.calibrated import put_table, table_in
from forensics.detectors.learned.model import METHOD, TABLE
from forensics.errors import ModelError, UsageError
from forensics.evidence import Question
from forensics.runtime.store import open_bundle


def table(code: str) -> CalibrationTable:
    scale = Scale(
        kind=ScaleKind.LOGISTIC, scores=(-1.0, 1.0), llrs=(-1.0, 1.0), negatives=40, positives=40,
        negative_sources=40, positive_sources=20,
    )  # fmt: skip
    return CalibrationTable(
        code=code, detector=code.partition(".")[0], version="own-1", question=Question.SYNTHETIC,
        name="mine", buckets=(BucketScale(bucket="all", scale=scale),),
    )  # fmt: skip


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    folder = tmp_path / "residual"
    folder.mkdir()
    (folder / METHOD).write_text("{}")
    files = {METHOD: hashlib.sha256(b"{}").hexdigest()}
    (folder / "card.json").write_text(json.dumps({"name": "residual", "files": files}))
    return folder


@pytest.fixture
def calibration(tmp_path: Path) -> Path:
    folder = tmp_path / "calibration"
    (folder / "tables").mkdir(parents=True)
    table("own_residual.generated").save(folder / "tables" / "own_residual.generated.json")
    return folder


def test_the_card_knows_the_table(
    trained: Path, calibration: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["train", "calibration", str(trained), str(calibration), "--as", "residual"])
    assert not stop.value.code
    assert "weighed by" in capsys.readouterr().out
    found = CalibrationTable.model_validate_json(open_bundle(trained).read(TABLE))
    assert (found.detector, found.code, found.version) == ("residual", "residual.generated", "1")
    assert open_bundle(trained).read(METHOD) == b"{}"


def test_of_several_tables_one_is_named(calibration: Path) -> None:
    other = table("other.generated")
    other.save(calibration / "tables" / "other.generated.json")
    with pytest.raises(UsageError, match=r"other\.generated, own_residual\.generated"):
        table_in(calibration)
    assert table_in(calibration, "other.generated") == other
    with pytest.raises(UsageError, match="--code"):
        table_in(calibration, "third.generated")


def test_what_is_no_detector_takes_none(tmp_path: Path, calibration: Path) -> None:
    (tmp_path / "card.json").write_text(json.dumps({"files": {}}))
    with pytest.raises(ModelError, match="no detector"):
        put_table(tmp_path, table_in(calibration))
    assert not (tmp_path / TABLE).exists()
