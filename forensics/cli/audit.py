"""`forensics audit`: what is this, and how do you know?"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.errors import UsageError

if TYPE_CHECKING:
    from forensics.audit_report import AuditReport

__all__ = ["audit"]

FOUND, UNREADABLE, OWN_FAILURE = 1, 3, 4


@click.command(no_args_is_help=True)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object per file and line.")
@click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), help="Write one self-contained page."
)
@click.option("--maps", type=click.Path(path_type=Path, file_okay=False), help="Write evidence maps as PNG.")
@click.option("--trust", type=click.Path(path_type=Path, dir_okay=False), help="Trust policy (TOML).")
@click.option("--only", multiple=True, metavar="DETECTOR", help="Run only these detectors (repeatable).")
@click.option("--skip", multiple=True, metavar="DETECTOR", help="Leave these detectors out (repeatable).")
@click.option(
    "--fail-on", metavar="VERDICT,...", default="", help="Exit with 1 if a file gets such a verdict."
)
@click.option(
    "--prior", type=float, default=0.5, show_default=True, help="Prior probability; moves opinions only."
)
@click.option("--max-pixels", type=click.IntRange(min=1), help="Refuse pictures with more pixels.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of a report and exit.")
def audit(paths: tuple[Path, ...], schema: bool, **options: Any) -> int:
    """Say what each picture or clip is, how that is known, and how sure it is.

    Folders are searched for files. Nothing is fetched from the network.
    """
    if schema:
        return _print_schema()
    if not paths:
        raise click.UsageError("no file given")
    failing = _verdicts(options["fail_on"])
    auditor = _auditor(options)
    found = list(_expand(paths))
    reports = []
    with _progress(len(found)) as advance:
        for path in found:
            report = auditor.audit(path)
            if options["maps"]:
                report = _write_maps(report, options["maps"])
            _show(report, as_json=options["as_json"])
            reports.append((report if options["html"] else _light(report), path))
            advance()
    if options["html"]:
        _write_html(reports, options["html"])
    return _status((report for report, _ in reports), failing)


def _auditor(options: dict[str, Any]) -> Any:
    from forensics.auditor import Auditor
    from forensics.media import Limits
    from forensics.provenance import TrustPolicy

    limits = Limits(pixels=options["max_pixels"]) if options["max_pixels"] else Limits()
    return Auditor(
        trust=TrustPolicy.resolve(options["trust"]),
        only=options["only"] or None,
        skip=options["skip"],
        prior=options["prior"],
        limits=limits,
    )


def _verdicts(text: str) -> frozenset[str]:
    from forensics.evidence import Verdict

    names = frozenset(name.strip() for name in text.split(",") if name.strip())
    known = {verdict.value for verdict in Verdict}
    if names - known:
        unknown = ", ".join(sorted(names - known))
        raise UsageError(f"--fail-on: no verdict called {unknown}; there are: {', '.join(sorted(known))}")
    return names


def _expand(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files given and those below the folders given, sorted within a folder."""
    for path in paths:
        if path.is_dir():
            for root, folders, names in os.walk(path):
                folders.sort()
                yield from (Path(root, name) for name in sorted(names))
        else:
            yield path


def _progress(total: int) -> Any:
    """Return a context giving a function to call after each file.

    A bar is drawn only for people who cannot see the reports scroll by: output to a file or pipe.
    """
    if total < 2 or sys.stdout.isatty() or not sys.stderr.isatty():
        return nullcontext(lambda: None)
    return _bar(total)


def _bar(total: int) -> Any:
    from contextlib import contextmanager

    from rich.console import Console
    from rich.progress import Progress

    @contextmanager
    def bar() -> Iterator[Any]:
        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("auditing", total=total)
            yield lambda: progress.advance(task)

    return bar()


def _show(report: AuditReport, *, as_json: bool) -> None:
    if as_json:
        click.echo(report.model_dump_json())
        return
    from rich.console import Console

    from forensics.report.text import render_text

    console = Console(highlight=False, markup=False, soft_wrap=False)
    console.print(render_text(report))
    console.print()


def _light(report: AuditReport) -> AuditReport:
    """Return the report without its maps, which only the page needs: memory stays flat over many files."""
    evidence = tuple(e.model_copy(update={"maps": (), "plots": ()}) for e in report.evidence)
    return report.model_copy(update={"evidence": evidence})


def _write_maps(report: AuditReport, folder: Path) -> AuditReport:
    from forensics.report.maps import write_maps

    try:
        return write_maps(report, folder)
    except OSError as error:
        raise UsageError(f"--maps: cannot write to {folder}: {error.strerror}") from error


def _write_html(reports: list[tuple[AuditReport, Path]], target: Path) -> None:
    from forensics.files import atomic_write
    from forensics.report.html import render_html

    try:
        atomic_write(target, render_html(reports).encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise UsageError(f"--html: cannot write {target}: {error.strerror}") from error


def _status(reports: Iterable[AuditReport], failing: frozenset[str]) -> int:
    status = 0
    for report in reports:
        if report.verdict.value in failing:
            return FOUND
        if any(problem.code == "internal" for problem in report.errors):
            status = OWN_FAILURE
        elif report.verdict.value == "unreadable":
            status = status or UNREADABLE
    return status


def _print_schema() -> int:
    import json

    from forensics.audit_report import AuditReport

    click.echo(json.dumps(AuditReport.model_json_schema(mode="serialization"), indent=2))
    return 0
