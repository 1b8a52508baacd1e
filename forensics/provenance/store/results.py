"""What a store answers with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from forensics.fingerprints import Chance
from forensics.provenance.store.record import Record

__all__ = ["Entry", "Match", "Revocation", "Stats", "Verification"]


@dataclass(frozen=True)
class Revocation:
    """That somebody withdrew a manifest.

    Attributes:
        number: Its place in the store.
        reason: Why, in their words.
        created: When.
    """

    number: int
    reason: str
    created: datetime


@dataclass(frozen=True)
class Entry:
    """A record of the store.

    Attributes:
        number: Its place in the store, from 1.
        record: What was registered.
        revocations: Whether and why it was withdrawn.
    """

    number: int
    record: Record
    revocations: tuple[Revocation, ...] = ()

    @property
    def revoked(self) -> bool:
        """Whether it was withdrawn."""
        return bool(self.revocations)


@dataclass(frozen=True)
class Match:
    """An entry whose fingerprint lies near.

    Attributes:
        entry: What was found.
        query: Which of the fingerprints looked for it is near to.
        chance: How often an unrelated entry would lie as near.
    """

    entry: Entry
    query: int
    chance: Chance


@dataclass(frozen=True)
class Stats:
    """How much a store holds.

    Attributes:
        place: Where it is, without a password.
        schema: Version of its tables.
        entries: Records and revocations.
        records: Signed files.
        revocations: Withdrawals.
        fingerprints: Fingerprints, by kind.
        head: Hash of the newest entry. Noted elsewhere, it shows when the end of a store was cut off.
    """

    place: str
    schema: int
    entries: int
    records: int
    revocations: int
    fingerprints: dict[str, int]
    head: str


@dataclass(frozen=True)
class Verification:
    """Whether the past of a store is as it was written.

    Attributes:
        entries: How many were checked.
        head: Hash of the newest entry.
        problems: What does not hold, the first hundred.
    """

    entries: int
    head: str
    problems: tuple[str, ...]

    @property
    def intact(self) -> bool:
        """Whether nothing was found."""
        return not self.problems
