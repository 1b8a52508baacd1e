"""The auditor: whatever happens to one step, the report stands."""

from __future__ import annotations

import dataclasses
import hashlib
import math
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import forensics
from forensics.audit_report import AuditReport
from forensics.auditor import Auditor
from forensics.detectors.base import DETECTORS, Detector, DetectorInfo
from forensics.errors import UsageError
from forensics.evidence import Calibration, Evidence, Grade, Question, Status, Verdict
from forensics.media import Kind, Limits, Media, source
from forensics.media.source import open_plain
from forensics.provenance import TrustPolicy, formats

NOBODY = TrustPolicy.default()


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    rng = np.random.default_rng(5)
    path = tmp_path / "picture.png"
    Image.fromarray(rng.integers(0, 255, (160, 200, 3), dtype=np.uint8)).save(path)
    return path


class Fixed(Detector):
    """A detector that says what it is told."""

    info = DetectorInfo(
        name="fixed",
        version="1",
        title="t",
        questions=(Question.SYNTHETIC,),
        kinds=(Kind.IMAGE,),
        needs="",
        source="s",
        calibration=None,
        limits="l",
    )

    def __init__(self, answer: object) -> None:
        self.answer = (answer,) if isinstance(answer, Evidence) else answer

    def examine(self, media: Media) -> tuple[Evidence, ...]:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer  # type: ignore[return-value]


def opinion(question: Question, llr: float, summary: str = "It was told to say so.") -> Evidence:
    return Evidence(
        detector="fixed",
        code="fixed.x",
        question=question,
        grade=Grade.OPINION,
        status=Status.SIGNAL,
        summary=summary,
        llr=llr,
        calibration=Calibration(name="c", negatives=1000, positives=1000),
    )


def audited(path: Path, answer: object, **settings: float) -> AuditReport:
    return Auditor(trust=NOBODY, stages=[[Fixed(answer)]], **settings).audit(path)  # type: ignore[arg-type]


def test_hashes_are_those_of_the_file_and_the_pixels(picture: Path) -> None:
    report = Auditor(trust=NOBODY, only=["metadata"]).audit(picture)
    assert report.sha256 == hashlib.sha256(picture.read_bytes()).hexdigest()
    pixels = np.asarray(Image.open(picture))
    assert report.media.pixel_sha256 == hashlib.sha256(b"160x200x3:" + pixels.tobytes()).hexdigest()
    assert (report.media.width, report.media.height) == (200, 160)


@pytest.mark.parametrize(
    ("question", "llr", "verdict"),
    [
        (Question.SYNTHETIC, 2.5, Verdict.LIKELY_SYNTHETIC),
        (Question.ALTERED, 2.5, Verdict.LIKELY_ALTERED),
        (Question.SYNTHETIC, 1.5, Verdict.INCONCLUSIVE),
        (Question.HISTORY, 3.0, Verdict.INCONCLUSIVE),
        (Question.CAPTURED, 3.0, Verdict.INCONCLUSIVE),
    ],
)
def test_opinions_lead_to_likely_at_most(
    picture: Path, question: Question, llr: float, verdict: Verdict
) -> None:
    report = audited(picture, opinion(question, llr))
    assert report.verdict is verdict
    if verdict is not Verdict.INCONCLUSIVE:
        assert report.llr == llr
        assert "It was told to say so." in report.reasons


def test_the_prior_moves_opinions(picture: Path) -> None:
    evidence = opinion(Question.SYNTHETIC, 2.5)
    assert audited(picture, evidence, prior=0.01).verdict is Verdict.INCONCLUSIVE
    assert audited(picture, opinion(Question.SYNTHETIC, 1.5), prior=0.9).verdict is Verdict.LIKELY_SYNTHETIC


