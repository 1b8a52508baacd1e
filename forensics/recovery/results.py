"""What comes of looking for where a file is from."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from forensics.fingerprints import Chance
from forensics.provenance.report import CredentialReport
from forensics.provenance.restoring import Restoration
from forensics.provenance.store import Entry
from forensics.recovery.telling import Comparison
from forensics.watermark.confirming import Confirmation
from forensics.watermark.detection import Detection

__all__ = ["FOUND", "Candidate", "Change", "Recovery", "Relation", "Way"]


class Relation(StrEnum):
    """How a file relates to what is registered, the surest first."""

    IDENTICAL = "identical"
    STRIPPED = "metadata stripped, pixels bit-exact"
    RECODED = "encoded anew without loss, pixels bit-exact"
    REENCODED = "re-encoded or retouched copy"
    TRANSFORMED = "transformed copy"  # cropped, rescaled, turned or mirrored
    COPIED = "mark copied from another picture"
    ANOTHER = "another picture with the mark of a registered one"  # and the mark is at home in it
    NOT_COMPARABLE = "mark found, picture not comparable"
    LOOKS_LIKE = "looks like"  # by its fingerprint alone: no proof
    UNKNOWN = "unknown"


FOUND = (
    Relation.IDENTICAL,
    Relation.STRIPPED,
    Relation.RECODED,
    Relation.REENCODED,
    Relation.TRANSFORMED,
)
"""What says that a file is, or was made from, a registered one."""


class Way(StrEnum):
    """How an entry was found."""

    FILE = "file"
    PIXELS = "pixels"
    MARK = "mark"
    CONFIRMED = "confirmed mark"  # too weak to be read, but there: the entry says what it would be
    CREDENTIALS = "credentials"  # the file still names the manifest
    FINGERPRINT = "fingerprint"


@dataclass(frozen=True)
class Change:
    """What was done to a picture since it was registered, as far as that is known.

    Attributes:
        mirrored: Left to right, before it was turned.
        rotation: Degrees counter-clockwise.
        scale: Size of its detail over that of the original; None if not known.
        kept: About which share of the original's area is left; None if not known.
    """

    mirrored: bool = False
    rotation: float = 0.0
    scale: float | None = None
    kept: float | None = None

    @property
    def any(self) -> bool:
        """Whether anything was done but encoding it anew."""
        return bool(str(self))

    def __str__(self) -> str:
        """Say it in words; "" if nothing was done."""
        said = ["mirrored"] if self.mirrored else []
        if abs(self.rotation) > 0.3:
            said.append(f"rotated {self.rotation:.1f} degrees")
        if self.scale is not None and abs(self.scale - 1) > 0.01:
            said.append(f"scaled {self.scale:.2f}")
        if self.kept is not None and self.kept < 0.97:
            said.append(f"cropped to about {self.kept:.0%}")
        return ", ".join(said)


@dataclass(frozen=True)
class Candidate:
    """An entry that a file may come from, and why.

    Attributes:
        entry: The entry; look whether it was revoked.
        ways: How it was found, the strongest first.
        comparison: What comparing with its fingerprint gave; None where that was not done or not possible.
        chance: How often a store of this size holds an unrelated entry that looks as alike; None unless it
            was found by its fingerprint.
        change: What was done since; None if not known.
        confirmation: What came of looking for the mark of the entry, which could not be read; None unless it
            is there.
    """

    entry: Entry
    ways: tuple[Way, ...]
    comparison: Comparison | None = None
    chance: Chance | None = None
    change: Change | None = None
    confirmation: Confirmation | None = None


@dataclass(frozen=True)
class Recovery:
    """Where a file is from.

    Attributes:
        relation: What is shown.
        reason: A sentence: by what.
        entry: The entry that it relates to; None for `unknown`.
        candidates: All entries that were found, that one first.
        mark: What was found of the marks of the given keys; None if they were not looked for.
        restoration: What putting the credentials of the entry back gave; None if there is no entry that
            the file was made from.
        credentials: What the file itself carries.
        plain: The picture is too flat for equal pixels or looks to say where it is from.
        moving: It has more frames than the one that was compared.
        notes: What else a person should know, such as a revocation.
    """

    relation: Relation
    reason: str
    entry: Entry | None = None
    candidates: tuple[Candidate, ...] = ()
    mark: Detection | None = field(default=None, repr=False)
    restoration: Restoration | None = None
    credentials: CredentialReport | None = field(default=None, repr=False)
    plain: bool = False
    moving: bool = False
    notes: tuple[str, ...] = ()

    @property
    def found(self) -> bool:
        """Whether the file is, or was made from, a registered one."""
        return self.relation in FOUND

    @property
    def change(self) -> Change | None:
        """What was done to the file since it was registered, None if not known."""
        return self.candidates[0].change if self.entry and self.candidates else None

    @property
    def restorable(self) -> bool:
        """Whether the signed file can be had again, byte by byte."""
        return self.restoration is not None and self.restoration.data is not None and self._same_file()

    def _same_file(self) -> bool:
        from forensics.provenance.restoring import Outcome

        return self.restoration is not None and self.restoration.outcome is Outcome.IDENTICAL
