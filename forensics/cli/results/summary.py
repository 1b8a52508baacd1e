"""`forensics results summary`: numbers of a scan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from forensics.cli.output import json_line
from forensics.cli.results.given import as_json, folder, printed

if TYPE_CHECKING:
    from forensics.scan.results import Summary

__all__ = ["summary"]

_TABLES = (
    ("states", "states"),
    ("verdicts", "verdicts"),
    ("reasons", "reasons"),
    ("credential_states", "credentials"),
    ("watermarks", "watermarks"),
    ("contradictions", "contradictions"),
    ("matches", "lists of hashes"),
    ("signers", "signers"),
    ("formats", "formats"),
    ("sources", "sources"),
)


@click.command()
@folder()
@as_json
def summary(folder: Path, as_json: bool) -> None:
    """Print the numbers of a scan, finished or not."""
    from forensics.scan.results import open_results, summarise

    found = summarise(open_results(folder).rows())
    if as_json:
        click.echo(json_line(found))
        return
    click.echo(f"{found.files} files, {found.bytes / 1e6:,.1f} MB")
    click.echo(
        f"{found.duplicates} with the bytes of an earlier one, {found.clusters} clusters of near-duplicates"
    )
    _tables(found)


def _tables(found: Summary) -> None:
    for name, title in _TABLES:
        if counts := getattr(found, name):
            click.echo()
            printed((title, "files"), [(key, count) for key, count in counts.items()])
    if found.seconds:
        click.echo()
        spread = found.seconds
        rows = [("each file, median", spread.median), ("95 %", spread.p95), ("most", spread.most)]
        printed(("seconds", ""), [*rows, *((f"all files: {k}", v) for k, v in found.steps.items())])
