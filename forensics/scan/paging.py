"""The page of a scan, from its journal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from forensics.scan.detail import Detail
from forensics.scan.journal import Journal
from forensics.scan.manifest import RunManifest
from forensics.scan.page import write_page
from forensics.scan.row import ScanRow

__all__ = ["PAGE", "page_of"]

PAGE = "report"
"""Folder of the page, in the folder of a scan."""


@dataclass(frozen=True)
class _Scan:
    """A finished scan, as its page needs it."""

    journal: Journal
    manifest: RunManifest
    all_rows: Iterable[ScanRow]

    @property
    def title(self) -> str:
        """Name of the scan."""
        return f"Scan of {', '.join(self.manifest.sources)}"

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Labels and values about the run."""
        told = self.manifest
        left = ", ".join(f"{name} {count}" for name, count in sorted(told.left_out.items()))
        return (
            ("Profile", str(told.settings["profile"])),
            ("Detectors", "; then ".join(", ".join(stage) for stage in told.stages)),
            ("Cascade", told.rule if len(told.stages) > 1 else "one stage"),
            ("Files listed", str(told.listed)),
            ("Left out while listing", left or "none"),
            ("Began", told.began),
            ("Ended", told.ended),
            ("Runs", str(told.sessions)),
            ("Suite", told.suite_version),
            ("Models", told.models),
            ("Trust policy", told.trust[:16]),
            ("Settings", told.settings_sha256[:16]),
            *((f"Rows {part.name}", part.sha256) for part in told.parts),
        )

    def rows(self) -> Iterable[ScanRow]:
        """Return all rows, in the order of the listing."""
        return self.all_rows

    def preview(self, id: str) -> bytes | None:
        """Return the JPEG of a row."""
        return self.journal.preview(id)

    def detail(self, id: str) -> Detail | None:
        """Return all that was found in the file of a row, where it was kept."""
        packed = self.journal.detail(id)
        return Detail.from_packed(packed) if packed else None


def page_of(journal: Journal, folder: Path, manifest: RunManifest, rows: Iterator[ScanRow]) -> Path:
    """Write the page of a finished scan.

    Args:
        journal: Of the scan.
        folder: Of the scan.
        manifest: What the run says of itself.
        rows: All rows, with their duplicates.

    Raises:
        UsageError: Something else is in its place.
    """
    return write_page(_Scan(journal, manifest, rows), folder / PAGE)
