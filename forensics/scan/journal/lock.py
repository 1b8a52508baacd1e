"""One scan at a time writes into a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from forensics.errors import ScanLocked

__all__ = ["locked"]


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder for this process; the system lets go of it however the process ends.

    Args:
        folder: An existing folder.

    Raises:
        ScanLocked: Another scan writes there.
    """
    try:
        import fcntl
    except ImportError:  # Windows has no such lock; SQLite's own still keeps writes apart
        yield
        return
    with (folder / ".lock").open("a+") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            stream.seek(0)
            owner = stream.read(20).strip()
            who = f" (process {owner})" if owner.isdecimal() else ""
            raise ScanLocked(f"another scan{who} writes to {folder}", actual=str(folder)) from None
        stream.truncate(0)
        stream.write(str(os.getpid()))
        stream.flush()
        yield
