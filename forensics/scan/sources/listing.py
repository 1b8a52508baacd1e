"""How sources are listed, and what was seen and left out."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Self

from forensics.scan.reading.limits import ArchiveLimits

__all__ = ["Left", "Listing"]


@dataclass(frozen=True)
class Listing:
    """How sources are listed.

    Attributes:
        include: Patterns as in `.gitignore`, on the path relative to the source; any may match. Empty: all.
        exclude: Patterns of what is left out.
        ignore_files: Heed the files `.forensicsignore` in folders.
        hidden: List names that begin with a dot, too.
        archives: Look into ZIP and TAR that are named, or found in folders.
        follow_links: Follow symbolic links in folders. Those that are named are always followed.
        network: URLs may be read.
        column: Of tables: the one with paths, URLs or bytes; guessed if empty.
        since: Leave out what was modified before: seconds since 1970.
        limits: What an archive may be.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    ignore_files: bool = True
    hidden: bool = True
    archives: bool = True
    follow_links: bool = False
    network: bool = False
    column: str = ""
    since: float = 0.0
    limits: ArchiveLimits = field(default_factory=ArchiveLimits)

    def as_record(self) -> dict[str, Any]:
        """Return the settings as JSON takes them."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """Return the settings of a record."""
        globs = {name: tuple(record[name]) for name in ("include", "exclude")}
        return cls(**{**record, **globs, "limits": ArchiveLimits(**record["limits"])})


@dataclass(frozen=True)
class Left:
    """Something that was seen and left out by a rule.

    Attributes:
        reason: "ignored", "ignore_file", "excluded", "not_included", "hidden", "older", "link", "sidecar",
            "repeated" or "empty" (an archive or list without anything in it).
        source: The SOURCE it belongs to.
        id: Its address. That of a folder ends in a slash; nobody looked into it, and it counts as one.
        count: How many it stands for.
    """

    reason: str
    source: str
    id: str = ""
    count: int = 1
