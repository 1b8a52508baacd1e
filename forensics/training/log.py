"""The log of a run: one line of comma-separated values for each measurement."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from forensics.errors import UsageError

__all__ = ["LOG", "log_row", "read_log"]

LOG = "log.csv"


def log_row(path: Path, record: Mapping[str, float]) -> None:
    """Append a record to a log, and its names if it is the first.

    Args:
        path: The log.
        record: Numbers by name; the names are those of the first record.
    """
    new = not path.exists() or not path.stat().st_size
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if new:
            writer.writerow(record)
        writer.writerow([f"{value:g}" for value in record.values()])


def read_log(path: Path) -> dict[str, list[float]]:
    """Return the columns of a log by name.

    Raises:
        UsageError: It is none.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            names, *rows = csv.reader(file)
        columns = zip(*(map(float, row) for row in rows), strict=True)
        return dict(zip(names, map(list, columns), strict=True))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} is no log of a training: {error}", actual=str(path)) from None
