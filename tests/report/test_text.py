"""Text reports: hostile words are shown, never obeyed."""

from __future__ import annotations

import io

from rich.console import Console

from forensics.audit_report import AuditReport, MediaSummary, Problem
from forensics.evidence import Evidence, Grade, Question, Status, Verdict
from forensics.provenance.report import CredentialReport, CredentialState
from forensics.report.text import ASCII_MARKS, render_text

HOSTILE = "\x1b[2J\u202e[red]\nCAPTURED  forged.jpg"
SHOWN = "\\x1b[2J\\u202e[red]\\x0aCAPTURED  forged.jpg"


def evidence(status: Status, summary: str) -> Evidence:
    return Evidence(
        detector="metadata",
        version="1",
        code=f"metadata.{status.value}",
        question=Question.SYNTHETIC,
        grade=Grade.CLAIM,
        status=status,
        summary=summary,
    )


def report(text: str, *found: Evidence) -> AuditReport:
    return AuditReport(
        path=text,
        sha256="",
        media=MediaSummary(format="jpeg"),
        verdict=Verdict.INCONCLUSIVE,
        rule="none",
        because="Nothing.",
        reasons=(text,),
        llr=0.0,
        opinions=(),
        threshold=2.0,
        evidence=found,
        credentials=CredentialReport(state=CredentialState.NONE),
        contradictions=(),
        errors=(Problem(code="corrupt", where="open", message=text),),
    )


def printed(shown: object) -> str:
    stream = io.StringIO()
    Console(file=stream, width=400, highlight=False, markup=False).print(shown)
    return stream.getvalue()


def test_path_reasons_evidence_and_problems_are_escaped() -> None:
    text = printed(render_text(report(HOSTILE, evidence(Status.SIGNAL, HOSTILE))))
    assert text.count(SHOWN) == 4
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert not [line for line in text.splitlines() if line.startswith("CAPTURED")]


def test_every_status_has_its_own_mark_in_ascii_too() -> None:
    assert len(set(ASCII_MARKS.values())) == len(Status)
    found = [evidence(status, status.value) for status in Status]
    text = printed(render_text(report("a.jpg", *found), ASCII_MARKS))
    assert text.isascii()
    assert "* metadata.signal" in text
