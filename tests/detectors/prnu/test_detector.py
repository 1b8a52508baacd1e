"""The detector in an audit: found, not found, missing where it should be, and silent without cameras."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics.auditor import Auditor
from forensics.detectors.base import DETECTORS
from forensics.detectors.calibration import load
from forensics.detectors.prnu import Prnu
from forensics.detectors.prnu import compare as comparing
from forensics.detectors.prnu.compare import compare, height_of, score_of, searched
from forensics.detectors.prnu.database import CameraDatabase
from forensics.detectors.prnu.fingerprint import Fingerprint, trace_of
from forensics.detectors.prnu.power import reach, share_passed
from forensics.detectors.prnu.regions import regions
from forensics.evidence import Evidence, Question, Status, Verdict
from forensics.media import open_media
from forensics.watermark.statistics import log10_normal_tail

from .conftest import FIRST, Body, saved
from .sensors import Pixels, pattern_of, shot

TEXTURED = np.random.default_rng(1).integers(0, 255, (256, 320, 3)).astype(np.uint8)


@pytest.fixture
def enrolled(cameras: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FORENSICS_CAMERAS", str(cameras))
    return cameras


def examined(path: Path) -> dict[str, Evidence]:
    return {e.code: e for e in Prnu().examine(open_media(path))}


def test_it_is_registered() -> None:
    assert DETECTORS.get("prnu") is Prnu
    assert load("prnu").cap_for < 2  # no match leads to a verdict alone


def test_nothing_is_done_without_cameras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORENSICS_CAMERAS", str(tmp_path / "none.sqlite"))
    path = saved(tmp_path / "a.png", shot(pattern_of(1), 1), FIRST)
    media = open_media(path)
    (found,) = Prnu().examine(media)
    assert found.status is Status.NOT_APPLICABLE
    assert "camera enroll" in found.summary
    assert "pixels" not in vars(media)  # not even decoded


def test_the_camera_that_took_it(enrolled: Path, tmp_path: Path) -> None:
    found = examined(saved(tmp_path / "a.png", shot(pattern_of(1), 901), FIRST))
    match = found["prnu.camera"]
    assert match.status is Status.SIGNAL
    assert match.question is Question.CAPTURED
    assert "'first' recorded it" in match.summary
    assert match.llr == pytest.approx(load("prnu").cap_for)
    assert match.p_value is not None
    assert match.p_value < 1e-15
    assert "prnu.metadata" not in found
    assert found["prnu.regions"].status is Status.CLEAR
    assert found["prnu.regions"].llr is None


def test_turned_by_a_quarter(enrolled: Path, tmp_path: Path) -> None:
    found = examined(saved(tmp_path / "a.png", np.rot90(shot(pattern_of(1), 901)), FIRST))
    assert "turned by a quarter" in found["prnu.camera"].summary


def test_other_cameras_weigh_nothing(enrolled: Path, tmp_path: Path) -> None:
    found = examined(saved(tmp_path / "a.png", shot(pattern_of(7), 901), Body(7, model="Other")))
    assert set(found) == {"prnu.camera"}
    assert found["prnu.camera"].status is Status.CLEAR
    assert found["prnu.camera"].llr == 0


def test_another_body_of_the_model_is_no_accusation(enrolled: Path, tmp_path: Path) -> None:
    """Only the serial number says which body it was, and 77 is not enrolled."""
    found = examined(saved(tmp_path / "a.png", shot(pattern_of(7), 901), Body(7, serial="77")))
    assert set(found) == {"prnu.camera"}
    none = examined(saved(tmp_path / "b.png", shot(pattern_of(7), 901), Body(7)))
    assert set(none) == {"prnu.camera"}


def test_the_very_body_named_and_its_pattern_missing(enrolled: Path, tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", shot(pattern_of(7), 901), FIRST)
    absent = examined(path)["prnu.absent"]
    assert absent.question is Question.ALTERED
    assert absent.llr is not None
    assert 0 < absent.llr <= 0.5
    report = Auditor(only=["prnu", "metadata"]).audit(path)
    assert report.verdict is Verdict.INCONCLUSIVE
    edited = saved(tmp_path / "e.png", shot(pattern_of(7), 901), FIRST, software="GIMP 2.10")
    assert set(examined(edited)) == {"prnu.camera"}
    busy = saved(tmp_path / "b.png", TEXTURED, FIRST)
    assert set(examined(busy)) == {"prnu.camera"}  # its own pictures would not show it either


def test_metadata_of_another_camera(enrolled: Path, tmp_path: Path) -> None:
    found = examined(saved(tmp_path / "a.png", shot(pattern_of(1), 901), Body(1, "Zenith", "Nine")))
    differs = found["prnu.metadata"]
    assert differs.question is Question.HISTORY
    assert "'Zenith Nine'" in differs.summary
    assert differs.llr is None


def test_a_paste_lacks_the_pattern(enrolled: Path, tmp_path: Path, database: CameraDatabase) -> None:
    side = 640
    pattern = pattern_of(11, side, side)
    picture = shot(pattern, 1)
    forged = picture.copy()
    forged[192:448, 256:512] = shot(pattern_of(12, side, side), 2)[192:448, 256:512]
    fingerprint = Fingerprint(pattern, 1)
    clean, found = (regions(trace_of(p), share_passed(p), fingerprint) for p in (picture, forged))
    assert clean is not None
    assert found is not None
    assert clean.log10_p > -2
    assert found.log10_p < -3
    assert found.missing[7:10, 9:12].min() > 0.7
    assert np.median(found.missing) < 0.2
    assert clean.missing.max() < 0.6
    assert regions(trace_of(picture[:100]), share_passed(picture[:100]), fingerprint) is None


def test_regions_say_nothing_in_strong_texture(enrolled: Path) -> None:
    assert regions(trace_of(TEXTURED), share_passed(TEXTURED), Fingerprint(pattern_of(1), 1)) is None


def test_small_and_palette_pictures(enrolled: Path, tmp_path: Path) -> None:
    small = saved(tmp_path / "s.png", shot(None, 1, size=(40, 300)), FIRST)
    assert "too small" in examined(small)["prnu.not_applicable"].summary
    other = saved(tmp_path / "o.png", shot(None, 1, size=(100, 300)), FIRST)
    assert "300x100" in examined(other)["prnu.not_applicable"].summary
    stream = io.BytesIO()
    Image.fromarray(shot(pattern_of(1), 1)).quantize(16).save(stream, "png")
    (tmp_path / "p.png").write_bytes(stream.getvalue())
    assert "few colours" in examined(tmp_path / "p.png")["prnu.not_applicable"].summary


def test_a_damaged_database_is_an_error_of_the_report_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "c.sqlite"
    place.write_bytes(b"x" * 5000)
    monkeypatch.setenv("FORENSICS_CAMERAS", str(place))
    report = Auditor(only=["prnu"]).audit(saved(tmp_path / "a.png", shot(pattern_of(1), 1), FIRST))
    assert report.errors[0].code == "camera"
    assert report.evidence[-1].status is Status.ERROR


def test_many_cameras_are_sifted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from forensics.detectors.prnu.models import Label
    from forensics.detectors.prnu.records import Camera

    side = 512
    with CameraDatabase(tmp_path / "c.sqlite", create=True) as database:
        for seed in range(6):
            plane = Fingerprint(pattern_of(seed, side, side), 1)
            database.add(Camera(f"c{seed}", Label(), side, side, 1), plane, {})
        picture = shot(pattern_of(4, side, side), 1)
        found = compare(picture, database, most=1)
        assert [c.camera.name for c in found] == ["c4"]
        looked: list[str] = []
        original = CameraDatabase.fingerprint
        monkeypatch.setattr(
            CameraDatabase, "fingerprint", lambda self, c: looked.append(c.name) or original(self, c)
        )
        assert len(compare(picture, database, most=2)) == 2
        assert len(looked) == 2
        # The chance counts all six, though two were looked at.
        alone = comparing.compare(picture, database, [database.named("c4")])[0]
        assert found[0].log10_p == pytest.approx(alone.log10_p + np.log10(6), abs=1e-6)


def test_middle_part_is_cut_alike(database: CameraDatabase) -> None:
    for pixels in (shot(pattern_of(1), 901), np.rot90(shot(pattern_of(1), 901))):
        best = compare(np.ascontiguousarray(pixels), database, side=151)[0]
        assert best.camera.name == "first"
        assert best.log10_p < -20


def test_search_finds_turned_crops(database: CameraDatabase) -> None:
    crop: Pixels = np.ascontiguousarray(np.rot90(shot(pattern_of(1), 901)[6:250, 9:315]))
    (found,) = searched(crop, database, [database.named("first")], turns=(0, 3))
    assert found.placement.turns == 3
    assert (found.peak.row, found.peak.column) == (6, 9)
    assert found.log10_p < -20


def test_heights_and_scores() -> None:
    for z in (0.5, 3.0, 9.0, 40.0):
        assert height_of(log10_normal_tail(z)) == pytest.approx(z, abs=1e-6)
    assert height_of(-0.1) == 0
    assert score_of(3.0) == pytest.approx(1)
    assert score_of(-5.0) == 0


def test_expected_height_is_about_right(database: CameraDatabase) -> None:
    found = compare(shot(pattern_of(1), 901), database, [database.named("first")])[0]
    assert found.peak.z == pytest.approx(found.expected, rel=0.4)
    assert share_passed(TEXTURED).max() < 0.02
    assert reach(trace_of(TEXTURED), share_passed(TEXTURED)) < 0.1 * reach(
        trace_of(shot(None, 1)), share_passed(shot(None, 1))
    )
