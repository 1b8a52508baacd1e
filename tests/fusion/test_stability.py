"""Pictures delivered again: what is made of them, what flips a verdict, and what it costs."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics.audit_report import AuditReport
from forensics.auditor import Auditor
from forensics.detectors.base import Detector, DetectorInfo, not_applicable
from forensics.evidence import Calibration, Evidence, Grade, Question, Status, Verdict
from forensics.fusion.facts import passes
from forensics.fusion.opinions import fuse
from forensics.fusion.stability import DELIVERIES, Retest, stability_evidence
from forensics.media import Kind, Media, open_bytes
from forensics.provenance import TrustPolicy

SET = Calibration(name="c", negatives=1000, positives=1000)
Says = Callable[[Media], float | None]


class Looking(Detector):
    """A detector whose opinion is a function of the picture: a weight, or that it does not apply."""

    def __init__(self, says: Says, name: str = "looking", question: Question = Question.SYNTHETIC) -> None:
        self.info = DetectorInfo(  # type: ignore[misc]
            name=name, version="1", title="t", questions=(question,), kinds=(Kind.IMAGE,), needs="",
            source="s", calibration=SET, limits="l",
        )  # fmt: skip
        self.says = says
        self.looked = 0

    def examine(self, media: Media) -> tuple[Evidence, ...]:
        self.looked += 1
        llr = self.says(media)
        if llr is None:
            return (not_applicable(self.info, self.info.questions[0], "not here"),)
        return (
            Evidence(
                detector=self.info.name, code=f"{self.info.name}.x", question=self.info.questions[0],
                grade=Grade.OPINION, status=Status.SIGNAL, summary="As told.", llr=llr, calibration=SET,
            ),
        )  # fmt: skip


def encoded(pixels: np.ndarray, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind, **options)
    return out.getvalue()


@pytest.fixture(scope="module")
def png(photo: np.ndarray) -> bytes:
    return encoded(photo, "PNG")


@pytest.fixture
def audited(tmp_path: Path, png: bytes) -> Callable[..., AuditReport]:
    def run(*detectors: Detector, **settings: object) -> AuditReport:
        path = tmp_path / "p.png"
        path.write_bytes(png)
        auditor = Auditor(trust=TrustPolicy.default(), stages=[detectors], **settings)  # type: ignore[arg-type]
        return auditor.audit(path)

    return run


def whole(media: Media) -> bool:
    """Whether the picture has all its pixels."""
    return media.pixels.shape == (192, 256, 3)


@pytest.mark.parametrize(
    ("name", "kind", "options", "shape", "quality"),
    [
        ("saved as JPEG 85", "PNG", {}, (192, 256, 3), 85),
        ("saved as JPEG 85", "JPEG", {"quality": 97}, (192, 256, 3), 85),
        ("scaled to 90 %", "PNG", {}, (173, 230, 3), None),
        ("scaled to 90 %", "JPEG", {"quality": 97}, (173, 230, 3), 97),
        ("cropped by some pixels", "PNG", {}, (184, 248, 3), None),
        ("cropped by some pixels", "JPEG", {"quality": 60}, (184, 248, 3), 60),
    ],
)
def test_what_is_delivered(
    photo: np.ndarray, name: str, kind: str, options: dict[str, object], shape: object, quality: int | None
) -> None:
    media = open_bytes(encoded(photo, kind, **options))
    again = open_bytes(DELIVERIES[name](media))
    assert again.pixels.shape == shape
    assert (again.jpeg.quality if again.jpeg else None) == quality
    assert not np.array_equal(again.pixels[:100, :100], media.pixels[:100, :100])
    if kind == "PNG" and "cropped" in name:
        assert np.array_equal(again.pixels, media.pixels[5:-3, 5:-3])


@pytest.mark.parametrize("question", [Question.SYNTHETIC, Question.ALTERED])
def test_an_opinion_that_holds_stands(audited: Callable[..., AuditReport], question: Question) -> None:
    report = audited(Looking(lambda _: 2.5, question=question))
    assert report.verdict.value == f"likely_{question.value}"
    told = report.evidence[-1]
    assert (told.code, told.status) == (f"stability.{question.value}", Status.CLEAR)
    assert [m.value for m in told.measurements] == [2.5, 2.5, 2.5]


@pytest.mark.parametrize("question", [Question.SYNTHETIC, Question.ALTERED])
def test_an_opinion_that_falls_is_inconclusive(
    audited: Callable[..., AuditReport], question: Question
) -> None:
    report = audited(Looking(lambda m: 2.5 if whole(m) else 0.4, question=question))
    assert (report.verdict, report.rule) == (Verdict.INCONCLUSIVE, "unstable")
    assert report.reasons[0] == (
        f"The opinion that it is {question.value} does not hold when the picture is scaled to 90 %: "
        "it falls from 2.50 to 0.40."
    )
    assert report.opinions[question is Question.ALTERED].llr == 2.5


@pytest.mark.parametrize(
    ("saved", "scaled", "cropped", "verdict"),
    [
        (1.0, 1.1, 0.0, Verdict.LIKELY_SYNTHETIC),
        (0.9, 1.1, 0.0, Verdict.INCONCLUSIVE),
        (0.9, None, 1.1, Verdict.LIKELY_SYNTHETIC),
        (0.9, None, None, Verdict.INCONCLUSIVE),
        (-2.0, -2.0, 2.5, Verdict.INCONCLUSIVE),
    ],
)
def test_it_holds_if_half_as_strong_in_half_of_the_deliveries(
    audited: Callable[..., AuditReport],
    saved: float | None,
    scaled: float | None,
    cropped: float | None,
    verdict: Verdict,
) -> None:
    def says(media: Media) -> float | None:
        if media.jpeg:
            return saved
        return {256: 2.5, 230: scaled, 248: cropped}[media.pixels.shape[1]]

    assert audited(Looking(says)).verdict is verdict


def test_without_the_test_the_opinion_stands(audited: Callable[..., AuditReport]) -> None:
    detector = Looking(lambda m: 2.5 if whole(m) else 0.0)
    report = audited(detector, stability=False)
    assert report.verdict is Verdict.LIKELY_SYNTHETIC
    assert detector.looked == 1


@pytest.mark.parametrize("llr", [1.9, 0.0, -3.0])
def test_where_no_opinion_counts_nothing_is_delivered(
    audited: Callable[..., AuditReport], llr: float
) -> None:
    detector = Looking(lambda _: llr)
    report = audited(detector)
    assert detector.looked == 1
    assert not [e for e in report.evidence if e.detector == "stability"]


def test_only_those_that_speak_look_again(audited: Callable[..., AuditReport]) -> None:
    loud = Looking(lambda _: 2.6, "loud")
    silent, against = Looking(lambda _: 0.0, "silent"), Looking(lambda _: -0.3, "against")
    report = audited(loud, silent, against)
    assert report.verdict is Verdict.LIKELY_SYNTHETIC
    assert (loud.looked, silent.looked, against.looked) == (4, 1, 1)
    assert report.evidence[-1].measurements[0].value == pytest.approx(2.3)


def test_what_no_longer_applies_keeps_its_weight(audited: Callable[..., AuditReport]) -> None:
    lossless = Looking(lambda m: None if m.jpeg else 2.5)
    assert audited(lossless).verdict is Verdict.LIKELY_SYNTHETIC
    never = audited(Looking(lambda m: 2.5 if whole(m) and not m.jpeg else None))
    assert never.verdict is Verdict.LIKELY_SYNTHETIC
    assert never.evidence[-1].status is Status.NOT_APPLICABLE


def test_a_detector_that_fails_there_keeps_its_weight(audited: Callable[..., AuditReport]) -> None:
    def says(media: Media) -> float:
        if not whole(media):
            raise ValueError("boom")
        return 2.5

    report = audited(Looking(says))
    assert report.verdict is Verdict.LIKELY_SYNTHETIC
    assert not report.errors


def test_of_two_opinions_the_one_that_holds_decides(audited: Callable[..., AuditReport]) -> None:
    falls = Looking(lambda m: 2.5 if whole(m) else 0.0, "falls")
    holds = Looking(lambda _: 2.5, "holds", Question.ALTERED)
    assert audited(falls, holds).verdict is Verdict.LIKELY_ALTERED


def retested(media: Media, detector: Looking, **settings: float) -> Evidence:
    retest = Retest([detector], lambda e, _: e, fuse, lambda o: passes(o, 1.0), **settings)
    return stability_evidence(media, detector.examine(media), Question.SYNTHETIC, retest)


def test_no_delivery_begins_when_time_is_up(png: bytes) -> None:
    detector = Looking(lambda _: 2.5)
    told = retested(open_bytes(png), detector, seconds=-1.0)
    assert (detector.looked, told.status) == (1, Status.NOT_APPLICABLE)
    assert {m.value for m in told.measurements} == {"no time left"}


def test_small_pictures_and_clips_are_not_delivered(photo: np.ndarray) -> None:
    small = open_bytes(encoded(photo[:60, :60], "PNG"))
    assert retested(small, Looking(lambda _: 2.5)).status is Status.NOT_APPLICABLE
    frames = [Image.fromarray(photo), Image.fromarray(photo[::-1].copy())]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    told = retested(open_bytes(out.getvalue()), Looking(lambda _: 2.5))
    assert told.summary == "Only still pictures are delivered again."
