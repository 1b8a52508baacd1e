"""Rows, previews and details for pages, honest and hostile."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from forensics.audit_report import AuditReport, MediaSummary
from forensics.evidence import (
    Calibration,
    Evidence,
    Grade,
    Measurement,
    Plot,
    Question,
    Series,
    Status,
    Verdict,
)
from forensics.fusion.contradictions import Contradiction
from forensics.fusion.opinions import FusedOpinion, Term
from forensics.provenance.report import CredentialReport, CredentialState, Ingredient, ManifestReport, Signer
from forensics.scan.detail import Detail, MapPicture
from forensics.scan.row import DetectorRow, Match, ScanRow, State, StepTime

HOSTILE = (
    "a/<img src=x onerror=window.pwned=1>.jpg",
    "b/</script><script>window.pwned=1</script>.jpg",
    'c/" onmouseover="window.pwned=1" x="',
    "d/\u202egpj.exe",
    "e/\u2028window.pwned=1\u2029",
    "f/\x00\x1b[31m\r\n.jpg",
    "g/\ud800 lone \udfff.jpg",
    "h/" + "x" * 10_000,
    "=cmd|'/c calc'!A1",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "javascript:window.pwned=1",
    "i/${window.pwned=1}`;window.pwned=1;//\\",
    "j/'-(window.pwned=1)-'",
    "__proto__",
)


def jpeg(width: int = 24, height: int = 16, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (200, 90, 30)).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def png(width: int = 24, height: int = 16) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (30, 90, 200)).save(buffer, "PNG")
    return buffer.getvalue()


def row(number: int, **changes: object) -> ScanRow:
    """Return a row whose content follows from its number."""
    rng = np.random.default_rng(number)
    verdict = list(Verdict)[rng.integers(len(Verdict) - 1)].value
    base: dict[str, object] = {
        "id": f"photos/{number % 7}/IMG_{number:05d}.jpg",
        "source": f"source-{number % 3}",
        "state": State.OK,
        "bytes": 1000 + number,
        "modified": 1.6e9 + 86_400 * number,
        "sha256": f"{number:064x}",
        "format": ("jpeg", "png")[rng.integers(2)],
        "kind": "image",
        "width": 640,
        "height": 480,
        "verdict": verdict,
        "rule": "nothing",
        "because": f"Because of number {number}.",
        "llr_synthetic": round(rng.normal(0, 2), 3),
        "llr_altered": round(rng.normal(0, 2), 3),
        "credential_state": "trusted" if number % 5 == 0 else "none",
        "signer": "Acme Cameras" if number % 5 == 0 else "",
        "watermark": "watermark.none",
        "contradictions": ("exif_and_iptc",) if number % 11 == 0 else (),
        "cluster": f"photos/cluster-{number // 40}" if number % 20 == 0 else "",
        "matches": (Match(list="known", kind="pdq", value="00", distance=3),) if number % 50 == 7 else (),
        "detectors": (
            DetectorRow(
                detector="jpeg", version="1", code="jpeg.ghost", question="altered", status="signal", llr=0.7
            ),
            DetectorRow(
                detector="noise", version="1", code="noise.flat", question="altered", status="clear", llr=-0.2
            ),
        ),
        "timings": (StepTime(step="open", seconds=0.01), StepTime(step="jpeg", seconds=0.02)),
        "seconds": 0.03,
    }
    return ScanRow.model_validate(base | changes)


def unreadable(number: int) -> ScanRow:
    return ScanRow(
        id=f"broken/{number}.jpg",
        source="source-0",
        state=State.UNREADABLE,
        reason="truncated",
        message="The content ends too early.",
    )


def hostile_rows() -> list[ScanRow]:
    """Return rows in which every free text is somebody's attack."""
    texts = (
        "source",
        "because",
        "signer",
        "issuer",
        "generator",
        "rule",
        "format",
        "credential_state",
        "watermark",
        "verdict",
    )
    rows = [
        row(900 + n, id=text, cluster=text, **dict.fromkeys(texts, text)) for n, text in enumerate(HOSTILE)
    ]
    lists = {
        "contradictions": HOSTILE,
        "problems": HOSTILE,
        "credential_codes": HOSTILE,
        "matches": (Match(list=HOSTILE[0], kind=HOSTILE[1], value=HOSTILE[2], label=HOSTILE[3]),),
    }
    return [*rows, row(990, id="lists", **lists)]


