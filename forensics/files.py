"""Writing files so that an interruption leaves no half file, and names of files as text."""

from __future__ import annotations

import errno
import os
import re
import secrets
from pathlib import Path

__all__ = ["atomic_write", "encodable"]


def atomic_write(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write a file whole or not at all: a temporary file beside it, then a rename.

    Args:
        path: The target; an existing file is replaced.
        data: Its content.
        mode: Permissions, less those that the umask takes away.

    Raises:
        OSError: The folder is missing, not writable or full, or the target is a device, pipe or folder;
            nothing is left behind.
    """
    if path.exists() and not path.is_file():  # a rename would put a plain file in the place of a device
        raise OSError(errno.EINVAL, "not a plain file", str(path))
    part = path.with_name(f".{path.name[:40]}.{secrets.token_hex(6)}.part")
    try:
        with os.fdopen(_create(part, mode), "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _create(path: Path, mode: int) -> int:
    """Make a new file as the system does, so that the user's umask counts."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)


def encodable(text: str) -> str:
    r"""Return a text that every encoder takes: bytes of a file name that are not UTF-8 become `\xNN`.

    Python passes such bytes on as lone surrogates, which neither JSON nor a terminal can hold.

    Example:
        >>> print(encodable("caf\udce9.jpg"))
        caf\xe9.jpg
    """
    return re.sub("[\ud800-\udfff]", _escaped, text)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"
