"""Rows as records that the page shows and exports."""

from __future__ import annotations

import json
from typing import Any

from forensics.scan.page.plain import plain_tree
from forensics.scan.row import ScanRow

__all__ = ["as_json", "row_record"]


def row_record(row: ScanRow) -> dict[str, Any]:
    """Return what a row holds beyond defaults, as text that may be shown.

    Where the id may not be shown as it is, `exact_id` holds it for exports.
    """
    values = row.model_dump(exclude_defaults=True)
    record: dict[str, Any] = plain_tree(values)
    record["state"] = row.state.value
    if record["id"] != row.id:
        record["exact_id"] = row.id
    return record


def as_json(value: Any) -> str:
    """Return JSON in ASCII without spaces; a number that is not finite is a fault."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)
