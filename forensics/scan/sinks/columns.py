"""The columns of a row as each format has them. There is one table: the fields of `ScanRow`."""

from __future__ import annotations

import json
import re
import types
import typing
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from forensics.scan.row import ROW_VERSION, ScanRow, State

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Record", "arrow_schema", "defused", "flat", "flat_names", "record_of", "unflat"]

Record = dict[str, Any]
"""A row as values that JSON takes."""

_NESTED = tuple(
    name for name, field in ScanRow.model_fields.items() if typing.get_origin(field.annotation) is tuple
)
_FORMULA = re.compile(r"'*[=+\-@\t\r]")  # also one that is escaped already


def flat_names() -> list[str]:
    """Return the names of all columns, in the order of the row."""
    return list(ScanRow.model_fields)


def record_of(row: ScanRow) -> Record:
    """Return a row as values that JSON takes."""
    return row.model_dump(mode="json")


def flat(record: Record, *, spreadsheet: bool) -> Record:
    """Return a row as plain values; lists become JSON.

    Args:
        record: The row.
        spreadsheet: Whether texts that a spreadsheet would take for formulas get an apostrophe before them.
    """
    record = record | {name: json.dumps(record[name]) for name in _NESTED}
    if spreadsheet:
        record = {name: defused(value) for name, value in record.items()}
    return record


def defused(value: Any) -> Any:
    """Return a text that a spreadsheet would take for a formula with an apostrophe, else the value itself."""
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def unflat(record: dict[str, Any]) -> ScanRow:
    """Return the row that `flat` was given, from texts or values."""
    values = {name: _text(value) for name, value in record.items()}
    for name in _NESTED:
        values[name] = json.loads(values[name] or "[]")
    if values["watermark_p"] == "":
        values["watermark_p"] = None
    return ScanRow.model_validate(values)


def arrow_schema() -> pa.Schema:
    """Return the columns as Arrow types, with the version of the columns."""
    import pyarrow as pa

    fields = [pa.field(name, _arrow(field.annotation)) for name, field in ScanRow.model_fields.items()]
    return pa.schema(fields, metadata={"forensics.row_version": ROW_VERSION})


def _arrow(annotation: Any) -> pa.DataType:
    import pyarrow as pa

    plain = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_(), State: pa.string()}
    if annotation in plain:
        return plain[annotation]
    if typing.get_origin(annotation) is tuple:
        return pa.list_(_arrow(typing.get_args(annotation)[0]))
    if isinstance(annotation, types.UnionType):  # X | None
        return _arrow(next(a for a in typing.get_args(annotation) if a is not type(None)))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return pa.struct([pa.field(n, _arrow(f.annotation)) for n, f in annotation.model_fields.items()])
    raise TypeError(f"no Arrow type for {annotation}")


def _text(value: Any) -> Any:
    """Return a text without the apostrophe that `flat` put before it."""
    if isinstance(value, str) and value.startswith("'") and _FORMULA.match(value):
        return value[1:]
    return value
