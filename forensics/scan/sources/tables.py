"""Rows of tables as items: Parquet with bytes or paths, CSV, TSV and JSON lines with paths."""

from __future__ import annotations

import csv
import json
import os
import stat
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from forensics.errors import MediaError, SourceError
from forensics.files import encodable
from forensics.media.source import open_plain
from forensics.scan.items import Item, Locator
from forensics.scan.reading.reasons import reason_of
from forensics.scan.reading.urls import is_url
from forensics.scan.sources.choosing import Choice
from forensics.scan.sources.listing import Left
from forensics.scan.sources.names import LONGEST_NAME, address, refused
from forensics.scan.sources.parquet import Cell, parquet_cells
from forensics.scan.sources.remote import one_url

__all__ = ["PATH_COLUMNS", "is_table_name", "rows_of"]

PATH_COLUMNS = (
    "path", "file_path", "filepath", "file", "file_name", "filename", "image_path", "image", "img",
    "video_path", "video", "url", "uri", "image_url", "src", "key",
)  # fmt: skip
"""Names that a column of paths or URLs is guessed by, best first; in any case of letters."""

_LONGEST_LINE = 1 << 20
_ENDINGS = (".parquet", ".csv", ".tsv", ".jsonl", ".ndjson")
_DAMAGE = (csv.Error, ValueError, RecursionError)


def is_table_name(name: str) -> bool:
    """Whether a name ends as those of tables do."""
    return name.lower().endswith(_ENDINGS)


def rows_of(path: str, choice: Choice) -> Iterator[Item | Left]:
    """List the rows of a table.

    Paths are relative to the folder of the table. A table that is damaged gives the rows before, and one
    refused item for the rest.

    Args:
        path: The table.
        choice: What is wanted, and in which column.
    """
    most, where, count = choice.how.limits.members, address(path), 0
    try:
        modified = os.stat(path).st_mtime
        for cell in islice(_cells(path, choice.how.column), most + 1):
            count += 1
            if count > most:
                raise SourceError(f"the table has more than {most} rows", reason="table_rows")
            yield _row(path, f"{where}#{cell.row}", cell, modified, choice)
    except (MediaError, OSError) as error:
        yield refused(where, choice.source, reason_of(error), f"the rest of the table is lost: {error}")
        return
    if not count:
        yield Left("empty", choice.source, where)


def _cells(path: str, column: str) -> Iterator[Cell]:
    if path.lower().endswith(".parquet"):
        yield from parquet_cells(path, column, PATH_COLUMNS)
        return
    with open_plain(Path(path)) as file:
        read = _separated if path.lower().endswith((".csv", ".tsv")) else _json_lines
        yield from read(file, column, path)


def _row(path: str, where: str, cell: Cell, modified: float, choice: Choice) -> Item | Left:
    if cell.packed:
        reason = choice.against(cell.value.strip("/") or f"{cell.row}")
        if reason or choice.too_old(modified):
            return Left(reason or "older", choice.source, where)
        name = encodable(os.path.basename(cell.value)[-LONGEST_NAME:])
        return Item(where, choice.source, Locator("table", path, cell.column, cell.row), name, -1, modified)
    if not cell.value:
        return refused(where, choice.source, "table_value", "the row names no file")
    if is_url(cell.value):
        return one_url(cell.value, choice, where)
    return _file(os.path.join(os.path.dirname(path), cell.value), where, cell.value, choice)


def _file(place: str, where: str, said: str, choice: Choice) -> Item | Left:
    if reason := choice.against(said.strip("/")):
        return Left(reason, choice.source, where)
    try:
        status = os.stat(place)
    except (OSError, ValueError) as error:
        return refused(where, choice.source, reason_of(error), "the file of this row cannot be read")
    if not stat.S_ISREG(status.st_mode):
        return refused(where, choice.source, "special_file", "what this row names is not a file")
    if choice.too_old(status.st_mtime):
        return Left("older", choice.source, where)
    locator = Locator("file", place, length=status.st_size)
    name = encodable(os.path.basename(place))
    return Item(where, choice.source, locator, name, status.st_size, status.st_mtime)


def _lines(file: BinaryIO) -> Iterator[str]:
    first = True
    while line := file.readline(_LONGEST_LINE + 1):
        if len(line) > _LONGEST_LINE:
            raise SourceError("the table has a line that is far too long", reason="table_damaged")
        text = line.decode("utf-8", "surrogateescape")
        yield text.removeprefix("\ufeff") if first else text
        first = False


def _separated(file: BinaryIO, column: str, path: str) -> Iterator[Cell]:
    lines = _lines(file)
    header = next(lines, "")
    mark = "\t" if path.lower().endswith(".tsv") else _separator(header)
    try:
        names = next(csv.reader([header], delimiter=mark), [])
        at = names.index(_guessed(names, column))
        for row, values in enumerate(csv.reader(lines, delimiter=mark)):
            yield Cell(row, values[at].strip() if at < len(values) else "", names[at])
    except _DAMAGE as error:
        raise SourceError(f"the table is damaged: {error}", reason="table_damaged") from error


def _separator(header: str) -> str:
    return max(",;\t", key=header.count)


def _json_lines(file: BinaryIO, column: str, _: str) -> Iterator[Cell]:
    for row, line in enumerate(line for line in _lines(file) if line.strip()):
        try:
            record: Any = json.loads(line)
        except _DAMAGE as error:
            raise SourceError(f"line {row + 1} of the table is no JSON", reason="table_damaged") from error
        if not row:
            column = _guessed(list(record) if isinstance(record, dict) else [], column)
        value = record.get(column) if isinstance(record, dict) else None
        yield Cell(row, value if isinstance(value, str) else "", column)


def _guessed(names: list[str], wanted: str) -> str:
    """The column that is wanted, or the one whose name says that it holds paths.

    Raises:
        SourceError: There is none.
    """
    known = {name.strip().lower(): name for name in reversed(names)}
    found = wanted if wanted in names else None
    if not wanted:
        found = next((known[name] for name in PATH_COLUMNS if name in known), None)
    if found is None:
        message = (
            f"the table has no column {encodable(wanted)!r}" if wanted else "no column is called like paths"
        )
        raise SourceError(message, reason="table_column", expected=wanted or ", ".join(PATH_COLUMNS))
    return found
