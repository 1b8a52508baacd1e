"""Progress of a scan: a bar for people, lines for logs, numbers for monitoring."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from forensics.scan.progress import Progress

__all__ = ["shown"]

_EVERY = 5.0  # seconds between lines of a log


@contextmanager
def shown(given: dict[str, Any]) -> Iterator[Callable[[Progress], None]]:
    """Give a function to call with how far a scan is.

    Args:
        given: The options `progress`, `metrics`, `metrics_port` and `log`.
    """
    with ExitStack() as stack:
        tellers: list[Callable[[Progress], None]] = []
        if given["log"]:
            stack.enter_context(_logging(given["log"]))
        kind = given["progress"]
        if kind == "auto":
            kind = "bar" if sys.stderr and sys.stderr.isatty() else "none"
        if kind == "bar":
            tellers.append(stack.enter_context(_bar()))
        elif kind == "json":
            tellers.append(_lines())
        if given["metrics"]:
            tellers.append(_metrics(given["metrics"]))
        if given["metrics_port"]:
            from forensics.cli.scan.serving import served

            tellers.append(stack.enter_context(served(given["metrics_port"])))

        def tell(progress: Progress) -> None:
            for teller in tellers:
                teller(progress)

        yield tell


@contextmanager
def _bar() -> Iterator[Callable[[Progress], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
    with Bar(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("listing", total=None)

        def tell(progress: Progress) -> None:
            working = progress.phase != "listing"
            bar.update(
                task,
                total=progress.listed if working else None,
                completed=progress.done,
                description=_description(progress),
            )

        yield tell


def _description(progress: Progress) -> str:
    if progress.phase == "listing":
        return f"listing {progress.listed:,} files"
    bad = sum(progress.states.get(name, 0) for name in ("unreadable", "quarantined"))
    found = sum(n for v, n in progress.verdicts.items() if v not in ("", "inconclusive", "unreadable"))
    return (
        f"{progress.phase} {progress.done:,}/{progress.listed:,}  {progress.files_per_second:,.1f} files/s  "
        f"{progress.bytes_per_second / 1e6:,.1f} MB/s  findings {found:,}  errors {bad:,}"
    )


def _lines() -> Callable[[Progress], None]:
    last, phase = 0.0, ""

    def tell(progress: Progress) -> None:
        nonlocal last, phase
        now = time.monotonic()
        if progress.phase != phase or now - last >= _EVERY:
            last, phase = now, progress.phase
            click.echo(progress.json_line(), err=True)

    return tell


def _metrics(path: Path) -> Callable[[Progress], None]:
    from forensics.scan.progress import write_metrics

    last, phase = 0.0, ""

    def tell(progress: Progress) -> None:
        nonlocal last, phase
        now = time.monotonic()
        if progress.phase != phase or now - last >= _EVERY:
            last, phase = now, progress.phase
            write_metrics(progress, path)

    return tell


@contextmanager
def _logging(path: Path) -> Iterator[None]:
    """Append what the library logs to a file, a JSON object for each message."""
    import json
    import logging
    from datetime import UTC, datetime

    class Lines(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
            said = {"time": when, "level": record.levelname.lower(), "logger": record.name}
            return json.dumps({**said, "message": record.getMessage()})

    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(Lines())
    logger = logging.getLogger("forensics")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(min(before or logging.INFO, logging.INFO))
    try:
        yield
    finally:
        logger.setLevel(before)
        logger.removeHandler(handler)
        handler.close()
