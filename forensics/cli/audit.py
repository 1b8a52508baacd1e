"""`forensics audit`: what is this, and how do you know?"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli.output import console, holds, json_line
from forensics.cli.own import detector_option, opened
from forensics.cli.paths import check_maps, check_page, expand
from forensics.cli.progress import progress
from forensics.cli.status import FOUND, OWN_FAILURE, UNREADABLE
from forensics.cli.verdicts import verdicts
from forensics.errors import UsageError

if TYPE_CHECKING:
    from forensics.audit_report import AuditReport
    from forensics.auditor import Auditor
    from forensics.media import Media

__all__ = ["audit"]


@click.command(no_args_is_help=True)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object per file and line.")
@click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), help="Write one self-contained page."
)
@click.option("--maps", type=click.Path(path_type=Path, file_okay=False), help="Write evidence maps as PNG.")
@click.option("--trust", type=click.Path(path_type=Path, dir_okay=False), help="Trust policy (TOML).")
@click.option(
    "--store",
    metavar="PLACE",
    envvar="FORENSICS_STORE",
    help="Manifest store to look files up in; else $FORENSICS_STORE, else your own if there is one.",
)
@click.option("--only", multiple=True, metavar="DETECTOR", help="Run only these detectors (repeatable).")
@click.option("--skip", multiple=True, metavar="DETECTOR", help="Leave these detectors out (repeatable).")
@detector_option
@click.option(
    "--fail-on", metavar="VERDICT,...", default="", help="Exit with 1 if a file gets such a verdict."
)
@click.option(
    "--prior", type=float, default=0.5, show_default=True, help="Prior probability; moves opinions only."
)
@click.option(
    "--calibration",
    type=click.Path(path_type=Path, file_okay=False),
    help="Weigh scores by this folder of `forensics calibrate`.",
)
@click.option(
    "--no-stability",
    "stability",
    flag_value=False,
    default=True,
    help="Believe detectors without looking again at the picture saved, scaled and cropped.",
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
    failing = verdicts(options["fail_on"])
    auditor = _auditor(options)
    found = _found(paths, options["html"], options["maps"])
    reports: list[AuditReport] = []
    previews: list[bytes | None] = []
    with auditor, progress(len(found), "auditing") as advance:
        for path in found:
            report, preview = _audit(auditor, path, with_preview=bool(options["html"]))
            if options["maps"]:
                report = _write_maps(report, options["maps"])
            _show(report, as_json=options["as_json"])
            reports.append(report if options["html"] else _light(report))
            previews.append(preview)
            advance()
    if options["html"]:
        _write_html(zip(reports, previews, strict=True), options["html"])
    return _status(reports, failing)


def _found(paths: tuple[Path, ...], page: Path | None, maps: Path | None) -> list[Path]:
    """Return the files to audit, once it is sure that the results can be written and destroy none of them."""
    found = list(expand(paths))
    if not found:
        raise UsageError("there are no files to audit")
    if page:
        check_page(page, found)
    if maps:
        from forensics.report.maps import is_map_name

        check_maps(maps, found, is_map_name)
    return found


def _audit(auditor: Auditor, path: Path, *, with_preview: bool) -> tuple[AuditReport, bytes | None]:
    """Audit one file; the preview is made while the decoded picture is still in memory."""
    if not with_preview:
        return auditor.audit(path), None
    from forensics.report.maps import preview

    made: list[bytes] = []

    def look(media: Media) -> None:
        made.append(preview(media.pixels))

    return auditor.audit(path, look=look), made[0] if made else None


def _auditor(options: dict[str, Any]) -> Auditor:
    from forensics.auditor import Auditor
    from forensics.media import Limits
    from forensics.provenance import TrustPolicy

    limits = Limits(pixels=options["max_pixels"]) if options["max_pixels"] else Limits()
    auditor = Auditor(
        trust=TrustPolicy.resolve(options["trust"]),
        only=options["only"] or None,
        skip=options["skip"],
        prior=options["prior"],
        limits=limits,
        store=_store(options["store"]),
        calibration=options["calibration"],
        stability=options["stability"],
        own=opened(options["own"]),
    )
    if not auditor.detectors:
        raise UsageError("--only and --skip leave no detector to run")
    return auditor


def _store(place: str | None) -> str | Path | None:
    from forensics.cli.store.options import own_place

    own = own_place()
    return place or (own if own.is_file() else None)


def _show(report: AuditReport, *, as_json: bool) -> None:
    if as_json:
        click.echo(json_line(report))
        return
    from forensics.report.text import ASCII_MARKS, MARKS, render_text

    marks = MARKS if holds("".join(MARKS.values())) else ASCII_MARKS
    screen = console()
    screen.print(render_text(report, marks))
    screen.print()


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


def _write_html(audits: Iterable[tuple[AuditReport, bytes | None]], target: Path) -> None:
    from forensics.files import atomic_write
    from forensics.report.html import render_html

    try:
        atomic_write(target, render_html(audits).encode("utf-8", "backslashreplace"))
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
