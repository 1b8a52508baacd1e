"""The Article 50 checklist for a terminal: all measures of one file, or a line for each of many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from forensics.article50 import CheckReport, Outcome, Result
from forensics.article50.records import NOTICE
from forensics.report.safe import printable

__all__ = ["ASCII_MARKS", "MARKS", "render_checklist", "render_line", "render_totals"]

MARKS = {Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.UNKNOWN: "?", Outcome.NOT_APPLICABLE: "-"}
ASCII_MARKS = {**MARKS, Outcome.PASS: "+", Outcome.FAIL: "x"}
COLOURS = {
    Outcome.PASS: "green",
    Outcome.FAIL: "bold red",
    Outcome.UNKNOWN: "yellow",
    Outcome.NOT_APPLICABLE: "dim",
}
_UNREADABLE = "unreadable"


def render_checklist(report: CheckReport, *, plain: bool = False) -> RenderableType:
    """Return the checklist of one file as something rich can print.

    Args:
        report: The checklist.
        plain: Use marks that every encoding holds.
    """
    head = _head(report)
    if report.outcome is None:
        return Group(head, Padding(Text(printable(report.reason or "")), (0, 0, 0, 2)))
    table = _table(report.results, ASCII_MARKS if plain else MARKS)
    return Group(head, Padding(table, (0, 0, 0, 2)), Text(NOTICE, style="dim"))


def render_line(report: CheckReport) -> Text:
    """Return one file as one line: what came of it, and what stands in the way."""
    text = _head(report)
    if report.outcome is None:
        return text.append(f"  {printable(report.reason or '')}", style="dim")
    for outcome in (Outcome.FAIL, Outcome.UNKNOWN):
        if names := report.named(outcome):
            text.append(f"  {outcome.value}: {', '.join(names)}", style=COLOURS[outcome])
    return text


def render_totals(reports: Iterable[CheckReport]) -> RenderableType:
    """Return how many files came out how, and how many each measure."""
    known = tuple(reports)
    files = Counter(_word(report) for report in known)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("measure")
    for outcome in MARKS:
        table.add_column(outcome.value.replace("_", " "), justify="right")
    counted = Counter((r.measure, r.outcome) for report in known for r in report.results)
    for name in dict.fromkeys(result.measure for report in known for result in report.results):
        table.add_row(name, *(str(counted[name, outcome] or "") for outcome in MARKS))
    said = ", ".join(f"{count} {word}" for word, count in sorted(files.items()))
    return Group(
        Text(""), table, Text(f"{len(known)} files: {said}", style="bold"), Text(NOTICE, style="dim")
    )


def _word(report: CheckReport) -> str:
    return report.outcome.value if report.outcome else _UNREADABLE


def _head(report: CheckReport) -> Text:
    style = COLOURS[report.outcome] if report.outcome else "dim"
    text = Text(_word(report).upper(), style=style)
    return text.append(f"  {printable(report.path)}", style="bold default")


def _table(results: Iterable[Result], marks: Mapping[Outcome, str]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("")
    table.add_column("measure", no_wrap=True)
    table.add_column("section", no_wrap=True)
    table.add_column("what was found", overflow="fold")
    for result in results:
        mark = Text(marks[result.outcome], style=COLOURS[result.outcome])
        quiet = "dim" if result.outcome is Outcome.NOT_APPLICABLE else ""
        table.add_row(mark, result.title, result.section, Text(printable(result.reason, 600)), style=quiet)
        if result.outcome is not Outcome.PASS and result.measure == "survives":
            for row in result.evidence:
                table.add_row("", "", "", Text(printable(f"{row.name}: {row.value}"), style="dim"))
    return table
