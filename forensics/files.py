"""Writing files so that an interruption leaves no half file."""

from __future__ import annotations

import errno
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
        OSError: The folder is missing, not writable or full, or the target is a device, pipe or folder;
            nothing is left behind.
    """
    if path.exists() and not path.is_file():  # a rename would put a plain file in the place of a device
        raise OSError(errno.EINVAL, "not a plain file", str(path))
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
