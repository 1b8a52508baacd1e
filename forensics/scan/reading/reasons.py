"""Why the system does not give the bytes of a path, as one stable word."""

from __future__ import annotations

import errno

__all__ = ["reason_of"]

_REASONS = {
    errno.ENOENT: "io_not_found",
    errno.ENOTDIR: "io_not_found",
    errno.EACCES: "io_denied",
    errno.EPERM: "io_denied",
    errno.ETIMEDOUT: "io_timeout",
}


def reason_of(error: OSError | ValueError) -> str:
    """Return the word: "io_not_found", "io_denied", "io_timeout" or "io"."""
    return _REASONS.get(getattr(error, "errno", 0) or 0, "io")
