"""`forensics scan`: many files, each accounted for."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from forensics.cli.scan.job import job_of
from forensics.cli.scan.options import options
from forensics.cli.scan.shown import shown
from forensics.cli.status import FOUND, INTERRUPTED, OWN_FAILURE, UNREADABLE

if TYPE_CHECKING:
    from forensics.scan.finishing import Finished

__all__ = ["scan"]


@click.command(no_args_is_help=True)
@click.argument("sources", nargs=-1, metavar="SOURCE...")
@options
@click.pass_context
def scan(ctx: click.Context, /, sources: tuple[str, ...], **given: Any) -> int:
    """Audit many files, and write one row for each.

    SOURCE is a file, a folder, a ZIP or TAR archive, a WebDataset shard, a table (Parquet, CSV, JSON Lines)
    of paths or bytes, "@list.txt" or "-" for a list of them, or, with --network, a URL of any store that
    fsspec knows. Whatever ends a scan early, `forensics scan --resume -o OUT` goes on where it was.
    """
    from forensics.scan.engines.starting import start_early

    if given["engine"] == "local":
        start_early()
    from forensics.cli.scan.watching import passes
    from forensics.cli.verdicts import verdicts
    from forensics.scan.run import scan as run

    failing = verdicts(given["fail_on"])
    job = job_of(ctx, sources, given)
    stdin = sys.stdin.buffer if sys.stdin else None  # a scan that is resumed may have it among its sources
    with _stoppable(), shown(given) as tell:
        try:
            for one in passes(job, given["watch"]):
                finished = run(one, tell, stdin=stdin)
                _say(finished, as_json=given["as_json"])
        except KeyboardInterrupt:
            click.echo(
                f"forensics: interrupted; go on with: forensics scan --resume -o {job.folder}", err=True
            )
            return INTERRUPTED
    return _status(finished, failing)


@contextmanager
def _stoppable() -> Iterator[None]:
    """Take SIGTERM, by which services are stopped, like Ctrl-C."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _say(finished: Finished, *, as_json: bool) -> None:
    if as_json:
        from forensics.cli.output import json_line

        click.echo(json_line(finished.manifest))
        return
    from forensics.cli.scan.telling import told

    click.echo(told(finished))


def _status(finished: Finished, failing: frozenset[str]) -> int:
    manifest = finished.manifest
    if failing.intersection(manifest.verdicts):
        return FOUND
    if manifest.reasons.get("internal"):
        return OWN_FAILURE
    bad = manifest.states.get("unreadable", 0) + manifest.states.get("quarantined", 0)
    return UNREADABLE if bad else 0
