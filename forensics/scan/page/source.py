"""Where a page gets its data from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from forensics.scan.detail import Detail
from forensics.scan.row import ScanRow

__all__ = ["PageSource"]


class PageSource(Protocol):
    """A finished scan, as its page needs it."""

    @property
    def title(self) -> str:
        """Name of the scan."""
        ...

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Labels and values about the run: settings, versions, times, digests."""
        ...

    def rows(self) -> Iterable[ScanRow]:
        """Return all rows, in the order in which the page shows them; they are gone through once."""
        ...

    def preview(self, id: str) -> bytes | None:
        """Return the JPEG of a row, at most 192 pixels each way, or None."""
        ...

    def detail(self, id: str) -> Detail | None:
        """Return all that was found in the file of a row, where it was kept."""
        ...
