"""`forensics results diff`: what changed between two scans."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from forensics.cli.output import json_line
from forensics.cli.results.given import as_json, folder, printed
from forensics.cli.status import FOUND

if TYPE_CHECKING:
    from forensics.scan.results import Comparison

__all__ = ["diff"]


@click.command()
@folder("before")
@folder("after")
@as_json
@click.option("--most", type=click.IntRange(min=1), default=50, show_default=True, help="Changes to print.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 if a verdict changed.")
def diff(before: Path, after: Path, as_json: bool, most: int, exit_code: bool) -> int:
    """Say which files two scans judge differently, and why."""
    from forensics.scan.results import compare, open_results

    found = compare(open_results(before), open_results(after))
    if as_json:
        click.echo(json_line(found))
    else:
        _print(found, most)
    return FOUND if exit_code and found.changed else 0


def _print(found: Comparison, most: int) -> None:
    counts = f"{found.same} same, {len(found.changed)} changed"
    click.echo(f"{counts}, {len(found.added)} new, {len(found.removed)} gone")
    if found.settings:
        printed(("the runs differ in",), [(text,) for text in found.settings])
    if found.moves:
        printed(("verdict", "files"), list(found.moves.items()))
    rows = [(c.id, f"{c.before} -> {c.after}", "; ".join(c.why)) for c in found.changed[:most]]
    if rows:
        printed(("file", "verdict", "why"), rows)
    if len(found.changed) > most:
        click.echo(f"and {len(found.changed) - most} more: --most, or --json for all")
