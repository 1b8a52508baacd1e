"""The table of what generators write into their files, and how an entry is matched against it.

A rule names fields and exact formats, so that a caption that merely mentions a generator matches nothing.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from forensics.evidence import Claim, ClaimSource, Origin
from forensics.media import Metadata, Tag

__all__ = [
    "Condition",
    "Match",
    "Rule",
    "claim",
    "leaf",
    "load_rules",
    "match_rules",
    "read_table",
    "shorten",
]

# A regular expression looks at this many characters of a value: graphs of nodes can be megabytes.
LONGEST = 1 << 18

_SOURCES = {
    "exif": ClaimSource.EXIF,
    "gps": ClaimSource.EXIF,
    "xmp": ClaimSource.XMP,
    "iptc": ClaimSource.IPTC,
    "png": ClaimSource.PNG_TEXT,
}


@dataclass(frozen=True)
class Condition:
    """One condition: some entry of one of `fields` matches every pattern.

    Attributes:
        fields: (group, lower-case last part of the name), "*" for any name.
        patterns: Compiled, case-insensitive.
    """

    fields: frozenset[tuple[str, str]]
    patterns: tuple[re.Pattern[str], ...]

    def find(self, metadata: Metadata) -> Tag | None:
        """Return the first entry that fulfils the condition."""
        return self.find_among(_filed(metadata))

    def find_among(self, filed: Sequence[tuple[frozenset[tuple[str, str]], Tag]]) -> Tag | None:
        """Return the first entry that fulfils the condition, of entries with the fields they stand for."""
        return next(
            (t for names, t in filed if not self.fields.isdisjoint(names) and self._matches(t.value)), None
        )

    def _matches(self, value: str) -> bool:
        return all(p.search(value, 0, LONGEST) for p in self.patterns)


@dataclass(frozen=True)
class Rule:
    """What one generator writes.

    Attributes:
        name: The generator.
        origin: What the entry claims; None where the label itself says "perhaps".
        source: Where the knowledge comes from.
        tests: Conditions, all of which must hold.
    """

    name: str
    origin: Origin | None
    source: str
    tests: tuple[Condition, ...]


@dataclass(frozen=True)
class Match:
    """A rule that holds for a file, with the entry that shows it."""

    rule: Rule
    tag: Tag


def _filed(metadata: Metadata) -> tuple[tuple[frozenset[tuple[str, str]], Tag], ...]:
    """Return each entry with the names of fields that conditions may know it by."""
    return tuple(
        (frozenset((tag.group, name) for name in (leaf(tag.name), tag.name.lower(), "*")), tag)
        for tag in metadata.tags
    )


def leaf(name: str) -> str:
    """Return the last part of a field name, in lower case.

    Example:
        >>> leaf("xmpMM:History[2]/stEvt:softwareAgent")
        'softwareagent'
    """
    return re.sub(r"\[\d+\]$", "", re.split(r"[:/]", name)[-1]).lower()


def shorten(text: str, width: int = 120) -> str:
    """Return text on one line without control characters, cut to a width."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * width]).split())
    return line if len(line) <= width else line[: width - 1] + "…"


def claim(tag: Tag, origin: Origin, said: str) -> Claim:
    """Return the claim that an entry makes."""
    source = _SOURCES.get(tag.group, ClaimSource.CONTAINER)
    return Claim(source=source, origin=origin, text=shorten(f"{said}: {tag.name} = {tag.value}"))


def read_table(name: str) -> dict[str, Any]:
    """Return one of the TOML tables that ship with the detectors."""
    text = (resources.files("forensics.detectors") / "tables" / name).read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def load_rules() -> tuple[Rule, ...]:
    """Return the table of generators, in its order."""
    return tuple(_rule(row) for row in read_table("generators.toml")["rule"])


def match_rules(metadata: Metadata, rules: tuple[Rule, ...] | None = None) -> tuple[Match, ...]:
    """Return the rules that hold, one for each generator and origin; an earlier rule takes its entry.

    Args:
        metadata: The entries of a file.
        rules: The table; the shipped one if None.
    """
    return tuple(_matches(metadata, load_rules() if rules is None else rules))


def _matches(metadata: Metadata, rules: tuple[Rule, ...]) -> Iterator[Match]:
    names: set[str] = set()
    tags: set[Tag] = set()
    filed = _filed(metadata)
    for rule in rules:
        found = [test.find_among(filed) for test in rule.tests]
        shown = next(iter(found), None)
        if shown is None or None in found or rule.name in names or shown in tags:
            continue
        names.add(rule.name)
        tags.add(shown)
        yield Match(rule, shown)


def _rule(row: dict[str, Any]) -> Rule:
    origin = None if row["origin"] == "unclear" else Origin(row["origin"])
    return Rule(row["name"], origin, row["source"], tuple(_test(t) for t in row["test"]))


def _test(row: dict[str, Any]) -> Condition:
    fields = frozenset((group, name.lower()) for group, name in (f.split("/", 1) for f in row["fields"]))
    return Condition(fields, tuple(re.compile(p, re.IGNORECASE) for p in row["match"]))
