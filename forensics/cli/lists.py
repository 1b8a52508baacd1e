"""Lists that users give: one thing on each line of a text file."""

from __future__ import annotations

from pathlib import Path

from forensics.errors import UsageError

__all__ = ["lines_of"]

_MOST_BYTES = 200_000_000


def lines_of(path: Path, what: str) -> list[str]:
    """Return the lines of a file that are not empty, without the space around them.

    Args:
        path: The file.
        what: It is a list of, for people.

    Raises:
        UsageError: It cannot be read, is too large, or is no text.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UsageError(f"{path} is too large for a list of {what}")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is no list of {what}: not UTF-8 text") from None
    return [line.strip() for line in text.splitlines() if line.strip()]
