"""Tables with a heading: a column for each kind of hash, or one for the kind and one for the hash."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from forensics.errors import UsageError
from forensics.scan.hashlists.base import FORMATS, ListFormat, Source
from forensics.scan.hashlists.entries import Entry, Problem, entry_of, kind_named

__all__ = ["HashTable", "Heading", "entries_of"]

_DELIMITERS = (",", ";", "\t", "|")
_KIND = ("type", "hash_type", "signal_type", "indicator_type", "kind", "algorithm")
_VALUE = ("indicator", "hash", "hash_value", "value", "signal", "signal_str")
_LABEL = ("label", "labels", "classification", "category", "tags", "tag", "description", "name", "id")
_QUALITY = ("quality", "pdq_quality", "hash_quality")


@dataclass(frozen=True)
class Heading:
    """Which columns mean what.

    Attributes:
        hashes: The columns of hashes, with their kinds.
        kind: The column that names the kind of `value`, "" for none.
        value: The column of hashes whose kind stands beside them, "" for none.
        label: The column that says what an entry is, "" for none.
        quality: The column of qualities of PDQ, "" for none.
    """

    hashes: tuple[tuple[str, str], ...]
    kind: str
    value: str
    label: str
    quality: str

    @classmethod
    def of(cls, names: list[str]) -> Heading:
        """Return what columns of these names mean."""
        kind, value = _one_of(names, _KIND), _one_of(names, _VALUE)
        hashes = tuple((name, kind_named(name)) for name in names if kind_named(name))
        return cls(hashes, kind, value, _one_of(names, _LABEL), _one_of(names, _QUALITY))

    @property
    def told(self) -> bool:
        """Whether there are hashes in these columns."""
        return bool(self.hashes or (self.kind and self.value))


@FORMATS.register("table")
class HashTable(ListFormat):
    """CSV with columns such as md5, sha1, sha256, pdq, quality and label, or with type and indicator."""

    title: ClassVar[str] = "CSV with a heading"
    built_in: ClassVar[bool] = True

    def claims(self, source: Source) -> bool:
        """Return whether the first line is a heading that names kinds of hashes."""
        first = next(iter(source.head.splitlines()), "")
        return Heading.of(_names(first)).told

    def read(self, source: Source) -> Iterator[Entry | Problem]:
        """Yield the hashes, row by row.

        Raises:
            UsageError: The heading names no hashes.
        """
        bad = set[int]()
        first = next(iter(source.head.splitlines()), "")
        rows = csv.reader(_texts(source, bad), delimiter=_delimiter(first), strict=True)
        names = _heading(next(rows, []), source)
        while True:
            before = rows.line_num
            try:
                cells = next(rows, None)
            except csv.Error as error:
                yield Problem(rows.line_num, f"the row cannot be read: {error}")
                continue
            if cells is None:
                return
            if not bad.isdisjoint(range(before + 1, rows.line_num + 1)):
                yield Problem(rows.line_num, "the row is not UTF-8")
            elif any(cells):
                yield from _row(names, cells, rows.line_num)


def entries_of(record: dict[str, object], heading: Heading, line: int) -> Iterator[Entry | Problem]:
    """Yield the hashes of one record.

    Args:
        record: Its fields.
        heading: What they mean.
        line: Where it stands.
    """
    label = record.get(heading.label) or ""
    quality = record.get(heading.quality)
    given = None if quality in (None, "") else quality
    found = [(kind, record.get(name)) for name, kind in heading.hashes]
    if heading.kind and heading.value and record.get(heading.value):
        named = str(record.get(heading.kind) or "")
        found.append((kind_named(named) or named, record[heading.value]))
    filled = [(kind, value) for kind, value in found if value not in (None, "")]
    if not filled:
        yield Problem(line, "there is no hash")
    for kind, value in filled:
        yield entry_of(kind, str(value), line, label, given)


def _row(names: list[str], cells: list[str], line: int) -> Iterator[Entry | Problem]:
    if len(cells) != len(names):
        yield Problem(line, f"the row has {len(cells)} cells under {len(names)} headings")
        return
    yield from entries_of(
        dict(zip(names, (cell.strip() for cell in cells), strict=True)), Heading.of(names), line
    )


def _texts(source: Source, bad: set[int]) -> Iterator[str]:
    """Yield lines for the reader of CSV, and note which were not UTF-8."""
    for line in source.lines():
        if line.text is None:
            bad.add(line.number)
        yield f"{line.text or ''}\n"


def _heading(cells: list[str], source: Source) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    if not Heading.of(names).told or len(set(names)) != len(names):
        raise UsageError(
            f"{source.path}:1: the heading names no hashes, or a column twice", actual=names[:20]
        )
    return names


def _names(line: str) -> list[str]:
    return [cell.strip().strip('"').lower() for cell in line.split(_delimiter(line))]


def _delimiter(line: str) -> str:
    return max(_DELIMITERS, key=line.count)


def _one_of(names: list[str], wanted: tuple[str, ...]) -> str:
    return next((name for name in wanted if name in names), "")
