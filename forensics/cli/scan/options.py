"""The options of `forensics scan`, and the job that they make."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from forensics.errors import UsageError

if TYPE_CHECKING:
    from forensics.scan.run import Job

__all__ = ["job_of", "options"]

F = TypeVar("F", bound=Callable[..., Any])

_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}

# Names of settings by the options that make them; those of a resumed scan hold where none is given.
_WORK = (
    "profile",
    "trust",
    "store",
    "calibration",
    "hash_lists",
    "prior",
    "max_pixels",
    "file_seconds",
    "file_memory",
    "previews",
    "details",
    "hooks",
)
_LISTING = (
    "include",
    "exclude",
    "ignore_files",
    "hidden",
    "archives",
    "follow_links",
    "network",
    "column",
    "since",
)

_OPTIONS = (
    click.option("-o", "--out", "folder", type=_FOLDER, required=True, help="Where the results go."),
    click.option(
        "--format",
        "format_name",
        type=click.Choice(["parquet", "jsonl", "csv"]),
        default="parquet",
        show_default=True,
        help="Of the rows.",
    ),
    click.option(
        "--profile",
        type=click.Choice(["triage", "standard", "deep"]),
        default="standard",
        show_default=True,
        help="How closely to look.",
    ),
    click.option(
        "--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True, help="Who works."
    ),
    click.option("--workers", type=click.IntRange(min=1), help="Processes; as many as cores if not given."),
    click.option("--resume", is_flag=True, help="Go on with the scan in OUT, with its sources and settings."),
    click.option("--update", is_flag=True, help="With --resume: list again, for what is new or changed."),
    click.option(
        "--retry-failed",
        is_flag=True,
        help="With --resume: work again on what crashed, timed out or could not be fetched.",
    ),
    click.option("--since", metavar="WHEN", help="Only files modified since: a date, '7d', or an earlier OUT."),
    click.option("--include", multiple=True, metavar="GLOB", help="Only such files (repeatable)."),
    click.option("--exclude", multiple=True, metavar="GLOB", help="Leave such files out (repeatable)."),
    click.option("--no-ignore-files", "ignore_files", flag_value=False, default=True, help="Do not heed .forensicsignore."),
    click.option("--no-hidden", "hidden", flag_value=False, default=True, help="Leave out names that begin with a dot."),
    click.option("--no-archives", "archives", flag_value=False, default=True, help="Do not look into archives."),
    click.option("--follow-links", is_flag=True, help="Follow symbolic links in folders."),
    click.option("--network", is_flag=True, help="Read URLs; nothing else is fetched."),
    click.option("--column", default="", help="Column of tables with paths, URLs or bytes."),
    click.option("--trust", type=_FILE, help="Trust policy (TOML)."),
    click.option("--store", metavar="PLACE", default="", help="Manifest store to look files up in."),
    click.option("--calibration", type=_FOLDER, help="Weigh scores by this folder of `forensics calibrate`."),
    click.option("--hash-list", "hash_lists", type=_FILE, multiple=True, help="Match files against a list of hashes (repeatable)."),
    click.option("--prior", type=float, default=0.5, show_default=True, help="Prior probability; moves opinions only."),
    click.option("--max-pixels", type=click.IntRange(min=1), default=200_000_000, help="Refuse pictures with more pixels."),
    click.option("--file-seconds", type=click.FloatRange(min=1), default=120.0, show_default=True, help="Give up a file after."),
    click.option("--file-memory", default="3G", show_default=True, help="Memory of a worker."),
    click.option("--no-previews", "previews", flag_value=False, default=True, help="Keep no small pictures for the report."),
    click.option("--details", type=click.Choice(["none", "findings", "all"]), default="findings", show_default=True, help="For which files the whole report is kept."),
    click.option("--no-near-duplicates", "near_duplicates", flag_value=False, default=True, help="Look for no near-duplicates."),
    click.option("--no-page", "page", flag_value=False, default=True, help="Write no HTML report."),
    click.option("--key", type=_FILE, help="Ed25519 key (PEM) that signs the manifest; else your own."),
    click.option("--watch", type=click.FloatRange(min=1), metavar="SECONDS", help="Look again every so often, until stopped."),
    click.option("--progress", type=click.Choice(["auto", "bar", "json", "none"]), default="auto", help="On standard error."),
    click.option("--metrics", type=_FILE, help="Keep a file for Prometheus' textfile collector."),
    click.option("--metrics-port", type=click.IntRange(1, 65535), help="Serve metrics on this port of 127.0.0.1."),
    click.option("--log", type=_FILE, help="Append structured logs (JSON Lines)."),
    click.option("--fail-on", metavar="VERDICT,...", default="", help="Exit with 1 if a file gets such a verdict."),
    click.option("--json", "as_json", is_flag=True, help="Print the manifest of the run as JSON."),
    click.option("--hook", "hooks", multiple=True, hidden=True, help="Module called before each file, for tests."),
)  # fmt: skip


def options(command: F) -> F:
    """Add all options to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def job_of(ctx: click.Context, sources: tuple[str, ...], given: dict[str, Any]) -> Job:
    """Return the job that options make.

    Args:
        ctx: Tells which of them were given.
        sources: As given.
        given: All options.

    Raises:
        UsageError: They do not fit together.
    """
    from forensics.scan.run import Job, Output
    from forensics.scan.settings import WorkSettings
    from forensics.scan.sources import Listing

    if not sources and not given["resume"]:
        raise click.UsageError("no source given")
    for name in ("update", "retry_failed"):
        if given[name] and not given["resume"]:
            raise click.UsageError(f"--{name.replace('_', '-')} goes with --resume")
    values = {**given, "file_memory": _bytes(given["file_memory"]), "since": _moment(given["since"])}
    for name in ("trust", "calibration"):
        values[name] = str(values[name].resolve()) if values[name] else ""
    values["hash_lists"] = tuple(str(path.resolve()) for path in values["hash_lists"])
    chosen = {name for name in values if ctx.get_parameter_source(name) is not ParameterSource.DEFAULT}
    return Job(
        sources=sources,
        folder=given["folder"],
        work=_made(WorkSettings, _WORK, values, chosen, resume=given["resume"]),
        listing=_made(Listing, _LISTING, values, chosen, resume=given["resume"]),
        engine=given["engine"],
        workers=given["workers"] or os.cpu_count() or 1,
        output=Output(given["format_name"], given["near_duplicates"], given["page"], given["key"]),
        resume=given["resume"],
        retry_failed=given["retry_failed"],
        update=given["update"],
    )


