"""One audit for a terminal: the verdict first, then the three strongest reasons, then the rest."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from forensics.audit_report import AuditReport
from forensics.evidence import Evidence, Status, Verdict
from forensics.fusion.opinions import FusedOpinion
from forensics.report.safe import printable

__all__ = ["ASCII_MARKS", "COLOURS", "MARKS", "render_text"]

COLOURS = {
    Verdict.SYNTHETIC: "bold magenta",
    Verdict.LIKELY_SYNTHETIC: "magenta",
    Verdict.ALTERED: "bold red",
    Verdict.LIKELY_ALTERED: "red",
    Verdict.CAPTURED: "bold green",
    Verdict.CONTRADICTORY: "bold yellow",
    Verdict.INCONCLUSIVE: "bold cyan",
    Verdict.UNREADABLE: "dim",
}
MARKS = {Status.SIGNAL: "●", Status.CLEAR: "○", Status.NOT_APPLICABLE: "-", Status.ERROR: "!"}
ASCII_MARKS = {**MARKS, Status.SIGNAL: "*", Status.CLEAR: "o"}
INDENT = (0, 0, 0, 2)


def render_text(report: AuditReport, marks: Mapping[Status, str] = MARKS) -> RenderableType:
    """Return one report as something rich can print; hostile text in it is escaped.

    Args:
        report: The report.
        marks: What stands before a piece of evidence of each status: `MARKS` or `ASCII_MARKS`.
    """
    parts: list[RenderableType] = [_head(report)]
    parts += [Padding(Text(report.because), INDENT), Padding(_reasons(report), (0, 0, 0, 4))]
    if report.evidence:
        parts.append(Padding(_evidence(report.evidence, marks), INDENT))
    parts += [
        Padding(_sum(opinion, report.threshold), INDENT) for opinion in report.opinions if opinion.terms
    ]
    for contradiction in report.contradictions:
        parts.append(Padding(Text(f"contradiction: {contradiction.name}", style="yellow"), INDENT))
    for problem in report.errors:
        text = f"problem in {problem.where}: {printable(problem.message)}"
        parts.append(Padding(Text(text, style="red"), INDENT))
    return Group(*parts)


def _head(report: AuditReport) -> Text:
    verdict = report.verdict.value.replace("_", " ").upper()
    text = Text(verdict, style=COLOURS[report.verdict])
    text.append(f"  {printable(report.path)}", style="bold default")
    text.append(f"  {_media(report)}", style="dim")
    return text


def _media(report: AuditReport) -> str:
    media = report.media
    size = f" {media.width}x{media.height}" if media.width else ""
    clip = f" {media.seconds:.1f} s" if media.seconds else ""
    name = "" if media.name_matches else ", its name says otherwise"
    return f"({media.format}{size}{clip}{name})"


def _reasons(report: AuditReport) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), show_header=False, expand=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for number, reason in enumerate(report.reasons, 1):
        table.add_row(f"{number}.", Text(printable(reason)))
    return table


def _evidence(evidence: tuple[Evidence, ...], marks: Mapping[Status, str]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), show_header=False, expand=False)
    table.add_column("")
    table.add_column("evidence", no_wrap=True)
    table.add_column("weight", no_wrap=True)
    table.add_column("what it says", overflow="fold")
    for item in evidence:
        style = "" if item.status is Status.SIGNAL else "dim"
        code = item.code.removesuffix(".not_applicable")
        table.add_row(marks[item.status], code, weight(item), Text(printable(item.summary)), style=style)
    return table


def weight(evidence: Evidence) -> str:
    """Return how much a piece of evidence weighs, as people write it."""
    if evidence.llr is not None:
        return f"LLR {evidence.llr:+.2f}"
    if evidence.p_value is not None:
        return f"p = {evidence.p_value:.2g}"
    return evidence.grade.value if evidence.status is Status.SIGNAL else "-"


def _sum(opinion: FusedOpinion, threshold: float) -> Text:
    terms = " ".join(f"{t.weight:.2f}x({t.llr:+.2f})" for t in opinion.terms)
    odds = opinion.log10_posterior_odds
    passed = "reaches" if odds >= threshold else "stays below"
    return Text(
        f"{opinion.question.value}: {terms} = LLR {opinion.llr:+.2f}; with prior {opinion.prior:g} "
        f"the odds are 10^{odds:+.2f}, which {passed} the threshold 10^{threshold:+.1f}",
        style="dim",
    )
