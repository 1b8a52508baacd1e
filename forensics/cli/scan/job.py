"""From options to the job of a scan."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from forensics.cli.own import named_or_found
from forensics.errors import UsageError

if TYPE_CHECKING:
    from forensics.scan.run import Job

__all__ = ["job_of"]

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}

# Names of settings by the options that make them; those of a resumed scan hold where none is given.
_WORK = (
    "profile",
    "only",
    "skip",
    "own",
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
    values["own"] = tuple(str(path.resolve()) for path in named_or_found(values["own"]))
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
        raise UsageError(
            f"no amount of memory: {text!r}", expected="such as 3G or 512M", actual=text
        ) from None


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
