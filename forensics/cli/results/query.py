"""`forensics results query`: SQL over the rows of a scan."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import click

from forensics.cli.results.given import folder, printed

__all__ = ["query"]


@click.command()
@folder()
@click.argument("sql")
@click.option(
    "--as", "kind", type=click.Choice(["table", "json", "csv"]), default="table", help="How to print it."
)
def query(folder: Path, sql: str, kind: str) -> None:
    """Ask the table `rows` in DuckDB's SQL: a whole query, or a condition.

    For example: forensics results query OUT "verdict = 'synthetic' and credential_state = 'none'"
    """
    from forensics.scan.results import open_results
    from forensics.scan.results import query as ask

    found = ask(open_results(folder), sql)
    if kind == "table":
        printed(found.columns, found.rows)
    elif kind == "json":
        for row in found.rows:
            click.echo(json.dumps(dict(zip(found.columns, row, strict=True)), default=str))
    else:
        from forensics.scan.sinks.columns import defused

        writer = csv.writer(sys.stdout)
        writer.writerow(found.columns)
        writer.writerows(map(defused, row) for row in found.rows)
