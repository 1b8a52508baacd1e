"""What can be filtered and sorted by, as columns: numbers of a fixed size, and codes of dictionaries."""

from __future__ import annotations

import hashlib
import sys
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import nan
from typing import Any

from forensics.scan.page.packs import Shelf
from forensics.scan.page.plain import plain
from forensics.scan.row import ScanRow

__all__ = ["CHUNK", "DICTIONARIES", "OTHERS", "SETS", "Clusters", "Columns", "Dictionary"]

CHUNK = 16_384
"""Rows of one file of columns."""

MOST_NAMES = 65_535
OTHERS = "(others)"

# Columns of one name for each row.
DICTIONARIES: dict[str, Callable[[ScanRow], str]] = {
    "verdict": lambda row: row.verdict,
    "state": lambda row: row.state,
    "reason": lambda row: row.reason,
    "source": lambda row: row.source,
    "format": lambda row: row.format,
    "kind": lambda row: row.kind,
    "rule": lambda row: row.rule,
    "credentials": lambda row: row.credential_state,
    "ai_signal": lambda row: row.ai_signal,
    "watermark": lambda row: row.watermark,
    "profile": lambda row: row.profile,
}
# Columns of any number of names for each row.
SETS: dict[str, Callable[[ScanRow], Iterable[str]]] = {
    "contradictions": lambda row: row.contradictions,
    "findings": lambda row: (d.code for d in row.detectors if d.status == "signal"),
    "lists": lambda row: (match.list for match in row.matches),
    "problems": lambda row: row.problems,
}
# Columns of numbers, the widest first, so that each starts where a typed array may start.
NUMBERS: dict[str, str] = {
    "modified": "d",
    "bytes": "d",
    "llr_synthetic": "f",
    "llr_altered": "f",
    "seconds": "f",
    "duration": "f",
    "width": "I",
    "height": "I",
    "cluster": "I",
    "preview": "I",
    "detail": "I",
}
FLAGS = "flags"
RENAMED, DUPLICATE = 1, 2
MOST_UNSIGNED = 2**32 - 1


@dataclass
class Dictionary:
    """Names by code, in the order of their coming. The last code that there can be stands for all others."""

    most: int
    codes: dict[Any, int] = field(default_factory=dict)

    def code(self, name: Any, others: Any = OTHERS) -> int:
        """Return the code of a name, a new one if it is new."""
        known = self.codes.get(name)
        if known is None:
            if len(self.codes) >= self.most - 1:
                name = others
            known = self.codes.setdefault(name, len(self.codes))
        return known


@dataclass
class Clusters:
    """Numbers from 1 for clusters of near-duplicates; only digests of their names are kept."""

    numbers: dict[bytes, int] = field(default_factory=dict)

    def number(self, name: str) -> int:
        """Return the number of a cluster, 0 for no cluster."""
        if not name:
            return 0
        digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return self.numbers.setdefault(digest, len(self.numbers) + 1)


class Columns:
    """Takes rows one by one and writes their columns, many rows to a file.

    Args:
        shelf: Where the files go.
    """

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.rows = 0
        self.names = {key: Dictionary(MOST_NAMES) for key in DICTIONARIES}
        self.members = {key: Dictionary(MOST_NAMES) for key in SETS}
        self.groups = {key: Dictionary(MOST_NAMES) for key in SETS}
        self.clusters = Clusters()
        self._start()

    @property
    def layout(self) -> list[list[str]]:
        """Names and types of the columns, in the order in which a file holds them."""
        return [[key, values.typecode] for key, values in self.values.items()]

    @property
    def dictionaries(self) -> dict[str, list[str]]:
        """Names by code."""
        return {key: list(names.codes) for key, names in self.names.items()}

    @property
    def sets(self) -> dict[str, dict[str, list[Any]]]:
        """Names by code, and groups of such codes by the code of the group."""
        return {
            key: {"names": list(self.members[key].codes), "groups": [list(g) for g in group.codes]}
            for key, group in self.groups.items()
        }

    def add(self, row: ScanRow, preview: int, detail: int) -> None:
        """Take one row.

        Args:
            row: The row.
            preview: Number of the file of its preview and 1, or 0.
            detail: The same of its detail.
        """
        for key, value in self._numbers(row, preview, detail).items():
            self.values[key].append(value)
        for key, name in DICTIONARIES.items():
            self.values[key].append(self.names[key].code(plain(name(row))))
        for key, several in SETS.items():
            self.values[key].append(self._group(key, several(row)))
        flags = (0 if row.name_matches else RENAMED) | (DUPLICATE if row.duplicate_of else 0)
        self.values[FLAGS].append(flags)
        self.rows += 1
        if len(self.values[FLAGS]) >= CHUNK:
            self.flush()

    def flush(self) -> None:
        """Write the rows that wait."""
        if self.values[FLAGS]:
            self.shelf.put(b"".join(_little(values) for values in self.values.values()))
            self._start()

    def _start(self) -> None:
        self.values: dict[str, array[Any]] = {key: array(kind) for key, kind in NUMBERS.items()}
        self.values |= {key: array("H") for key in (*DICTIONARIES, *SETS)}
        self.values[FLAGS] = array("B")

    def _numbers(self, row: ScanRow, preview: int, detail: int) -> dict[str, float]:
        judged = bool(row.verdict)
        return {
            "modified": row.modified,
            "bytes": row.bytes,
            "llr_synthetic": _single(row.llr_synthetic) if judged else nan,
            "llr_altered": _single(row.llr_altered) if judged else nan,
            "seconds": _single(row.seconds),
            "duration": _single(row.duration),
            "width": _unsigned(row.width),
            "height": _unsigned(row.height),
            "cluster": self.clusters.number(row.cluster),
            "preview": preview,
            "detail": detail,
        }

    def _group(self, key: str, names: Iterable[str]) -> int:
        members, groups = self.members[key], self.groups[key]
        codes = {members.code(plain(name)) for name in names}
        full = len(groups.codes) >= groups.most - 1
        return groups.code(tuple(sorted(codes)), (members.code(OTHERS),) if full else ())


def _little(values: array[Any]) -> bytes:
    if sys.byteorder == "big":
        values.byteswap()
    return values.tobytes()


def _single(value: float) -> float:
    return max(-3e38, min(3e38, value))


def _unsigned(value: int) -> int:
    return max(0, min(MOST_UNSIGNED, value))
