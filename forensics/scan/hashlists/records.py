"""Lists in JSON: an array of records, one inside an object, or a record on each line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, ClassVar

from forensics.errors import LimitExceeded, UsageError
from forensics.scan.hashlists.base import FORMATS, ListFormat, Source
from forensics.scan.hashlists.entries import Entry, Problem
from forensics.scan.hashlists.tables import Heading, entries_of

__all__ = ["HashRecords"]

LARGEST = 1 << 28  # bytes of a list that is read as a whole
_INSIDE = ("data", "hashes", "entries", "records", "items", "fingerprints")


@FORMATS.register("json")
class HashRecords(ListFormat):
    """JSON, or JSON lines, of records with the fields that `HashTable` has as columns."""

    title: ClassVar[str] = "JSON or JSON lines"
    built_in: ClassVar[bool] = True

    def claims(self, source: Source) -> bool:
        """Return whether it begins as JSON does."""
        return source.head.lstrip()[:1] in ("{", "[")

    def read(self, source: Source) -> Iterator[Entry | Problem]:
        """Yield the hashes, record by record.

        Raises:
            UsageError: It is no JSON, or holds no records.
            LimitExceeded: It is one document of more than 256 MiB.
        """
        if _is_lines(source):
            yield from _by_line(source)
            return
        for number, record in enumerate(_array(_document(source), source), 1):
            yield from _of(record, number)


def _is_lines(source: Source) -> bool:
    """Return whether the first line is a whole object, and is followed by another line."""
    first, _, rest = source.head.lstrip().partition("\n")
    if source.suffix in ("jsonl", "ndjson"):
        return True
    return first.startswith("{") and first.rstrip().endswith("}") and rest.lstrip()[:1] == "{"


def _by_line(source: Source) -> Iterator[Entry | Problem]:
    for line in source.lines():
        if line.text is None:
            yield Problem(line.number, "the line is not UTF-8")
        elif line.text.strip():
            try:
                record = json.loads(line.text)
            except (ValueError, RecursionError) as error:
                yield Problem(line.number, f"the line is no JSON: {error}")
                continue
            yield from _of(record, line.number)


def _document(source: Source) -> Any:
    if source.size > LARGEST:
        message = f"{source.path}: a list in one JSON document is too large; write a record on each line"
        raise LimitExceeded(message, expected=LARGEST, actual=source.size)
    try:
        return json.loads(source.path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        raise UsageError(f"{source.path}:{error.lineno}: the list is no JSON: {error.msg}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{source.path}: the list is no JSON: {error}") from error


def _array(document: Any, source: Source) -> list[Any]:
    if isinstance(document, dict):
        document = next((document[key] for key in _INSIDE if isinstance(document.get(key), list)), [document])
    if not isinstance(document, list):
        raise UsageError(f"{source.path}: the list holds no records", expected="an array of objects")
    return document


def _of(record: Any, number: int) -> Iterator[Entry | Problem]:
    if not isinstance(record, dict):
        yield Problem(number, "the record is no object")
        return
    fields = {str(name).strip().lower(): value for name, value in record.items()}
    heading = Heading.of(list(fields))
    if any(isinstance(fields.get(name), dict | list | bool) for name, _ in heading.hashes):
        yield Problem(number, "a hash is no text")
        return
    yield from entries_of(_flat(fields), heading, number)


def _flat(fields: dict[str, Any]) -> dict[str, object]:
    """Return fields with lists, such as tags, as text."""
    return {
        name: ", ".join(map(str, value)) if isinstance(value, list) else value
        for name, value in fields.items()
    }
