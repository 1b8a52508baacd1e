"""Parts of rows, written one after the other: each beside its name first, and then renamed."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any

from forensics.errors import MissingExtra, ScanError, ScanFull
from forensics.files import atomic_write
from forensics.scan.row import ScanRow
from forensics.scan.sinks.columns import Record, arrow_schema, flat, flat_names, record_of, unflat

__all__ = ["FORMATS", "PART_ROWS", "Part", "read_parts", "write_parts"]

PART_ROWS = 50_000
"""Rows of a part, so that it fits into memory; the last one has what is left."""

_NAME = re.compile(r"part-\d{5}\.(?:parquet|jsonl|csv)")


@dataclass(frozen=True)
class Part:
    """A file of rows.

    Attributes:
        name: Of the file.
        rows: How many it holds.
        sha256: Of the file, in hex.
    """

    name: str
    rows: int
    sha256: str


def write_parts(
    rows: Iterable[ScanRow | Record], folder: Path, format_name: str, *, part_rows: int = PART_ROWS
) -> tuple[Part, ...]:
    """Write rows as parts; parts of an earlier run that are not written again are removed in the end.

    Args:
        rows: In the order in which they are to stand, also as records.
        folder: Made if it is not there.
        format_name: A name in `FORMATS`.
        part_rows: Rows of a part.

    Returns:
        What was written, at least one part.

    Raises:
        MissingExtra: The format needs a package that is not installed.
        ScanFull: It cannot be written.
    """
    encode, parts = FORMATS[format_name][0], list[Part]()
    stream = (row if isinstance(row, dict) else record_of(row) for row in rows)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        while (batch := list(islice(stream, part_rows))) or not parts:
            name = f"part-{len(parts):05d}.{format_name}"
            data = encode(batch)
            atomic_write(folder / name, data)
            parts.append(Part(name, len(batch), hashlib.sha256(data).hexdigest()))
        kept = {part.name for part in parts}
        for path in folder.iterdir():
            if _NAME.fullmatch(path.name) and path.name not in kept:
                path.unlink()
    except OSError as error:
        raise ScanFull(f"the rows cannot be written to {folder}: {error.strerror or error}") from error
    return tuple(parts)


def read_parts(folder: Path) -> Iterator[ScanRow]:
    """Yield the rows of all parts in a folder, in order.

    Raises:
        MissingExtra: The format needs a package that is not installed.
        ScanError: There are none, or one is damaged.
    """
    paths = sorted(p for p in folder.glob("part-*") if _NAME.fullmatch(p.name))
    if not paths:
        raise ScanError(f"there are no rows in {folder}", actual=str(folder))
    for path in paths:
        try:
            yield from FORMATS[path.suffix[1:]][1](path)
        except (OSError, ValueError, KeyError) as error:
            raise ScanError(f"{path} cannot be read: {error}", actual=str(path)) from error


def _parquet(rows: list[Record]) -> bytes:
    pa = _arrow()
    import pyarrow.parquet as pq

    table = pa.Table.from_pylist(rows, schema=arrow_schema())
    out = io.BytesIO()
    pq.write_table(table, out, compression="zstd")
    return out.getvalue()


def _read_parquet(path: Path) -> Iterator[ScanRow]:
    _arrow()
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=2000):
            for record in batch.to_pylist():
                yield ScanRow.model_validate(record)


def _jsonl(rows: list[Record]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows).encode()


def _read_jsonl(path: Path) -> Iterator[ScanRow]:
    with path.open("rb") as lines:
        for line in lines:
            yield ScanRow.model_validate_json(line)


def _csv(rows: list[Record]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, flat_names())
    writer.writeheader()
    writer.writerows(flat(row, spreadsheet=True) for row in rows)
    return out.getvalue().encode()


def _read_csv(path: Path) -> Iterator[ScanRow]:
    with path.open(newline="", encoding="utf-8") as lines:
        for record in csv.DictReader(lines):
            yield unflat(record)


def _arrow() -> Any:
    try:
        import pyarrow
    except ImportError as error:
        raise MissingExtra("Parquet", "scan") from error
    return pyarrow


Format = tuple[Callable[[list[Record]], bytes], Callable[[Path], Iterator[ScanRow]]]

FORMATS: MappingProxyType[str, Format] = MappingProxyType(
    {
        "parquet": (_parquet, _read_parquet),
        "jsonl": (_jsonl, _read_jsonl),
        "csv": (_csv, _read_csv),
    }
)
"""How each format is written and read, by name."""
