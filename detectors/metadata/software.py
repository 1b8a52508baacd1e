"""The chain of programs that a file names, and which of them change content."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from forensics.detectors.metadata.rules import leaf, read_table, shorten
from forensics.media import Metadata, Tag

__all__ = ["Program", "ProgramKind", "find_programs"]

# Fields that name a program, in the order in which a file is usually touched.
_FIELDS = {
    ("exif", "software"),
    ("exif", "processingsoftware"),
    ("exif", "hostcomputer"),
    ("xmp", "softwareagent"),
    ("xmp", "creatortool"),
    ("xmp", "software"),
    ("iptc", "originatingprogram"),
    ("png", "software"),
    ("container", "software"),
    ("container", "com.apple.quicktime.software"),
    ("container", "encoder"),
    ("container", "encoding_tool"),
}


class ProgramKind(StrEnum):
    """What a program does to a picture."""

    EDITOR = "editor"  # changes content
    PROCESSOR = "processor"  # develops, converts, delivers
    OTHER = "other"  # not in the table: often a camera's firmware


@dataclass(frozen=True)
class Program:
    """One named program.

    Attributes:
        name: Its name as the file writes it, shortened.
        kind: What it does, by the table.
        tag: The first entry that names it.
    """

    name: str
    kind: ProgramKind
    tag: Tag


@cache
def _table() -> tuple[re.Pattern[str], re.Pattern[str]]:
    table = read_table("software.toml")
    return _any(table["editors"]), _any(table["processors"])


def _any(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


def _kind(name: str) -> ProgramKind:
    editors, processors = _table()
    if editors.search(name):
        return ProgramKind.EDITOR
    return ProgramKind.PROCESSOR if processors.search(name) else ProgramKind.OTHER


def find_programs(metadata: Metadata) -> tuple[Program, ...]:
    """Return the programs named, in file order and without repetition."""
    programs: dict[str, Program] = {}
    for tag in metadata.tags:
        if (tag.group, leaf(tag.name)) not in _FIELDS and (tag.group, tag.name.lower()) not in _FIELDS:
            continue
        name = shorten(tag.value, 80)
        if name and name not in programs:
            programs[name] = Program(name, _kind(name), tag)
    return tuple(programs.values())
