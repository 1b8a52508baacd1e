"""A stream that ends a reader's patience: some files make the SDK jump through them millions of times."""

from __future__ import annotations

from typing import BinaryIO

from forensics.errors import LimitExceeded

__all__ = ["MOST_CALLS", "MOST_CALLS_GIF", "Rationed"]

MOST_CALLS = 100_000  # honest files take some hundreds; boxes of a clip cost the SDK their square
MOST_CALLS_GIF = 500_000  # a GIF comes in pieces of 255 bytes: some 50 MB, in about a second


class Rationed:
    """A file opened for reading that refuses to be read from more than so many times.

    The SDK takes the refusal for a broken file and says so in words of its own; `check` tells the truth.

    Args:
        stream: The file.
        mime: Its media type, if known.
    """

    def __init__(self, stream: BinaryIO, mime: str | None) -> None:
        self._stream = stream
        self._most = MOST_CALLS_GIF if mime == "image/gif" else MOST_CALLS
        self._left = self._most

    def check(self) -> None:
        """Raise what ended the reading, if it was this.

        Raises:
            LimitExceeded: Too many calls were made.
        """
        if self._left < 0:
            raise LimitExceeded(
                "the file has too many parts to look for credentials in",
                expected=f"at most {self._most} steps",
            )

    def readinto(self, buffer: memoryview) -> int:
        """Read into a buffer; the SDK prefers this."""
        self._spend()
        return self._stream.readinto(buffer)  # type: ignore[attr-defined, no-any-return]

    def read(self, size: int = -1) -> bytes:
        """Read some bytes."""
        self._spend()
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move."""
        self._spend()
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """Return where the next byte is read from."""
        return self._stream.tell()

    def write(self, data: bytes) -> int:
        """Refuse: the SDK wants the method, and has no business calling it."""
        raise OSError("opened for reading")

    def flush(self) -> None:
        """Do nothing."""

    def _spend(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise OSError("read too often")
