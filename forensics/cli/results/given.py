"""What the commands on results share."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

__all__ = ["as_json", "folder", "printed"]

F = TypeVar("F", bound=Callable[..., Any])


def folder(name: str = "folder") -> Callable[[F], F]:
    """Return the argument that names the folder of a scan."""
    return click.argument(name, metavar=name.upper(), type=click.Path(path_type=Path, file_okay=False))


def as_json(command: F) -> F:
    """Add the option by which programs ask."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON document.")(command)


def printed(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a table for people; values may be hostile."""
    from rich.table import Table

    from forensics.cli.output import console
    from forensics.report.safe import printable

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(printable(column), overflow="fold")
    for row in rows:
        table.add_row(*(printable(_text(value), 2000) for value in row))
    console().print(table)


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return json.dumps(value, default=str) if isinstance(value, (dict, list)) else str(value)