M = TypeVar("M")


def _made(
    kind: Callable[..., M], names: tuple[str, ...], values: dict[str, Any], chosen: set[str], *, resume: bool
) -> M | None:
    """Return settings; None to take those of the scan that is resumed."""
    if resume and not chosen.intersection(names):
        return None
    return kind(**{name: values[name] for name in names})


def _bytes(text: str) -> int:
    number, unit = text[:-1], text[-1:].upper()
    if unit.isdigit():
        number, unit = text, ""
    try:
        return int(float(number) * _UNITS[unit])
    except (ValueError, KeyError):
        raise UsageError(f"no amount of memory: {text!r}", expected="such as 3G or 512M", actual=text) from None


def _moment(text: str | None) -> float:
    """Return seconds since 1970 for a date, a duration before now, or the folder of an earlier scan."""
    import time
    from datetime import datetime

    if not text:
        return 0.0
    if text[:-1].isdigit() and text[-1] in "smhdw":
        unit = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}[text[-1]]
        return time.time() - int(text[:-1]) * unit
    if Path(text, "manifest.json").is_file():
        from forensics.scan.results import open_results

        manifest = open_results(Path(text)).manifest
        text = manifest.began if manifest else text
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise UsageError(
            f"--since takes a date (2026-11-01), a duration (7d, 12h), or the folder of a scan, not {text!r}",
            actual=text,
        ) from None
