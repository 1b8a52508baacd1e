"""Putting a calibration into the folder of a trained detector."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from forensics.detectors.calibrating.table import CalibrationTable
from forensics.detectors.learned.model import METHOD, TABLE
from forensics.errors import ModelError, UsageError
from forensics.files import atomic_write
from forensics.runtime.store import CARD, open_bundle

__all__ = ["put_table", "table_in"]

_TABLES = "tables"


def table_in(calibration: Path, code: str = "") -> CalibrationTable:
    """Return a table of a folder that `forensics calibrate` wrote.

    Args:
        calibration: The folder.
        code: Of the finding; the only one there if empty.

    Raises:
        UsageError: There is no such table, or there are several and none was named.
    """
    there = sorted((calibration / _TABLES).glob("*.json"))
    if code:
        there = [path for path in there if path.stem == code]
    if len(there) != 1:
        names = ", ".join(path.stem for path in sorted((calibration / _TABLES).glob("*.json"))) or "none"
        raise UsageError(f"{calibration} holds these tables: {names}; say which with --code", actual=code)
    return CalibrationTable.load(there[0])


def put_table(folder: Path, table: CalibrationTable, name: str = "") -> None:
    """Write a table into the folder of a detector, and into its card.

    Args:
        folder: That `forensics train detector` wrote.
        table: What its scores weigh.
        name: Of the detector that the table is then for; that of the table if empty.

    Raises:
        ModelError: The folder holds no detector of tiles, or cannot be written.
    """
    bundle = open_bundle(folder)
    if METHOD not in bundle.card["files"]:
        raise ModelError(f"{folder} holds no detector of tiles", actual=str(folder))
    if name:
        changed = {"detector": name, "code": f"{name}.generated", "version": "1"}
        table = table.model_copy(update=changed)
    data = (table.model_dump_json() + "\n").encode()
    card = {**bundle.card, "files": {**bundle.card["files"], TABLE: hashlib.sha256(data).hexdigest()}}
    try:
        atomic_write(folder / TABLE, data)
        atomic_write(folder / CARD, (json.dumps(card, indent=2) + "\n").encode())
    except OSError as error:
        raise ModelError(f"{folder}: {error.strerror or error}", actual=str(folder)) from None
