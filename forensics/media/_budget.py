"""What the metadata of one file may cost, all of its blocks together."""

from __future__ import annotations

from forensics.media._guard import Deadline
from forensics.media.types import Limits

__all__ = ["Budget"]

_MOST_ENTRIES = 200_000


class Budget:
    """Bytes, entries and time that are left for the metadata of one file.

    Many small blocks cost as much as one large block, so whoever reads one takes its share from here. A
    reader that gets less than it asked for reads what it may; `problem` then says that something is missing.

    Attributes:
        value_bytes: Longest single value that is kept.
        bytes: Bytes that may still be read, expanded where they are compressed.
        entries: EXIF fields, IPTC records and pieces of XML markup that may still be read.
        deadline: When reading is given up, whatever is left.

    Args:
        limits: Bounds of the file.
    """

    def __init__(self, limits: Limits) -> None:
        self.value_bytes = limits.metadata_bytes
        self.bytes = self._bytes = limits.metadata_total
        self.entries = _MOST_ENTRIES
        self.deadline = Deadline(limits.seconds)
        self._short = False

    def more(self) -> bool:
        """Return whether another block may be read, which is left out otherwise.

        Raises:
            LimitExceeded: The time is over.
        """
        self.deadline.check()
        enough = self.bytes > 0 and self.entries > 0
        self._short |= not enough
        return enough

    @property
    def problem(self) -> str | None:
        """A sentence about what was left out, None where all was read."""
        if not self._short:
            return None
        return (
            f"the metadata are cut: of one file, {self._bytes} bytes and {_MOST_ENTRIES} entries are read, "
            "and what lies behind them is not"
        )

    def take_bytes(self, count: int) -> int:
        """Take up to `count` bytes; return how many were left."""
        granted = min(count, self.bytes)
        self._short |= granted < count
        self.bytes -= granted
        return granted

    def take_entries(self, count: int = 1) -> int:
        """Take up to `count` entries; return how many were left."""
        granted = min(count, self.entries)
        self._short |= granted < count
        self.entries -= granted
        return granted
