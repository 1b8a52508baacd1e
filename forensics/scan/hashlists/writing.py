"""Lists of hashes from the rows of a scan, as others read them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from forensics.errors import UsageError
from forensics.files import atomic_write, encodable
from forensics.scan.row import ScanRow

__all__ = ["WRITTEN", "Written", "write_list"]

_COLUMNS = ("sha256", "md5", "pdq", "quality", "label")


@dataclass(frozen=True)
class Written:
    """What became of the rows.

    Attributes:
        entries: Rows that are on the list.
        left_out: Rows that have no such hash: unreadable files, or for PDQ flat pictures.
    """

    entries: int
    left_out: int


def write_list(rows: Iterable[ScanRow], path: Path, form: str) -> Written:
    """Write the hashes of rows as a list.

    Args:
        rows: Those to be listed.
        path: The file; one that is there is replaced.
        form: A name in `WRITTEN`.

    Raises:
        UsageError: There is no such form.
        OSError: The file cannot be written.
    """
    if form not in WRITTEN:
        raise UsageError(f"no such form of list: {form!r}", expected=", ".join(WRITTEN), actual=form)
    text = io.StringIO()
    if form == "table":
        csv.writer(text, lineterminator="\n").writerow(_COLUMNS)
    entries = left_out = 0
    for row in rows:
        line = WRITTEN[form](row)
        text.write(line)
        entries, left_out = entries + bool(line), left_out + (not line)
    atomic_write(path, text.getvalue().encode("utf-8"))
    return Written(entries, left_out)


def _pdq(row: ScanRow) -> str:
    return f"{row.pdq},{_quality(row)}\n" if row.pdq else ""


def _sum(value: str, row: ScanRow) -> str:
    """Return a line as md5sum writes it, which marks names that hold line breaks or backslashes."""
    name = encodable(row.id)
    plain = name.replace("\\", r"\\").replace("\n", r"\n").replace("\r", r"\r")
    return f"{'' if plain == name else chr(92)}{value}  {plain}\n" if value else ""


def _table(row: ScanRow) -> str:
    cells = _cells(row)
    if not any(cells[:3]):
        return ""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def _json(row: ScanRow) -> str:
    cells = _cells(row)
    fields = {name: cell for name, cell in zip(_COLUMNS, cells, strict=True) if cell}
    return json.dumps(fields) + "\n" if any(cells[:3]) else ""


def _cells(row: ScanRow) -> tuple[str, ...]:
    return row.sha256, row.md5, row.pdq, str(_quality(row)) if row.pdq else "", encodable(row.id)


def _quality(row: ScanRow) -> int:
    return round(100 * row.pdq_quality)


WRITTEN: MappingProxyType[str, Callable[[ScanRow], str]] = MappingProxyType(
    {
        "pdq": _pdq,
        "md5sum": lambda row: _sum(row.md5, row),
        "sha256sum": lambda row: _sum(row.sha256, row),
        "table": _table,
        "json": _json,
    }
)
"""Forms of lists: "hash,quality" lines, checksums with names, CSV with a heading, JSON lines."""
