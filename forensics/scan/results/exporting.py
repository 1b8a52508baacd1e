"""Rows in another format, for other tools."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from types import MappingProxyType

from forensics.errors import ScanFull, UsageError
from forensics.files import atomic_write
from forensics.scan.row import ScanRow
from forensics.scan.sinks.columns import flat, flat_names, record_of
from forensics.scan.sinks.files import FORMATS

__all__ = ["EXPORTS", "export_rows"]

_BATCH = 2000
_SQL_TYPES = MappingProxyType({int: "INTEGER", float: "REAL", bool: "INTEGER"})

EXPORTS = (*FORMATS, "sqlite")
"""Formats to export to."""


def export_rows(rows: Iterable[ScanRow], target: Path, format_name: str) -> int:
    """Write rows into one file.

    Args:
        rows: To write.
        target: The file; one that exists is replaced only by the same kind.
        format_name: One of `EXPORTS`.

    Returns:
        How many rows were written.

    Raises:
        UsageError: There is no such format.
        ScanFull: It cannot be written.
    """
    if format_name not in EXPORTS:
        raise UsageError(f"no format {format_name!r}; there are: {', '.join(EXPORTS)}", actual=format_name)
    try:
        if format_name == "sqlite":
            return _sqlite(rows, target)
        every = [record_of(row) for row in rows]
        atomic_write(target, FORMATS[format_name][0](every))
        return len(every)
    except (OSError, sqlite3.Error) as error:
        raise ScanFull(f"cannot write {target}: {error}") from error


def _sqlite(rows: Iterable[ScanRow], target: Path) -> int:
    part = target.with_name(f".{target.name}.part")
    part.unlink(missing_ok=True)
    names, count, stream = flat_names(), 0, iter(rows)
    try:
        with sqlite3.connect(part) as connection:
            columns = ", ".join(f"{name} {_sql_type(name)}" for name in names)
            connection.execute(f"CREATE TABLE rows ({columns})")
            marks = ", ".join("?" for _ in names)
            while batch := list(islice(stream, _BATCH)):
                values = [tuple(flat(record_of(row), spreadsheet=False).values()) for row in batch]
                connection.executemany(f"INSERT INTO rows VALUES ({marks})", values)  # noqa: S608
                count += len(batch)
            connection.execute("CREATE INDEX by_verdict ON rows (verdict)")
        connection.close()
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return count


def _sql_type(name: str) -> str:
    annotation = ScanRow.model_fields[name].annotation
    return _SQL_TYPES.get(annotation, "TEXT") if isinstance(annotation, type) else "TEXT"
