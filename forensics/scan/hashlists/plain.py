"""Lists of one hash a line, with or without the quality of a PDQ, and those of md5sum and its relatives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from forensics.errors import UsageError
from forensics.scan.hashlists.base import FORMATS, Line, ListFormat, Source
from forensics.scan.hashlists.entries import (
    KINDS,
    Entry,
    Problem,
    entry_of,
    kind_named,
    kinds_of_length,
    quality_of,
)

__all__ = ["HashLines", "Sums"]

_SUM = re.compile(r"(\\?)([0-9a-fA-F]{32,64}) [ *](.+)")
_TAGGED = re.compile(r"(\\?)([A-Za-z0-9]+) \((.+)\) = ([0-9a-fA-F]+)")
_HASH = re.compile(r"([0-9a-fA-F]{32,64})\s*(?:,.*)?")
_ESCAPES = {r"\\": "\\", r"\n": "\n", r"\r": "\r"}


def _told(line: str) -> bool:
    """Return whether a line has something to say."""
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _first(source: Source) -> str:
    return next((line for line in source.head.splitlines() if _told(line)), "")


def _lines(source: Source) -> Iterator[tuple[int, str] | Problem]:
    """Yield lines with their numbers, without comments and empty ones."""
    for line in source.lines():
        yield from _readable(line)


def _readable(line: Line) -> Iterator[tuple[int, str] | Problem]:
    if line.text is None:
        yield Problem(line.number, "the line is not UTF-8")
    elif _told(line.text):
        yield line.number, line.text


@FORMATS.register("sums")
class Sums(ListFormat):
    """What md5sum, sha1sum and sha256sum write: "hash  name", or "KIND (name) = hash"."""

    title: ClassVar[str] = "checksums with file names, as md5sum and sha256sum write them"
    built_in: ClassVar[bool] = True

    def claims(self, source: Source) -> bool:
        """Return whether the first line is a checksum and a name."""
        first = _first(source)
        return bool(_SUM.fullmatch(first) or _TAGGED.fullmatch(first))

    def read(self, source: Source) -> Iterator[Entry | Problem]:
        """Yield the checksums; their labels are the names."""
        for line in _lines(source):
            yield line if isinstance(line, Problem) else self._read(*line, source.kind)

    def _read(self, number: int, text: str, given: str) -> Entry | Problem:
        if tagged := _TAGGED.fullmatch(text):
            escaped, kind, name, value = tagged.groups()
            return entry_of(kind_named(kind) or kind, value, number, _unescaped(name, escaped))
        if match := _SUM.fullmatch(text):
            escaped, value, name = match.groups()
            kinds = [kind for kind in kinds_of_length(len(value)) if kind != "pdq"]
            return entry_of(given or (kinds[0] if kinds else "md5"), value, number, _unescaped(name, escaped))
        return Problem(number, "the line is no checksum with a name")


@FORMATS.register("lines")
class HashLines(ListFormat):
    """One hash a line; of PDQ also "hash,quality" and "hash,quality,name", as its own tools write them."""

    title: ClassVar[str] = "one hash a line, of PDQ with its quality"
    built_in: ClassVar[bool] = True

    def claims(self, source: Source) -> bool:
        """Return whether the first line is a hash."""
        first = _first(source).strip()
        return bool(_HASH.fullmatch(first)) or first.lower().replace(" ", "") == "hash,quality"

    def read(self, source: Source) -> Iterator[Entry | Problem]:
        """Yield the hashes.

        Raises:
            UsageError: Hashes of 64 digits may be SHA-256 or PDQ, and nothing says which.
        """
        kind = source.kind or (source.suffix if source.suffix in KINDS else "")
        for place, line in enumerate(_lines(source)):
            if isinstance(line, Problem):
                yield line
            elif place or line[1].strip().lower().replace(" ", "") != "hash,quality":
                entry = self._read(source, *line, kind)
                if isinstance(entry, Entry) and entry.kind == "pdq":
                    kind = "pdq"  # and so are all others of 64 digits
                yield entry

    def _read(self, source: Source, number: int, text: str, kind: str) -> Entry | Problem:
        value, *rest = (part.strip() for part in text.split(",", 2))
        kinds = (kind,) if kind else kinds_of_length(len(value))
        if len(kinds) > 1 and rest and quality_of(rest[0]) is not None:
            kinds = ("pdq",)
        if len(kinds) > 1:
            raise UsageError(
                f"{source.path}:{number}: a hash of {len(value)} digits is {' or '.join(kinds)}: say which",
                expected=" or ".join(kinds),
            )
        if not kinds:
            return Problem(number, "the line is no hash")
        if kinds[0] == "pdq" and rest:
            return entry_of("pdq", value, number, "".join(rest[1:]), rest[0])
        return entry_of(kinds[0], value, number, ",".join(rest))


def _unescaped(name: str, escaped: str) -> str:
    r"""Return the name that md5sum wrote with "\n" for a line break, where a backslash begins the line."""
    return re.sub(r"\\[\\nr]", lambda found: _ESCAPES[found[0]], name) if escaped else name