def chain(*links: tuple[str, ...]) -> CredentialReport:
    """Return credentials of manifests given as their label and those of their ingredients."""
    manifests = tuple(
        ManifestReport(
            label=label,
            title=f"title {label}",
            active=number == 0,
            signer=Signer(subject=HOSTILE[0], issuer="Root", algorithm="Es256"),
            ingredients=tuple(
                Ingredient(title="part", relationship="componentOf", manifest=p) for p in parts
            ),
        )
        for number, (label, *parts) in enumerate(links)
    )
    return CredentialReport(state=CredentialState.VALID_UNTRUSTED, manifests=manifests, message=HOSTILE[1])


def report(text: str = "plain", credentials: CredentialReport | None = None) -> AuditReport:
    """Return a report in which every free text is the given one."""
    line = Series(name=text, x=tuple(map(float, range(1000))), y=tuple(float(n % 9) for n in range(1000)))
    evidence = Evidence(
        detector="jpeg",
        code="jpeg.ghost",
        question=Question.ALTERED,
        grade=Grade.OPINION,
        status=Status.SIGNAL,
        summary=f"A ghost was found: {text}",
        llr=1.25,
        calibration=Calibration(name=text, negatives=100, positives=90, note=text),
        limits=text,
        measurements=(Measurement(name="quality", value=text, unit="px"),),
        plots=(Plot(title=text, x_label="x", y_label="y", series=(line,)),),
    )
    return AuditReport(
        path=text,
        sha256="0" * 64,
        media=MediaSummary(format="jpeg"),
        verdict=Verdict.LIKELY_ALTERED,
        rule="detectors_altered",
        because="The passive detectors together find the traces of a change.",
        reasons=(f"First reason {text}", "second reason"),
        llr=2.5,
        opinions=(
            FusedOpinion(
                question=Question.ALTERED,
                prior=0.5,
                terms=(Term(detector="jpeg", code="jpeg.ghost", llr=1.25, weight=1.0, contribution=1.25),),
                llr=1.25,
                log10_posterior_odds=1.25,
                posterior=0.9,
            ),
        ),
        threshold=2.0,
        evidence=(evidence,),
        credentials=credentials or CredentialReport(state=CredentialState.NONE),
        contradictions=(Contradiction(name="exif_and_iptc", decisive=True, summary=text),),
        errors=(),
    )


@dataclass
class Source:
    """A source of a page that is made of lists."""

    given: Iterable[ScanRow]
    title: str = "A scan"
    facts: tuple[tuple[str, str], ...] = (("profile", "standard"),)
    previews: dict[str, bytes] = field(default_factory=dict)
    details: dict[str, Detail] = field(default_factory=dict)

    def rows(self) -> Iterable[ScanRow]:
        return iter(self.given)

    def preview(self, id: str) -> bytes | None:
        return self.previews.get(id)

    def detail(self, id: str) -> Detail | None:
        return self.details.get(id)


def whole(rows: int = 300) -> Source:
    """Return a source with everything there is, honest files first."""
    given = [row(n) if n % 13 else unreadable(n) for n in range(1, rows + 1)] + hostile_rows()
    audited = [one.id for one in given if one.state is State.OK]
    maps = (
        MapPicture("jpeg", "ghost", "Bright: saved before", png()),
        MapPicture("noise", "tiles", HOSTILE[0], png()),
    )
    details = {audited[0]: Detail(report(credentials=chain(("0", "1"), ("1",))), maps)}
    details |= {id: Detail(report(id, chain(("0", "1"), ("1",))), maps) for id in HOSTILE}
    return Source(
        given,
        title="A scan </title><script>window.pwned=1</script>",
        facts=(("profile", "standard"), (HOSTILE[0], HOSTILE[1])),
        previews={id: jpeg() for id in audited},
        details=details,
    )
