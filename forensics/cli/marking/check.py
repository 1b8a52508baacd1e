"""`forensics marking check`: the Article 50 checklist, for one file or many."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli.output import console, holds, json_line
from forensics.cli.paths import check_page
from forensics.cli.progress import progress
from forensics.cli.status import FOUND, OWN_FAILURE, UNREADABLE
from forensics.cli.store.options import place_option
from forensics.cli.watermark.options import keys_option, rate_option
from forensics.errors import UsageError

if TYPE_CHECKING:
    from forensics.article50 import CheckReport, Settings
    from forensics.media import Media
    from forensics.provenance.store import ManifestStore

__all__ = ["check"]


@click.command(
    no_args_is_help=True,
    epilog="Exit status: 0 all pass; 1 a measure fails or could not be decided; 3 some input unreadable.",
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object per file and line.")
@click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), help="Write one self-contained page."
)
@click.option("--trust", type=click.Path(path_type=Path, dir_okay=False), help="Trust policy (TOML).")
@keys_option
@place_option
@rate_option
@click.option(
    "--attack", "attacks", multiple=True, metavar="SPEC",
    help="What copies of a picture go through, such as jpeg:50 (repeatable; replaces the list).",
)  # fmt: skip
@click.option("--quick", is_flag=True, help="Make no copies: leaves out whether the watermark survives them.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of a checklist and exit.")
def check(paths: tuple[Path, ...], schema: bool, **options: Any) -> int:
    """Go through the checklist for generated pictures and clips: which marks are there, and do they hold?

    Evidence for Article 50(2) of the EU AI Act and its Code of Practice, no legal advice. It assumes that the
    files are the output of a generative model. Folders are searched for files. Nothing is fetched from the
    network. A registration counts where there is a manifest store; else it is not applicable.
    """
    if schema:
        return _print_schema()
    if not paths:
        raise click.UsageError("no file given")
    from forensics.cli.watermark.records import files_of

    found = files_of(paths)
    if options["html"]:
        check_page(options["html"], found)
    store = _store(options["place"])
    try:
        reports, previews = _walk(found, _settings(options, store), options)
    finally:
        if store is not None:
            store.close()
    if options["html"]:
        _write(options["html"], zip(reports, previews, strict=True))
    return _status(reports)


def _walk(
    found: list[Path], settings: Settings, options: dict[str, Any]
) -> tuple[list[CheckReport], list[bytes | None]]:
    """Check every file, and show each as soon as it is done."""
    from forensics.article50 import check as checked

    reports: list[CheckReport] = []
    previews: list[bytes | None] = []
    show = _json if options["as_json"] else _whole if len(found) == 1 else _line
    with progress(len(found), "checking") as advance:
        for path in found:
            made: list[bytes] = []
            report = checked(path, settings, look=_preview(made) if options["html"] else None)
            show(report)
            reports.append(report)
            previews.append(made[0] if made else None)
            advance()
    if len(found) > 1 and not options["as_json"]:
        from forensics.report.checklist import render_totals

        console().print(render_totals(reports))
    return reports, previews


def _preview(made: list[bytes]) -> Callable[[Media], None]:
    def look(media: Media) -> None:
        from forensics.errors import MissingExtra
        from forensics.report.maps import preview

        try:
            made.append(preview(media.pixels))
        except MissingExtra:
            return

    return look


def _settings(options: dict[str, Any], store: ManifestStore | None) -> Settings:
    from forensics.article50 import Settings
    from forensics.provenance import TrustPolicy
    from forensics.watermark.attacks import parse_attack
    from forensics.watermark.keyfile import key_ring

    default = Settings()
    attacks = tuple(str(parse_attack(text)) for text in options["attacks"])
    return Settings(
        trust=TrustPolicy.resolve(options["trust"]),
        keys=key_ring(options["keys"]),
        store=store,
        rate=options["rate"],
        copies=attacks or default.copies,
        quick=options["quick"],
    )


def _store(place: str | None) -> ManifestStore | None:
    """Open the store that is named, or the user's own if there is one."""
    from forensics.cli.store.options import opened, own_place

    return opened(place) if place or own_place().is_file() else None


def _json(report: CheckReport) -> None:
    click.echo(json_line(report))


def _whole(report: CheckReport) -> None:
    from forensics.report.checklist import render_checklist

    console().print(render_checklist(report, plain=_plain()))


def _line(report: CheckReport) -> None:
    from forensics.report.checklist import render_line

    console().print(render_line(report), soft_wrap=True)


def _plain() -> bool:
    from forensics.report.checklist import MARKS

    return not holds("".join(MARKS.values()))


def _write(target: Path, pages: Iterable[tuple[CheckReport, bytes | None]]) -> None:
    from forensics.files import atomic_write
    from forensics.report.checklist_page import render_checklists

    try:
        atomic_write(target, render_checklists(pages).encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise UsageError(f"--html: cannot write {target}: {error.strerror}") from error


def _status(reports: Iterable[CheckReport]) -> int:
    status = 0
    for report in reports:
        if report.outcome is not None and report.outcome.value != "pass":
            return FOUND
        if report.error is not None:
            status = max(status, OWN_FAILURE if report.error == "internal" else UNREADABLE)
    return status


def _print_schema() -> int:
    from forensics.article50 import CheckReport

    click.echo(json.dumps(CheckReport.model_json_schema(mode="serialization"), indent=2))
    return 0
