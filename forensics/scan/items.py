"""What a scan works on: an address that stays, and a way to the bytes."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Self

__all__ = ["Item", "Kind", "Locator"]

Kind = str
"""How the bytes are reached: "file", "zip", "tar", "table", "remote", or "refused" for what cannot be."""


@dataclass(frozen=True)
class Locator:
    """The way to the bytes of one item, as plain values that cross processes and are kept in the journal.

    Attributes:
        kind: Name of the reader (`forensics.scan.reading`); "refused" where there are no bytes to be had.
        place: The file, archive, table or URL. Bytes of a path that are not UTF-8 stand as surrogates.
        member: Name of the member of an archive, or of the column of a table.
        offset: First byte of a member of an uncompressed TAR, or number of a member or row.
        length: Bytes it has by what lists it; -1 where nothing says.
        reason: Of "refused": a machine-readable reason.
        message: Of "refused": the reason in one sentence.
    """

    kind: Kind
    place: str = ""
    member: str = ""
    offset: int = 0
    length: int = -1
    reason: str = ""
    message: str = ""

    def as_record(self) -> dict[str, Any]:
        """Return the fields that are not at their defaults."""
        return {k: v for k, v in vars(self).items() if v != _DEFAULTS.get(k)}

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """Return the locator of a record."""
        return cls(**record)


_DEFAULTS = {one.name: one.default for one in fields(Locator)}


@dataclass(frozen=True)
class Item:
    """One thing to scan.

    Attributes:
        id: Address that stays the same from run to run; text that every encoding holds.
        source: The SOURCE it was found under, as given.
        locator: The way to its bytes.
        name: Last part of its name, hostile; its extension is compared with the content.
        size: Bytes by what lists it; -1 where nothing says.
        modified: Seconds since 1970; 0.0 where nothing says.
        version: What changes when the content does and is no time, such as an ETag.
    """

    id: str
    source: str
    locator: Locator
    name: str = ""
    size: int = -1
    modified: float = 0.0
    version: str = field(default="")
