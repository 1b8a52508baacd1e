"""A folder for a process that may be killed, which cannot tidy up then: the next one does."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from forensics.errors import ScanLocked
from forensics.scan.journal.lock import locked

__all__ = ["PREFIX", "scratch"]

PREFIX = "forensics-scan-"
_AGE = 3600.0  # seconds; a younger one may be in the making


@contextmanager
def scratch() -> Iterator[Path]:
    """Make a folder for temporary files that goes with this process, and remove those of killed ones."""
    _sweep(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=PREFIX) as folder, locked(Path(folder)):
        yield Path(folder)


def _sweep(place: Path) -> None:
    for folder in place.glob(f"{PREFIX}*"):
        with suppress(OSError, ScanLocked):
            if _ours(folder):
                with locked(folder):
                    shutil.rmtree(folder)


def _ours(folder: Path) -> bool:
    """Whether a folder, no link to one, is this user's, and nothing was made in it for a while."""
    found = folder.lstat()
    mine = not hasattr(os, "geteuid") or found.st_uid == os.geteuid()
    return stat.S_ISDIR(found.st_mode) and mine and time.time() - found.st_mtime > _AGE
