"""Why the bytes of something cannot be had, as one stable word."""

from __future__ import annotations

import errno

from forensics.errors import SourceError

__all__ = ["reason_of"]

_REASONS = {
    errno.ENOENT: "io_not_found",
    errno.ENOTDIR: "io_not_found",
    errno.EACCES: "io_denied",
    errno.EPERM: "io_denied",
    errno.ETIMEDOUT: "io_timeout",
}


def reason_of(error: Exception) -> str:
    """Return the word: that of the error itself, or what the system said.

    Args:
        error: A `MediaError`, or what the system raised.
    """
    if isinstance(error, SourceError):
        return error.reason
    below = error if isinstance(error, OSError) else error.__cause__
    return _REASONS.get(below.errno or 0, "io") if isinstance(below, OSError) else "io"
