"""What came of a file, as it is handed on and kept: packed by the worker, and not looked into on the way."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from forensics.scan.row import ScanRow

if TYPE_CHECKING:
    from forensics.scan.worker import Outcome

__all__ = ["Packed", "unpacked_record", "unpacked_row"]

_LEVEL = 3  # a third of the time of the usual 6, for a tenth more bytes


@dataclass(frozen=True)
class Packed:
    """An outcome, compressed, and what is counted of it.

    Attributes:
        state: Of the row.
        reason: Of the row.
        verdict: Of the row.
        size: Bytes of the file.
        row: The row, for `unpacked_row`.
        preview: A small JPEG, None where none was made.
        detail: A packed `Detail`, None where none is kept.
    """

    state: str
    reason: str
    verdict: str
    size: int
    row: bytes = field(repr=False)
    preview: bytes | None = field(default=None, repr=False)
    detail: bytes | None = field(default=None, repr=False)

    @classmethod
    def of(cls, outcome: Outcome, attempts: int = 1) -> Self:
        """Pack an outcome.

        Args:
            outcome: What came of a file.
            attempts: How many times the file was begun.
        """
        row = outcome.row if attempts == 1 else outcome.row.model_copy(update={"attempts": attempts})
        data = zlib.compress(row.model_dump_json().encode(), _LEVEL)
        return cls(row.state.value, row.reason, row.verdict, row.bytes, data, outcome.preview, outcome.detail)


def unpacked_row(data: bytes) -> ScanRow:
    """Return the row of a `Packed`."""
    return ScanRow.model_validate_json(zlib.decompress(data))


def unpacked_record(data: bytes) -> dict[str, Any]:
    """Return the same row as values that JSON takes, in a tenth of the time."""
    record: dict[str, Any] = json.loads(zlib.decompress(data))
    return record
