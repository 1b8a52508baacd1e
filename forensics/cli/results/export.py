"""`forensics results export`: rows for other tools."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from forensics.cli.results.given import folder
from forensics.errors import UsageError

if TYPE_CHECKING:
    from forensics.scan.results import Results
    from forensics.scan.row import ScanRow

__all__ = ["export"]


@click.command()
@folder()
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["parquet", "jsonl", "csv", "sqlite"]),
    help="By the ending of TARGET if not given.",
)
@click.option("--where", metavar="SQL", default="", help="Only rows for which this holds.")
@click.option("--replace", is_flag=True, help="Replace TARGET if it exists.")
def export(folder: Path, target: Path, format_name: str | None, where: str, replace: bool) -> None:
    """Write the rows of a scan into one file."""
    from forensics.scan.results import export_rows, open_results

    kind = format_name or _kind(target)
    if target.exists() and not replace:
        raise UsageError(f"{target} exists: --replace replaces it")
    count = export_rows(_rows(open_results(folder), where), target, kind)
    click.echo(f"{count} rows: {target}")


def _kind(target: Path) -> str:
    kinds = {".parquet": "parquet", ".jsonl": "jsonl", ".csv": "csv", ".sqlite": "sqlite", ".db": "sqlite"}
    if target.suffix not in kinds:
        raise UsageError(f"the ending of {target.name} names no format: give --format", actual=target.suffix)
    return kinds[target.suffix]


def _rows(results: Results, where: str) -> Iterable[ScanRow]:
    if not where:
        return results.rows()
    from forensics.scan.results import query

    wanted = {row[0] for row in query(results, f"SELECT id FROM rows WHERE {where}").rows}  # noqa: S608
    return (row for row in results.rows() if row.id in wanted)
