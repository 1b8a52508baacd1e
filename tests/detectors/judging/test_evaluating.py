"""A whole evaluation: which pictures, thresholds before the test, what a further run takes up, the report."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from forensics.detectors.aligned.storing import Stored
from forensics.detectors.judging import Plan, evaluate, parse_deliveries, photos_in, read_corpus
from forensics.detectors.judging.corpora import families_of, stored_as
from forensics.detectors.judging.freezing import load_thresholds
from forensics.detectors.judging.markdown import report_of
from forensics.detectors.judging.results import Results
from forensics.errors import ForensicsError, UsageError

from .trials import Bright, Broken, judge, picture, tiny_set

PNG = Stored("png")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return tiny_set(tmp_path / "set")


def plan_of(corpus: Path, attacks: str = "jpeg:75;blur:1") -> Plan:
    return Plan(judge(), parse_deliveries(attacks, PNG), PNG, read_corpus(corpus), replicates=20)


def test_a_corpus_is_split_into_what_is_tested_and_what_fixes_thresholds(corpus: Path) -> None:
    found = read_corpus(corpus)
    assert (found.name, found.split, found.validation) == ("set", "test", "val")
    assert ({s.source for s in found.photos}, len(found.test)) == ({"s2", "s5"}, 12)
    assert not any(s.fake for s in found.photos)
    assert {s.maker for s in found.test} == {"", "nearest2", "dim"}
    whole = read_corpus(corpus, validation="")
    assert (len(whole.test), whole.photos, whole.validation) == (12, (), "")


def test_wrong_splits_are_refused(corpus: Path) -> None:
    with pytest.raises(UsageError, match="no split 'x' in"):
        read_corpus(corpus, "x")
    with pytest.raises(UsageError, match="cannot be fixed on the split that is tested"):
        read_corpus(corpus, "val")
    text = (corpus / "manifest.csv").read_text().replace("s2,val", "s1,val")
    (corpus / "manifest.csv").write_text(text)
    with pytest.raises(UsageError, match="a source would fix thresholds and be tested, 's1'"):
        read_corpus(corpus)


def test_folders_without_a_manifest_name_makers(corpus: Path) -> None:
    (corpus / "manifest.csv").unlink()
    found = read_corpus(corpus)
    assert (len(found.test), found.photos, found.split) == (18, (), "")
    assert {s.maker for s in found.test} == {"", "nearest2", "dim"}
    with pytest.raises(UsageError, match="no split 'test'"):
        read_corpus(corpus, "test")


def test_what_a_built_set_says_of_itself(corpus: Path) -> None:
    samples = read_corpus(corpus).test
    assert stored_as(corpus, samples, None) == PNG
    assert str(stored_as(corpus, samples, "webp:70")) == "webp:70"
    with pytest.raises(UsageError, match="says nothing of families"):
        families_of(corpus)
    (corpus / "build.json").write_text(json.dumps({"codec": "jpeg:90:444", "families": {"dim": "f"}}))
    assert str(stored_as(corpus, samples, None)) == "jpeg:90:444"
    assert families_of(corpus) == {"dim": "f"}
    (corpus / "build.json").unlink()
    jpeg = [replace(samples[0], path=Path("a.jpg"))]
    assert str(stored_as(None, jpeg, None)) == "jpeg:90:420"


def test_an_evaluation_from_end_to_end(corpus: Path, tmp_path: Path) -> None:
    photos = tmp_path / "camera"
    photos.mkdir()
    for number, level in enumerate((10, 90, 250)):
        Image.fromarray(picture(level, number)).save(photos / f"{number}.png")
    (photos / "notes.txt").write_text("no picture")
    seen = 0

    def advance() -> None:
        nonlocal seen
        seen += 1

    plan = replace(plan_of(corpus), real_only={"camera": photos_in(photos)})
    found = evaluate(plan, tmp_path, advance=advance)
    results = found.results
    assert seen == plan.pictures == 18
    cells = {(c.row, c.maker, c.delivery): c for c in results.cells}
    auc = cells["bright.light", "nearest2", "jpeg:75"].figure("AUC")
    assert auc is not None
    assert auc.value == 1.0
    assert cells["bright.light", "nearest2", "none"].seen  # the note of its calibration names it
    assert [row.row for row in results.thresholds.rows] == ["bright.light", "fused"]
    assert results.thresholds.rows[0].sources == 2
    accused = {(a.row, a.delivery): a.accused for a in results.alarms if a.at == "odds"}
    assert accused["bright.light", "none"] == 1  # the brightest photo
    assert {a.answered for a in results.alarms if a.row == "bright.light"} == {2}  # not the dark one
    assert [x.name for x in results.left_out] == ["camera/notes.txt"]
    assert [c.split for c in results.corpora] == ["val", "test", ""]
    assert Results.model_validate_json(results.model_dump_json()) == results
    page = report_of(results)
    assert "1.000; 1.000 none (seen)" in page
    assert "## Photos alone: how many were accused" in page
    assert "too few for it" in page


def test_a_further_run_takes_up_what_is_known(corpus: Path, tmp_path: Path) -> None:
    first = evaluate(plan_of(corpus, "jpeg:75"), tmp_path)
    Bright.looked = 0
    again = evaluate(plan_of(corpus, "jpeg:75;blur:1"), tmp_path)
    assert (first.known, again.known) == (0, 28)
    assert Bright.looked == 14  # the new delivery alone
    assert again.results.thresholds.rows != ()
    evaluate(replace(plan_of(corpus, "jpeg:75"), stored=Stored("jpeg", 90, "420")), tmp_path)
    assert Bright.looked == 14 + 28  # stored otherwise: looked at anew


def test_thresholds_are_written_before_the_test(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there: list[bool] = []
    limits = tmp_path / "thresholds.json"
    examine = Bright.examine

    def watched(self: Bright, media: object) -> object:
        there.append(limits.is_file())
        return examine(self, media)  # type: ignore[arg-type]

    monkeypatch.setattr(Bright, "examine", watched)
    evaluate(plan_of(corpus, "jpeg:75"), tmp_path, workers=1)
    assert there == [False] * 4 + [True] * 24
    fixed = load_thresholds(limits)
    taken = evaluate(replace(plan_of(corpus, "jpeg:75"), thresholds=fixed), tmp_path)
    assert taken.results.thresholds == fixed
    assert taken.results.settings.validation == ""
    assert [c.split for c in taken.results.corpora] == ["test"]


def test_photos_alone_need_no_corpus(corpus: Path, tmp_path: Path) -> None:
    deliveries = parse_deliveries("jpeg:75", PNG)
    found = evaluate(Plan(judge(), deliveries, PNG, real_only={"r": photos_in(corpus / "real")}), tmp_path)
    assert (found.table, found.results.cells) == (None, ())
    assert {(a.row, a.pictures, a.accused) for a in found.results.alarms} == {
        ("bright.light", 6, 0),
        ("fused", 6, 0),
    }
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds no files"):
        photos_in(tmp_path / "empty")
    with pytest.raises(UsageError, match="is no folder"):
        photos_in(tmp_path / "missing")


def test_families_take_the_place_of_makers(corpus: Path, tmp_path: Path) -> None:
    plan = replace(plan_of(corpus, "jpeg:75"), families={"nearest2": "up", "dim": "up"})
    found = evaluate(plan, tmp_path).results
    assert found.makers == ("up",)
    assert found.detectors[0].seen == ("nearest2",)
    assert {c.seen for c in found.cells if (c.row, c.maker) == ("bright.light", "seen")} == {True}
    assert not [c for c in found.cells if c.maker == "unseen"]


def test_a_detector_that_fails_costs_only_itself(corpus: Path, tmp_path: Path) -> None:
    plan = replace(plan_of(corpus, "jpeg:75"), judge=judge(Bright(), Broken()))
    results = evaluate(plan, tmp_path).results
    assert results.failed == ("broken: ValueError: boom",)
    assert {c.row for c in results.cells} == {"bright.light", "fused", "control.bytes_per_pixel"}


def test_pictures_too_small_for_a_delivery_are_named(tmp_path: Path) -> None:
    corpus = tiny_set(tmp_path / "set")
    Image.fromarray(picture(90, 1, side=16)).save(corpus / "real" / "0.png")
    results = evaluate(plan_of(corpus, "crop:0.5"), tmp_path).results
    assert [x.name for x in results.left_out] == ["real/0.png crop:0.5"]


def test_a_delivery_that_does_nothing_stops_the_evaluation(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(ForensicsError, match=r"changed no pixel of any picture: blur:0"):
        evaluate(plan_of(corpus, "blur:0"), tmp_path)
    with pytest.raises(ForensicsError, match=r"the same files: jpeg:75 and jpeg:75,chroma=420"):
        evaluate(plan_of(corpus, "jpeg:75;jpeg:75,chroma=420"), tmp_path)
