"""The options of `forensics scan`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from forensics.cli.own import detector_option

__all__ = ["options"]

F = TypeVar("F", bound=Callable[..., Any])

_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)

_OFF: dict[str, Any] = {"flag_value": False, "default": True}

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
        "--only",
        multiple=True,
        metavar="DETECTOR",
        help="Run only these detectors, on every file (repeatable).",
    ),
    click.option("--skip", multiple=True, metavar="DETECTOR", help="Leave these detectors out (repeatable)."),
    detector_option,
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
    click.option(
        "--since", metavar="WHEN", help="Only files modified since: a date, '7d', or an earlier OUT."
    ),
    click.option("--include", multiple=True, metavar="GLOB", help="Only such files (repeatable)."),
    click.option("--exclude", multiple=True, metavar="GLOB", help="Leave such files out (repeatable)."),
    click.option("--no-ignore-files", "ignore_files", **_OFF, help="Do not heed .forensicsignore."),
    click.option("--no-hidden", "hidden", **_OFF, help="Leave out names that begin with a dot."),
    click.option("--no-archives", "archives", **_OFF, help="Do not look into archives."),
    click.option("--follow-links", is_flag=True, help="Follow symbolic links in folders."),
    click.option("--network", is_flag=True, help="Read URLs; nothing else is fetched."),
    click.option("--column", default="", help="Column of tables with paths, URLs or bytes."),
    click.option("--trust", type=_FILE, help="Trust policy (TOML)."),
    click.option("--store", metavar="PLACE", default="", help="Manifest store to look files up in."),
    click.option("--calibration", type=_FOLDER, help="Weigh scores by this folder of `forensics calibrate`."),
    click.option(
        "--hash-list",
        "hash_lists",
        type=_FILE,
        multiple=True,
        help="Match files against a list of hashes (repeatable).",
    ),
    click.option(
        "--prior", type=float, default=0.5, show_default=True, help="Prior probability; moves opinions only."
    ),
    click.option(
        "--max-pixels",
        type=click.IntRange(min=1),
        default=200_000_000,
        help="Refuse pictures with more pixels.",
    ),
    click.option(
        "--file-seconds",
        type=click.FloatRange(min=1),
        default=120.0,
        show_default=True,
        help="Give up a file after.",
    ),
    click.option("--file-memory", default="3G", show_default=True, help="Memory of a worker."),
    click.option("--no-previews", "previews", **_OFF, help="Keep no small pictures for the report."),
    click.option(
        "--details",
        type=click.Choice(["none", "findings", "all"]),
        default="findings",
        show_default=True,
        help="For which files the whole report is kept.",
    ),
    click.option("--no-near-duplicates", "near_duplicates", **_OFF, help="Look for no near-duplicates."),
    click.option("--no-page", "page", **_OFF, help="Write no HTML report."),
    click.option("--key", type=_FILE, help="Ed25519 key (PEM) that signs the manifest; else your own."),
    click.option(
        "--watch",
        type=click.FloatRange(min=1),
        metavar="SECONDS",
        help="Look again every so often, until stopped.",
    ),
    click.option(
        "--progress",
        type=click.Choice(["auto", "bar", "json", "none"]),
        default="auto",
        help="On standard error.",
    ),
    click.option("--metrics", type=_FILE, help="Keep a file for Prometheus' textfile collector."),
    click.option(
        "--metrics-port", type=click.IntRange(1, 65535), help="Serve metrics on this port of 127.0.0.1."
    ),
    click.option("--log", type=_FILE, help="Append structured logs (JSON Lines)."),
    click.option(
        "--fail-on", metavar="VERDICT,...", default="", help="Exit with 1 if a file gets such a verdict."
    ),
    click.option("--json", "as_json", is_flag=True, help="Print the manifest of the run as JSON."),
    click.option(
        "--hook", "hooks", multiple=True, hidden=True, help="Module called before each file, for tests."
    ),
)


def options(command: F) -> F:
    """Add all options to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
