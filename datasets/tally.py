"""What became of the files of a source: those left out are counted, and the error says why none is left."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from forensics.errors import UsageError
from forensics.files import encodable

__all__ = ["Tally"]


@dataclass
class Tally:
    """Files that were left out.

    Attributes:
        what: What is looked for, as a plural, such as "pictures".
        suffixes: How their names end.
        least: What they have to have, such as "at least 64 x 64 pixels".
        unreadable: How many are none, damaged or far too large.
        small: How many have less.
    """

    what: str
    suffixes: tuple[str, ...]
    least: str
    unreadable: int = 0
    small: int = 0

    def refusal(self, source: str | Path) -> UsageError:
        """Return the error that says why nothing of a source can be used."""
        where, seen = encodable(str(source)), self.unreadable + self.small
        if not seen:
            message = f"{where} holds no {self.what}: no name in it ends in {', '.join(self.suffixes)}"
            return UsageError(message, expected=self.least, actual=0)
        left_out = ((self.unreadable, "cannot be read"), (self.small, f"not of {self.least}"))
        reasons = "; ".join(f"{reason}: {count}" for count, reason in left_out if count)
        message = f"none of the {self.what} of {where} can be used ({reasons})"
        return UsageError(message, expected=self.least, actual=seen)
