"""Writing files so that an interruption leaves no half file."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

__all__ = ["atomic_write"]


def atomic_write(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write a file whole or not at all: a temporary file beside it, then a rename.

    Args:
        path: The target; an existing file is replaced.
        data: Its content.
        mode: Permissions.

    Raises:
        OSError: The folder is missing, not writable or full; nothing is left behind.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
