"""Which of the paths below a source are wanted."""

from __future__ import annotations

from dataclasses import dataclass, field

from forensics.scan.sources.listing import Listing
from forensics.scan.sources.patterns import Pattern, covers, parsed

__all__ = ["Choice"]


@dataclass(frozen=True)
class Choice:
    """The rules of a listing that go by names and times, with their patterns made ready.

    Attributes:
        how: The listing.
        source: The SOURCE as text, for items.
        include: Its patterns.
        exclude: Its patterns.
    """

    how: Listing
    source: str
    include: tuple[Pattern, ...] = field(init=False)
    exclude: tuple[Pattern, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "include", parsed(self.how.include))
        object.__setattr__(self, "exclude", parsed(self.how.exclude))

    def against(self, relative: str) -> str:
        """Return why a file is left out by its path: "excluded", "not_included", or "" if it is not."""
        if self.exclude and covers(self.exclude, relative):
            return "excluded"
        return "not_included" if self.include and not covers(self.include, relative) else ""

    def too_old(self, modified: float) -> bool:
        """Whether a file was modified too early; what has no time is not."""
        return 0.0 < modified < self.how.since
