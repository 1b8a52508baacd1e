"""SQL over the rows of a scan, by DuckDB, which may read them and nothing else."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forensics.errors import MissingExtra, UsageError
from forensics.scan.results.folder import Results
from forensics.scan.sinks import write_parts

__all__ = ["Table", "query"]

_READERS = {"parquet": "read_parquet", "jsonl": "read_json_auto", "csv": "read_csv_auto"}


@dataclass(frozen=True)
class Table:
    """What a query gave.

    Attributes:
        columns: Their names.
        rows: Values of each row, as Python has them.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def query(results: Results, sql: str) -> Table:
    """Ask the rows of a scan.

    Args:
        results: Of the scan; unfinished ones have the rows that there are.
        sql: A query in DuckDB's SQL over the table `rows`, or a condition such as "verdict = 'synthetic'".

    Raises:
        MissingExtra: DuckDB is not installed.
        UsageError: The query is wrong, or wants more than reading the rows.
    """
    try:
        import duckdb
    except ImportError as error:
        raise MissingExtra("querying rows", "scan") from error
    starts = sql.lstrip(" (\n\t").lower()
    whole = starts.startswith(("select", "with", "from", "summarize", "describe", "pivot"))
    statement = sql if whole else f"SELECT * FROM rows WHERE {sql}"  # noqa: S608 - the user's own query
    with _files(results) as folder, duckdb.connect(":memory:") as connection:
        kind = next(folder.glob("part-*")).suffix[1:]
        places = str(folder / f"part-*.{kind}").replace("'", "''")
        connection.execute(f"CREATE VIEW rows AS SELECT * FROM {_READERS[kind]}('{places}')")  # noqa: S608
        connection.execute("SET allowed_directories = [?]".replace("?", _quoted(str(folder))))
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        try:
            found = connection.execute(statement)
            names = tuple(column[0] for column in found.description or ())
            return Table(names, tuple(found.fetchall()))
        except duckdb.Error as error:
            raise UsageError(f"the query is wrong: {str(error).splitlines()[0]}", actual=sql) from error


@contextmanager
def _files(results: Results) -> Iterator[Path]:
    """Give the folder of the parts; those of an unfinished scan are written for the occasion."""
    if results.parts:
        yield results.parts[0].parent.resolve()
        return
    with tempfile.TemporaryDirectory() as folder:
        write_parts(results.rows(), Path(folder), "parquet")
        yield Path(folder).resolve()


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
