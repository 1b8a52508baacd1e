"""The folder of a scan, finished or not, for whoever reads it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from forensics.errors import ScanError
from forensics.scan.finishing import ROWS
from forensics.scan.journal import Journal
from forensics.scan.manifest import MANIFEST, RunManifest
from forensics.scan.row import ScanRow
from forensics.scan.run import JOURNAL
from forensics.scan.sinks import read_parts

__all__ = ["Results", "open_results"]


@dataclass(frozen=True)
class Results:
    """What a scan came to so far.

    Attributes:
        folder: Of the scan.
        manifest: What the run says of itself; None while it is not finished.
    """

    folder: Path
    manifest: RunManifest | None

    def rows(self) -> Iterator[ScanRow]:
        """Yield the rows in the order of the listing; of a scan that is not finished, those there are.

        Raises:
            ScanError: They cannot be read.
        """
        if self.manifest is not None:
            yield from read_parts(self.folder / ROWS)
            return
        with Journal(self.folder / JOURNAL) as journal:
            yield from journal.rows()

    @property
    def parts(self) -> tuple[Path, ...]:
        """The files of rows; none while the scan is not finished."""
        return tuple(self.folder / ROWS / p.name for p in self.manifest.parts) if self.manifest else ()


def open_results(folder: Path) -> Results:
    """Return the results in a folder.

    Args:
        folder: As it was given to `forensics scan -o`.

    Raises:
        ScanError: There is no scan, or its manifest is damaged.
    """
    path = folder / MANIFEST
    if not path.is_file():
        if not (folder / JOURNAL).is_file():
            raise ScanError(f"{folder} holds no scan", actual=str(folder))
        return Results(folder, None)
    try:
        return Results(folder, RunManifest.model_validate(json.loads(path.read_bytes())))
    except (OSError, ValueError, ValidationError) as error:
        raise ScanError(f"{path} cannot be read: {error}", actual=str(path)) from error
