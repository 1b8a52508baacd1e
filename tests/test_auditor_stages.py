"""Stages of detectors, and files in memory."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from forensics import Auditor, TrustPolicy, Verdict
from forensics.detectors.base import Detector, DetectorInfo
from forensics.errors import UsageError
from forensics.evidence import Calibration, Claim, ClaimSource, Evidence, Grade, Origin, Question, Status
from forensics.media import Kind, Media

NOBODY = TrustPolicy.default()


class Said(Detector):
    """Says what it is told, and remembers that it was asked."""

    def __init__(self, name: str, grade: Grade = Grade.OPINION, llr: float = 0.1) -> None:
        self.asked = 0
        self.grade = grade
        self.llr = llr
        self.info = DetectorInfo(  # type: ignore[misc]
            name=name,
            version="1",
            title="t",
            questions=(Question.SYNTHETIC,),
            kinds=(Kind.IMAGE,),
            needs="",
            source="s",
            calibration=None,
            limits="l",
        )

    def examine(self, media: Media) -> tuple[Evidence, ...]:
        self.asked += 1
        claim = Claim(source=ClaimSource.WATERMARK, origin=Origin.SYNTHETIC, text="t")
        opinion = self.grade is Grade.OPINION
        return (
            Evidence(
                detector=self.info.name,
                code=f"{self.info.name}.x",
                question=Question.SYNTHETIC,
                grade=self.grade,
                status=Status.SIGNAL,
                summary="s",
                llr=self.llr if opinion else None,
                p_value=None if opinion else 1e-9,
                claims=() if opinion else (claim,),
                calibration=Calibration(name="c", negatives=9, positives=9),
            ),
        )


@pytest.fixture
def picture(tmp_path: Path, photo: npt.NDArray[np.uint8]) -> Path:
    path = tmp_path / "p.png"
    Image.fromarray(photo).save(path)
    return path


def test_later_stages_are_asked_only_where_proof_has_not_settled_it(picture: Path) -> None:
    cheap, costly = Said("cheap"), Said("costly")
    report = Auditor(trust=NOBODY, stages=[[cheap], [costly]]).audit(picture)
    assert (report.stage, cheap.asked, costly.asked) == (2, 1, 1)
    proof, costly = Said("proof", Grade.PROOF), Said("costly")
    report = Auditor(trust=NOBODY, stages=[[proof], [costly]]).audit(picture)
    assert report.verdict is Verdict.SYNTHETIC
    assert (report.stage, costly.asked) == (1, 0)


def test_an_opinion_however_strong_settles_nothing(picture: Path) -> None:
    strong, costly = Said("strong", llr=9.0), Said("costly")
    Auditor(trust=NOBODY, stages=[[strong], [costly]], stability=False).audit(picture)
    assert costly.asked == 1


def test_what_a_later_stage_says_takes_the_place_of_what_was_said_before(picture: Path) -> None:
    first, second = Said("same", llr=0.1), Said("same", llr=0.2)
    report = Auditor(trust=NOBODY, stages=[[first], [second]]).audit(picture)
    assert [e.llr for e in report.evidence if e.detector == "same"] == [0.2]


def test_one_stage_is_an_audit_as_ever(picture: Path) -> None:
    one, other = Said("one"), Said("other")
    staged = Auditor(trust=NOBODY, stages=[[one, other]]).audit(picture)
    both = Auditor(trust=NOBODY, only=["one", "other"], own=[one, other]).audit(picture)
    assert staged.model_copy(update={"timings": ()}) == both.model_copy(update={"timings": ()})
    assert [e.detector for e in staged.evidence] == ["credentials", "one", "other"]
    assert staged.stage == 1


@pytest.mark.parametrize("other", [{"only": ["jpeg"]}, {"skip": ["jpeg"]}, {"own": [Said("own")]}])
def test_stages_name_all_detectors(other: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="stages name all detectors"):
        Auditor(trust=NOBODY, stages=[[Said("one")]], **other)  # type: ignore[arg-type]


def test_bytes_are_audited_as_the_file_that_holds_them(picture: Path) -> None:
    auditor = Auditor(trust=NOBODY, only=["metadata", "jpeg"])
    of_file, of_bytes = auditor.audit(picture), auditor.audit_bytes(picture.read_bytes(), "p.png")
    same = {"path": "", "timings": ()}
    assert of_bytes.path == "p.png"
    records = [report.model_copy(update=same).model_dump_json() for report in (of_file, of_bytes)]
    assert records[0] == records[1]


@pytest.mark.parametrize(
    ("data", "code"), [(b"", "empty"), (b"no picture", "unsupported"), (b"\x89PNG\r\n\x1a\n", "corrupt")]
)
def test_bytes_that_are_no_picture_are_unreadable(data: bytes, code: str) -> None:
    report = Auditor(trust=NOBODY).audit_bytes(data, "x.png")
    assert report.verdict is Verdict.UNREADABLE
    assert report.errors[0].code in (code, "truncated")
    assert report.media.bytes == len(data)
    assert len(report.sha256) == 64


def test_the_name_of_bytes_is_compared_with_the_content() -> None:
    out = io.BytesIO()
    Image.new("RGB", (32, 32)).save(out, "PNG")
    auditor = Auditor(trust=NOBODY, only=["metadata"])
    assert not auditor.audit_bytes(out.getvalue(), "x.jpg").media.name_matches
    assert auditor.audit_bytes(out.getvalue(), "x.png").media.name_matches


def test_the_digest_of_the_pixels_can_be_left_out(picture: Path) -> None:
    whole, without = (Auditor(trust=NOBODY, only=["metadata"], pixel_digest=d) for d in (True, False))
    assert len(whole.audit(picture).media.pixel_sha256) == 64
    media = without.audit(picture).media
    assert media.pixel_sha256 == ""
    assert media.width == whole.audit(picture).media.width
