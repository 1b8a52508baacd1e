"""A calibration of one's own: from rows to a folder, and from the folder into an audit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics.auditor import Auditor
from forensics.detectors.base import Detector, DetectorInfo
from forensics.detectors.buckets import Quality
from forensics.detectors.calibrating.collecting import Row
from forensics.detectors.calibrating.corpus import Sample
from forensics.detectors.calibrating.scoring import Score, Scored
from forensics.errors import UsageError
from forensics.evidence import Calibration, Evidence, Grade, Measurement, Question, Status, Verdict
from forensics.fusion.calibrating import Calibrated, Settings, calibrate, write
from forensics.fusion.own import OwnCalibration
from forensics.media import Kind, Media
from forensics.provenance import TrustPolicy

SET = Calibration(name="shipped", negatives=9, positives=9)


def row(number: int, fake: bool, **values: float) -> Row:
    scores = (Score(code=f"{n}.x", detector=n, version="1", value=v) for n, v in sorted(values.items()))
    scored = Scored(
        codec="lossless", jpeg_quality=None, pixels=49152, resampled=None, soft=None, scores=tuple(scores)
    )
    return Row(Sample(Path("p"), f"p{number}", fake, f"s{number}"), scored)


def rows(count: int = 240, seed: int = 1) -> list[Row]:
    """Two findings that tell, three that copy the first, and one that says the same of all."""
    rng = np.random.default_rng(seed)
    found = []
    for i in range(count):
        fake = bool(i % 2)
        a, b = rng.normal(1.6 * fake, 1, 2)
        found.append(row(i, fake, one=a, other=b, copy=3 * a + 1, again=a - 1, more=a * 2, flat=7.0))
    return found


@pytest.fixture(scope="module")
def made() -> Calibrated:
    return calibrate(rows(), Settings("own pictures", replicates=30))


@pytest.fixture
def folder(made: Calibrated, tmp_path: Path) -> Path:
    write(made, tmp_path / "own")
    return tmp_path / "own"


class Level(Detector):
    """A detector that measures the mean of the picture, and by itself finds nothing."""

    info = DetectorInfo(
        name="one", version="1", title="t", questions=(Question.SYNTHETIC,), kinds=(Kind.IMAGE,), needs="",
        source="s", calibration=SET, limits="l",
    )  # fmt: skip

    def examine(self, media: Media) -> tuple[Evidence, ...]:
        measured = Measurement(name="score", value=float(media.pixels.mean()) / 10 - 10)
        return (
            Evidence(
                detector="one", code="one.x", question=Question.SYNTHETIC, grade=Grade.OPINION,
                status=Status.CLEAR, summary="Nothing was found.", llr=0.0, p_value=0.5, calibration=SET,
                measurements=(measured,),
            ),
        )  # fmt: skip


def test_every_finding_with_scores_of_both_classes_gets_a_table(made: Calibrated) -> None:
    assert made.own.index.codes == ("again.x", "copy.x", "more.x", "one.x", "other.x")
    assert [(s.code, s.reason) for s in made.own.index.skipped] == [
        ("flat.x", "it says the same of every picture")
    ]
    assert (made.own.index.real, made.own.index.fake_sources) == (120, 120)


def test_copies_are_learned_to_be_one(made: Calibrated) -> None:
    assert made.own.fusion is not None
    shared = sum(b.length for b in made.own.fusion.branches if {"copy.x", "one.x"} <= set(b.codes))
    apart = sum(b.length for b in made.own.fusion.branches if {"one.x", "other.x"} <= set(b.codes))
    assert shared == pytest.approx(1.0)
    assert apart < 0.7
    figures = {f.name: f.value for f in made.own.fusion.figures}
    assert figures["AUC"] > 0.9
    assert figures["Cllr"] < 0.65
    assert figures["Cllr"] - figures["Cllr_min"] < 0.1


def test_what_is_measured_was_held_out(made: Calibrated) -> None:
    one = made.outcomes("one.x")
    fused = made.outcomes(None)
    assert one is not None
    assert fused is not None
    assert one.scores.size == fused.scores.size == 240
    assert not np.isnan(made.gathered.llrs).any()


def test_a_folder_is_read_as_it_was_written(made: Calibrated, folder: Path) -> None:
    assert OwnCalibration.load(folder) == made.own


def test_few_pictures_are_refused_with_their_number() -> None:
    with pytest.raises(UsageError, match="nothing can be calibrated on these 12 pictures: again"):
        calibrate(rows(12), Settings("own"))
    with pytest.raises(UsageError, match="no finding gave a score"):
        calibrate([row(1, False), row(2, True)], Settings("own"))


def audited(folder: Path | OwnCalibration, path: Path, level: float) -> Evidence:
    pixels = np.full((96, 96, 3), round(level * 10 + 100), np.uint8)
    Image.fromarray(pixels).save(path)
    auditor = Auditor(trust=TrustPolicy.default(), stages=[[Level()]], calibration=folder, stability=False)
    report = auditor.audit(path)
    assert (report.verdict is Verdict.LIKELY_SYNTHETIC) == (report.opinions[0].llr >= 2)
    return next(e for e in report.evidence if e.detector == "one")


def test_an_audit_weighs_by_it(made: Calibrated, folder: Path, tmp_path: Path) -> None:
    found = audited(folder, tmp_path / "p.png", 4.0)
    quality = Quality("lossless", None, 96 * 96)
    assert found.llr == made.own.tables[3].llr(4.0, quality)
    assert found.llr is not None
    assert found.llr > 1.5
    assert found.calibration is not None
    assert found.calibration.name == "own pictures"
    assert (found.status, found.p_value) == (Status.SIGNAL, None)
    assert found.summary.endswith("By the calibration 'own pictures' its score speaks for it all the same.")
    low = audited(folder, tmp_path / "p.png", -1.0)
    assert low.llr is not None
    assert low.llr < -0.5
    assert (low.status, low.summary) == (Status.CLEAR, "Nothing was found.")


def test_other_findings_keep_what_ships(made: Calibrated, tmp_path: Path) -> None:
    alone = OwnCalibration(made.own.index, made.own.tables[4:], None)
    assert audited(alone, tmp_path / "p.png", 4.0).calibration == SET
    assert alone.dependence(Question.SYNTHETIC) is None
    assert made.own.dependence(Question.ALTERED) is None
    assert made.own.dependence(Question.SYNTHETIC) is made.own.fusion


def test_a_calibration_of_another_version_is_refused(
    made: Calibrated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Level, "info", DetectorInfo(**{**vars(Level.info), "version": "2"}))
    with pytest.raises(
        UsageError, match="is for version 1 of one, which is 2 now: run `forensics calibrate`"
    ):
        made.own.check([Level()])


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("calibration.json", {"codes": ["../one.x"]}, "is no name of a finding"),
        ("calibration.json", {"codes": ["two.x"]}, "cannot read the calibration table"),
        ("calibration.json", {"name": 3}, "is no calibration: name"),
        ("tables/one.x.json", {"code": "two.x"}, "the table of one.x is one of two.x"),
        ("tables/one.x.json", {"buckets": []}, "is no calibration table: buckets"),
        ("fusion.json", {"branches": [{"length": 0.5, "codes": ["a"]}]}, "is no learned fusion"),
    ],
)
def test_damaged_folders_are_refused(
    folder: Path, file: str, change: dict[str, object], message: str
) -> None:
    path = folder / file
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(UsageError, match=message):
        OwnCalibration.load(folder)


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no calibration: `forensics calibrate DIR"):
        Auditor(trust=TrustPolicy.default(), calibration=tmp_path)
