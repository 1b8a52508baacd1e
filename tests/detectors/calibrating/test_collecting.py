"""Scores of a corpus: what is listed, what is scored, and what a further run takes up."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics.detectors.base import Detector, DetectorInfo
from forensics.detectors.calibrating.collecting import Collected, collect
from forensics.detectors.calibrating.corpus import all_samples, samples_of
from forensics.detectors.calibrating.scoring import score_media, score_of
from forensics.detectors.choosing import choose
from forensics.errors import UsageError
from forensics.evidence import Calibration, Evidence, Grade, Measurement, Question, Status
from forensics.media import Kind, Media, open_media

SET = Calibration(name="c", negatives=9, positives=9)


def opinion(code: str = "mean.x", **changes: object) -> Evidence:
    fields: dict[str, object] = {
        "detector": "mean", "code": code, "question": Question.SYNTHETIC, "grade": Grade.OPINION,
        "status": Status.CLEAR, "summary": "s", "llr": 0.5, "calibration": SET,
    }  # fmt: skip
    return Evidence.model_validate(fields | changes)


class Mean(Detector):
    """A detector whose score is the mean of the pixels."""

    info = DetectorInfo(
        name="mean", version="1", title="t", questions=(Question.SYNTHETIC,), kinds=(Kind.IMAGE,), needs="",
        source="s", calibration=SET, limits="l",
    )  # fmt: skip
    looked = 0

    def examine(self, media: Media) -> tuple[Evidence, ...]:
        type(self).looked += 1
        score = Measurement(name="score", value=float(media.pixels.mean()))
        return (opinion(measurements=(score,)), opinion("mean.other", question=Question.ALTERED))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    for label, level in (("real", 50), ("fake", 200)):
        for number in range(3):
            path = tmp_path / "corpus" / label / "deeper" / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((16, 16, 3), level + number, np.uint8)).save(path)
    return tmp_path / "corpus"


@pytest.fixture
def gathered(corpus: Path, tmp_path: Path) -> Callable[[], Collected]:
    def run() -> Collected:
        return collect(samples_of(corpus), [Mean()], Question.SYNTHETIC, tmp_path / "scores.jsonl")

    Mean.looked = 0
    return run


@pytest.mark.parametrize(
    ("evidence", "score"),
    [
        (opinion(), 0.5),
        (opinion(llr=None, p_value=0.01), 2.0),
        (opinion(llr=None, p_value=0.0), 300.0),
        (opinion(measurements=(Measurement(name="score", value=7),)), 7.0),
        (opinion(measurements=(Measurement(name="score", value=True),)), 0.5),
        (opinion(measurements=(Measurement(name="score", value="high"),)), 0.5),
        (opinion(grade=Grade.PROOF), None),
        (opinion(grade=Grade.CLAIM), None),
        (opinion(status=Status.NOT_APPLICABLE, llr=None), None),
    ],
)
def test_every_opinion_has_a_score(evidence: Evidence, score: float | None) -> None:
    assert score_of(evidence) == (None if score is None else pytest.approx(score))


def test_folders_are_listed_with_their_labels_and_sources(corpus: Path) -> None:
    (corpus / "real" / ".hidden.png").touch()
    found = samples_of(corpus)
    assert [(s.name, s.fake, s.source) for s in found][2:4] == [
        ("real/deeper/2.png", False, "2"),
        ("fake/deeper/0.png", True, "0"),
    ]
    assert len(found) == 6


def test_a_manifest_is_taken_at_its_word(corpus: Path) -> None:
    lines = [
        "file,label,maker,source,split",
        "real/deeper/0.png,real,,a,train",
        "fake/deeper/0.png,fake,m,a,train",
    ]
    (corpus / "manifest.csv").write_text("\n".join([*lines, "fake/deeper/1.png,fake,m,b,test"]))
    assert [(s.fake, s.source) for s in samples_of(corpus)] == [(False, "a"), (True, "a"), (True, "b")]
    assert len(samples_of(corpus, "train")) == 2
    with pytest.raises(UsageError, match="0 real and 1 fake"):
        samples_of(corpus, "test")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,label\n", "lacks the columns source"),
        ("file,label,source\na.png,true,s\n", "line 2: the label is 'true'"),
        ("file,label,source\na.png,real,\n", "line 2: a file and a source"),
        ("file,label,source\na.png,real,s\na.png,fake,s\n", "line 3: a.png is listed twice"),
        ("file,label,source\na.png,real,s\n", "1 real and 0 fake"),
        (b"\xff\xfe\xff", "cannot read"),
    ],
)
def test_wrong_manifests_are_refused(tmp_path: Path, text: str | bytes, message: str) -> None:
    (tmp_path / "manifest.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UsageError, match=message):
        samples_of(tmp_path)


def test_what_is_no_corpus_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no folder"):
        samples_of(tmp_path / "none")
    with pytest.raises(UsageError, match="0 real and 0 fake files"):
        samples_of(tmp_path)
    with pytest.raises(UsageError, match="--split needs a manifest"):
        samples_of(tmp_path, "train")


def test_scores_and_quality_of_every_picture(gathered: Callable[[], Collected]) -> None:
    found = gathered()
    assert (len(found.rows), found.left_out, found.known) == (6, (), 0)
    first = found.rows[0].scored
    assert [(s.code, s.detector, s.value) for s in first.scores] == [("mean.x", "mean", 50.0)]
    assert (first.quality.codec, first.quality.pixels, first.resampled) == ("lossless", 256, None)


def test_a_further_run_looks_only_at_what_is_new(
    gathered: Callable[[], Collected], corpus: Path, tmp_path: Path
) -> None:
    before = gathered()
    Image.fromarray(np.full((16, 16, 3), 99, np.uint8)).save(corpus / "real" / "deeper" / "1.png")
    with (tmp_path / "scores.jsonl").open("a") as stream:
        stream.write('{"file": "broken o')
    after = gathered()
    assert (Mean.looked, after.known) == (7, 5)
    assert [r.scored.scores[0].value for r in after.rows] == [50, 99, 52, 200, 201, 202]
    assert before.rows[0] == after.rows[0]
    assert gathered().known == 6


def test_scores_of_another_version_are_dropped(
    gathered: Callable[[], Collected], monkeypatch: pytest.MonkeyPatch
) -> None:
    gathered()
    monkeypatch.setattr(Mean, "info", DetectorInfo(**{**vars(Mean.info), "version": "2"}))
    assert gathered().known == 0
    assert Mean.looked == 12


def test_unreadable_files_are_named_and_tried_again(gathered: Callable[[], Collected], corpus: Path) -> None:
    (corpus / "real" / "notes.txt").write_text("no picture")
    assert [x.name for x in gathered().left_out] == ["real/notes.txt"]
    again = gathered()
    assert (len(again.left_out), again.known) == (1, 6)


def test_a_foreign_file_is_no_journal(gathered: Callable[[], Collected], tmp_path: Path) -> None:
    (tmp_path / "scores.jsonl").write_text("precious\n")
    with pytest.raises(UsageError, match="is not replaced"):
        gathered()
    assert (tmp_path / "scores.jsonl").read_text() == "precious\n"


def test_a_detector_that_fails_costs_only_itself(corpus: Path) -> None:
    class Broken(Mean):
        def examine(self, media: Media) -> tuple[Evidence, ...]:
            raise ValueError("boom")

    media = open_media(corpus / "real" / "deeper" / "0.png")
    found = score_media(media, [Broken(), Mean()], Question.SYNTHETIC, resampling=False)
    assert found.failed == ("mean: ValueError: boom",)
    assert len(found.scores) == 1


def test_shipped_detectors_give_scores(photo: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "p.png"
    Image.fromarray(np.tile(photo, (2, 2, 1))).save(path)
    found = score_media(open_media(path), choose(["periodicity", "jpeg"]), Question.SYNTHETIC)
    assert [s.code for s in found.scores] == ["periodicity.upsampling"]
    assert math.isfinite(found.scores[0].value)
    altered = score_media(open_media(path), choose(["jpeg"]), Question.ALTERED)
    assert {s.code for s in altered.scores} >= {"jpeg.foreign_grid"}


def test_several_corpora_are_taken_together(tmp_path: Path) -> None:
    for name in ("one", "two"):
        for label in ("real", "fake"):
            (tmp_path / name / label).mkdir(parents=True)
            (tmp_path / name / label / "a.png").touch()
    one, two = tmp_path / "one", tmp_path / "two"
    assert all_samples([one]) == samples_of(one)
    found = all_samples([one, two])
    assert [s.name for s in found] == ["one/real/a.png", "one/fake/a.png", "two/real/a.png", "two/fake/a.png"]
    assert {s.source for s in found} == {"a"}
    assert all(s.path.is_file() for s in found)
    with pytest.raises(UsageError, match="one name"):
        all_samples([one, one])
