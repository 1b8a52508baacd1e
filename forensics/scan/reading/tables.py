"""Bytes in the rows of a Parquet file, read forward in small steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from forensics.errors import ArchiveError, MissingExtra, SourceError
from forensics.scan.reading.limits import ArchiveLimits
from forensics.scan.reading.reasons import reason_of

__all__ = ["Rows", "parquet"]

_MOST_TEXT = 64 << 20  # of the description of a table: bytes of one text, and things in one list


def parquet(path: str, repeated: Sequence[str] = ()) -> Any:
    """Open a Parquet file.

    Args:
        path: The file.
        repeated: Columns of which a value that stands in many rows is held once.

    Raises:
        SourceError: It is none, or damaged.
        MissingExtra: pyarrow is not installed.
    """
    try:
        import pyarrow.parquet
    except ImportError:
        raise MissingExtra("reading Parquet files", "scan") from None
    bounds = {"thrift_string_size_limit": _MOST_TEXT, "thrift_container_size_limit": _MOST_TEXT}
    try:
        return pyarrow.parquet.ParquetFile(
            path, buffer_size=1 << 20, pre_buffer=False, read_dictionary=list(repeated), **bounds
        )
    except (FileNotFoundError, PermissionError) as error:
        raise SourceError("the table cannot be opened", reason=reason_of(error)) from None
    except Exception:  # pyarrow has errors of many kinds for broken files
        raise SourceError("this is no Parquet file, or a damaged one", reason="table_damaged") from None


class Rows:
    """One column of a Parquet file with bytes, row by row.

    Args:
        path: The file.
        column: The column: of bytes, or of records with a field `bytes`.

    Raises:
        SourceError: The file is damaged or has no such column.
    """

    def __init__(self, path: str, column: str) -> None:
        self._file = parquet(path)
        self._column = column
        self._next = self._end = 0
        self._batches: Iterator[Any] = iter(())

    def close(self) -> None:
        """Close the file."""
        self._batches = iter(())
        self._file.close()

    def read(self, row: int, limits: ArchiveLimits) -> bytes:
        """Return the bytes of a row.

        Raises:
            SourceError: There is no such row, it holds no bytes, or the file is damaged.
            ArchiveError: It has too many bytes.
        """
        try:
            if not self._next <= row < self._end:
                self._begin(row)
            value: Any = None
            while self._next <= row:
                value = next(self._batches).column(0)[0].as_py()
                self._next += 1
        except Exception:  # whatever pyarrow has for broken files, or the end of a group before its time
            self._end = 0
            raise SourceError("the table is damaged here", reason="table_damaged") from None
        data = value.get("bytes") if isinstance(value, dict) else value
        if not isinstance(data, bytes):
            raise SourceError("the row holds no bytes", reason="table_value")
        if len(data) > limits.member_bytes:
            raise ArchiveError(f"the row has {len(data)} bytes", reason="archive_size", actual=len(data))
        return data

    def _begin(self, row: int) -> None:
        """Stand at the beginning of the group of rows that holds one."""
        about = self._file.metadata
        start = 0
        for group in range(about.num_row_groups):
            end = start + about.row_group(group).num_rows
            if start <= row < end:
                # One row at a time: a dictionary may make a hundred large values of one.
                self._batches = self._file.iter_batches(1, row_groups=[group], columns=[self._leaf()])
                self._next, self._end = start, end
                return
            start = end
        raise ValueError("no such row")

    def _leaf(self) -> str:
        import pyarrow

        kind = self._file.schema_arrow.field(self._column).type
        return f"{self._column}.bytes" if pyarrow.types.is_struct(kind) else self._column
