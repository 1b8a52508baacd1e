"""Rows of Parquet files: which column holds pictures, and what each row says of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from forensics.errors import ForensicsError, SourceError
from forensics.files import encodable
from forensics.scan.reading.tables import parquet

__all__ = ["Cell", "parquet_cells"]

_BYTES_COLUMNS = (
    "image",
    "bytes",
    "image_bytes",
    "content",
    "data",
    "img",
    "jpg",
    "jpeg",
    "png",
    "webp",
    "video",
    "mp4",
)
_BATCH = 1024
_LONGEST_TEXT = 8192  # more than any path has


class Cell(NamedTuple):
    """What one row of a table says of a file.

    Attributes:
        row: Its number, from 0.
        value: A path or URL; for bytes in the table, the name that goes with them.
        column: Where it stands.
        packed: Whether the table holds the bytes themselves.
    """

    row: int
    value: str
    column: str
    packed: bool = False


def parquet_cells(path: str, column: str, path_columns: Sequence[str]) -> Iterator[Cell]:
    """Return what the rows say, one after the other, without reading the bytes of any.

    Args:
        path: The file.
        column: The column that is wanted; guessed if empty: bytes first, then paths.
        path_columns: Names of columns of paths, best first.

    Raises:
        SourceError: The file is damaged, or has no such column.
        MissingExtra: pyarrow is not installed.
    """
    file = parquet(path)
    try:
        schema = file.schema_arrow
        chosen = _chosen(schema, column, path_columns)
        leaf, packed = _leaf(schema, chosen)
        file.close()
        file, row = parquet(path, [leaf] if leaf else ()), 0
        for group in range(file.metadata.num_row_groups):
            for value in _values(file, group, leaf):
                yield Cell(row, value, chosen, packed)
                row += 1
    except ForensicsError:
        raise
    except Exception:  # pyarrow has errors of many kinds for broken files
        raise SourceError("the table is damaged", reason="table_damaged") from None
    finally:
        file.close()


def _chosen(schema: Any, wanted: str, path_columns: Sequence[str]) -> str:
    kinds = {name: _kind(schema.field(i).type) for i, name in enumerate(schema.names)}
    if wanted:
        found = wanted if kinds.get(wanted) else None
    else:
        order = [(kind, name) for kind, names in _order(path_columns) for name in names]
        known = {(kind, name.lower()): name for name, kind in reversed(kinds.items())}
        found = next((known[key] for key in order if key in known), None)
        alone = [name for name, kind in kinds.items() if kind in ("record", "bytes")]
        found = found or (alone[0] if len(alone) == 1 else None)
    if found is None:
        message = f"the table has no column {encodable(wanted)!r} of bytes or paths"
        raise SourceError(
            message if wanted else "no column looks like pictures or paths", reason="table_column"
        )
    return found


def _order(path_columns: Sequence[str]) -> tuple[tuple[str, Sequence[str]], ...]:
    return ("record", _BYTES_COLUMNS), ("bytes", _BYTES_COLUMNS), ("text", path_columns)


def _kind(kind: Any) -> str:
    """What a column holds: "record" with bytes, "bytes", "text", or "" for anything else."""
    from pyarrow import types

    if types.is_dictionary(kind):
        return _kind(kind.value_type)
    if types.is_struct(kind):
        index = kind.get_field_index("bytes")
        return "record" if index >= 0 and _kind(kind.field(index).type) == "bytes" else ""
    if types.is_binary(kind) or types.is_large_binary(kind):
        return "bytes"
    return "text" if types.is_string(kind) or types.is_large_string(kind) else ""


def _leaf(schema: Any, column: str) -> tuple[str, bool]:
    """The column that is read to list rows, "" for none; and whether the bytes are in the table."""
    kind = schema.field(column).type
    if _kind(kind) == "record":
        named = kind.get_field_index("path")
        return (f"{column}.path" if named >= 0 and _kind(kind.field(named).type) == "text" else ""), True
    return ("", True) if _kind(kind) == "bytes" else (column, False)


def _values(file: Any, group: int, leaf: str) -> Iterator[str]:
    if not leaf:
        yield from ("" for _ in range(file.metadata.row_group(group).num_rows))
        return
    for batch in file.iter_batches(_BATCH, row_groups=[group], columns=[leaf]):
        for value in batch.column(0):
            yield _text(value)


def _text(value: Any) -> str:
    """The text of a cell, or of the field `path` of it; of a very long one the beginning."""
    import pyarrow

    if isinstance(value, pyarrow.StructScalar):
        value = value["path"] if value.is_valid else None
    if isinstance(value, pyarrow.DictionaryScalar):
        value = value.value
    if value is None or not value.is_valid:
        return ""
    buffer = value.as_buffer()
    data: bytes = buffer.slice(0, min(len(buffer), _LONGEST_TEXT)).to_pybytes()
    return data.decode("utf-8", "surrogateescape")