def test_a_picture_is_read_once(picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []

    def counted(path: Path) -> Any:
        opened.append(path)
        return open_plain(path)

    for module in (source, formats):
        monkeypatch.setattr(module, "open_plain", counted)
    report = Auditor(trust=NOBODY, only=["metadata"]).audit(picture)
    assert (report.credentials.state.value, opened) == ("none", [picture])


@pytest.mark.parametrize("error", [RuntimeError("boom"), MemoryError(), ValueError("x")])
def test_a_detector_that_fails_costs_only_itself(picture: Path, error: Exception) -> None:
    report = audited(picture, error)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert [e.status for e in report.evidence] == [Status.CLEAR, Status.ERROR]
    assert report.errors[0].where == "fixed"
    assert report.errors[0].code == ("limit" if isinstance(error, MemoryError) else "internal")


def test_limits_are_honoured(picture: Path) -> None:
    report = Auditor(trust=NOBODY, limits=Limits(pixels=1000)).audit(picture)
    assert report.verdict is Verdict.UNREADABLE
    assert report.errors[0].code == "limit"
    assert report.sha256


def test_a_truncated_picture_still_tells_its_metadata(tmp_path: Path) -> None:
    path = tmp_path / "cut.jpg"
    image = Image.effect_noise((400, 300), 60)
    exif = image.getexif()
    exif[0x0131] = "Some Software 1.0"
    image.save(path, exif=exif)
    path.write_bytes(path.read_bytes()[:-4000])
    report = Auditor(trust=NOBODY).audit(path)
    assert report.verdict is Verdict.UNREADABLE
    assert report.errors[0].code == "truncated"
    assert {e.detector for e in report.evidence} == {"credentials", "metadata"}


@pytest.mark.parametrize("data", [None, b"", b"not a picture", b"\xff\xd8\xff\xe0cut"])
def test_unreadable_files_with_names_that_are_not_utf8(tmp_path: Path, data: bytes | None) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.jpg"))
    if data is not None:
        path.write_bytes(data)
    report = Auditor(trust=NOBODY).audit(path)
    assert report.verdict is Verdict.UNREADABLE
    assert report.path.endswith("caf\\xe9.jpg")
    assert report.errors
    assert AuditReport.model_validate_json(report.model_dump_json()) == report


def test_a_detector_may_quote_a_name_that_is_not_utf8(picture: Path) -> None:
    report = audited(picture, ValueError(os.fsdecode(b"cannot open caf\xe9.jpg")))
    assert report.errors[0].message == "ValueError: cannot open caf\\xe9.jpg"
    assert "caf\\xe9.jpg" in report.evidence[1].summary
    assert report.model_dump_json()


def test_clips_are_audited(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        for shade in range(8):
            frame = av.VideoFrame.from_ndarray(np.full((96, 128, 3), shade * 20, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    report = Auditor(trust=NOBODY).audit(path)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert report.media.kind == "video"
    assert (report.media.width, report.media.height, report.media.frames) == (128, 96, 8)
    assert report.errors == ()


def test_threads_share_an_auditor(picture: Path) -> None:
    auditor = Auditor(trust=NOBODY)
    barrier = threading.Barrier(4)

    def work(_: int) -> AuditReport:
        barrier.wait()
        return auditor.audit(picture)

    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(work, range(4)))
    assert len({r.model_copy(update={"timings": ()}).model_dump_json() for r in reports}) == 1


def test_every_detector_says_something_about_every_picture(picture: Path) -> None:
    report = Auditor(trust=NOBODY).audit(picture)
    of_pictures = [name for name in DETECTORS.names() if Kind.IMAGE in DETECTORS.get(name).info.kinds]
    assert {e.detector for e in report.evidence} == {"credentials", *of_pictures}
    assert report.errors == ()


def test_a_report_survives_json(picture: Path) -> None:
    report = Auditor(trust=NOBODY, only=["metadata"]).audit(picture)
    again = AuditReport.model_validate_json(report.model_dump_json())
    assert again == report


@pytest.mark.parametrize(
    "settings",
    [
        {"prior": 0.0},
        {"prior": 1.0},
        {"prior": -1.0},
        {"prior": math.nan},
        {"threshold": math.nan},
        {"threshold": math.inf},
        {"workers": 0},
        {"workers": -1},
        {"only": "jpeg"},
        {"skip": "jpeg"},
        {"only": ["jpg"]},
    ],
    ids=str,
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"prior|threshold|worker|list|no detector called jpg"):
        Auditor(trust=NOBODY, **settings)


def test_the_threshold_is_that_of_the_auditor(picture: Path) -> None:
    evidence = opinion(Question.ALTERED, 1.5)
    for threshold, verdict in ((1.4, Verdict.LIKELY_ALTERED), (1.6, Verdict.INCONCLUSIVE)):
        report = audited(picture, evidence, threshold=threshold)
        assert (report.verdict, report.threshold) == (verdict, threshold)


def test_the_reasons_are_the_three_strongest_in_order(picture: Path) -> None:
    claim = opinion(Question.CAPTURED, 0.1, "claim").model_copy(update={"grade": Grade.CLAIM})
    told = (
        opinion(Question.ALTERED, 0.3, "weak"),
        opinion(Question.HISTORY, 3.0, "history"),
        opinion(Question.ALTERED, 0.9, "strong"),
        claim,
        opinion(Question.SYNTHETIC, -0.6, "against"),
    )
    for answer in (told, told[::-1]):
        assert audited(picture, answer).reasons == ("claim", "strong", "against")
    assert audited(picture, told[:2]).reasons[:2] == ("weak", "history")


@pytest.mark.parametrize("answer", [None, (), [], "text", (None,), 7], ids=repr)
def test_a_plug_in_that_breaks_the_contract_costs_only_itself(picture: Path, answer: object) -> None:
    report = audited(picture, answer)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert [(e.code, e.status) for e in report.evidence[1:]] == [("fixed.failed", Status.ERROR)]
    assert [(p.where, p.code) for p in report.errors] == [("fixed", "internal")]
    assert "a tuple of evidence" in report.errors[0].message


@pytest.mark.parametrize("needs", [True, False])
def test_only_what_needs_no_pixels_is_asked_about_a_cut_file(
    picture: Path, monkeypatch: pytest.MonkeyPatch, needs: bool
) -> None:
    picture.write_bytes(picture.read_bytes()[:2000])
    monkeypatch.setattr(Fixed, "info", dataclasses.replace(Fixed.info, needs_pixels=needs))
    report = audited(picture, opinion(Question.HISTORY, 1.0))
    assert report.verdict is Verdict.UNREADABLE
    assert [e.detector for e in report.evidence] == (["credentials"] if needs else ["credentials", "fixed"])


def test_strange_paths_are_unreadable_or_refused(picture: Path) -> None:
    auditor = Auditor(trust=NOBODY, only=["metadata"])
    report = auditor.audit(f"{picture}\0.png")
    assert report.verdict is Verdict.UNREADABLE
    assert {p.code for p in report.errors} == {"not_a_file"}
    assert auditor.audit(os.fsencode(picture)).sha256 == auditor.audit(picture).sha256  # type: ignore[arg-type]
    for nothing in (None, 7):
        with pytest.raises(UsageError, match="not a path"):
            auditor.audit(nothing)  # type: ignore[arg-type]


def test_the_public_functions(picture: Path) -> None:
    assert forensics.audit(picture, trust=NOBODY).verdict is forensics.Verdict.INCONCLUSIVE
    reports = list(forensics.Auditor(trust=NOBODY, only=["metadata"]).audit_many([picture, picture]))
    assert len(reports) == 2


def test_a_look_at_the_file_shares_what_was_decoded(picture: Path, tmp_path: Path) -> None:
    auditor, seen = Auditor(trust=NOBODY, only=["metadata"]), list[Media]()
    auditor.audit(picture, look=seen.append)
    assert [media.path for media in seen] == [picture]
    assert "pixels" in vars(seen[0]), "decoded before, and kept"
    (tmp_path / "broken.png").write_bytes(picture.read_bytes()[:100])
    assert auditor.audit(tmp_path / "broken.png", look=seen.append).verdict is Verdict.UNREADABLE
    assert len(seen) == 1


def test_a_look_that_fails_is_a_problem_of_the_report(picture: Path) -> None:
    def fail(_: Media) -> None:
        raise MemoryError

    report = Auditor(trust=NOBODY, only=["metadata"]).audit(picture, look=fail)
    assert [(p.where, p.code) for p in report.errors] == [("look", "limit")]
    assert report.verdict is Verdict.INCONCLUSIVE
