"""Fences around other people's decoders: deadlines, quiet warnings, and one kind of exception out."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from forensics.errors import CorruptMedia, ForensicsError, LimitExceeded, TruncatedMedia

__all__ = ["Deadline", "check_pixels", "decoding", "quiet"]

_WARNINGS = threading.Lock()


class Deadline:
    """A moment after which reading a file is given up.

    Args:
        seconds: Seconds from now.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def check(self) -> None:
        """Raise once the time is over.

        Raises:
            LimitExceeded: The time is over.
        """
        if time.monotonic() > self._end:
            raise LimitExceeded(
                f"decoding takes longer than {self.seconds:g} s", expected=f"<= {self.seconds:g} s"
            )


def check_pixels(width: int, height: int, most: int) -> None:
    """Refuse a frame that is too large, before anything is allocated for it.

    Raises:
        LimitExceeded: There are more pixels than allowed.
        CorruptMedia: A side is zero.
    """
    if width <= 0 or height <= 0:
        raise CorruptMedia(f"the picture has no pixels: {width} x {height}")
    if width * height > most:
        raise LimitExceeded(
            f"the picture declares {width} x {height} pixels",
            expected=f"<= {most} pixels",
            actual=width * height,
        )


@contextmanager
def decoding(what: str) -> Iterator[None]:
    """Turn whatever a decoder raises into a `MediaError` that keeps the cause.

    Args:
        what: What is being read, such as "png", for the message.

    Raises:
        LimitExceeded: The decoder ran out of memory, or took the picture for a bomb.
        TruncatedMedia: The decoder says that the data end early.
        CorruptMedia: Any other failure.
    """
    try:
        yield
    except ForensicsError:
        raise
    except MemoryError as error:
        raise LimitExceeded(f"decoding this {what} needs more memory than there is") from error
    except Exception as error:
        # FFmpeg's errors name the file as well, by a number that differs from run to run.
        text = getattr(error, "strerror", None) or str(error) or type(error).__name__
        if type(error).__name__ == "DecompressionBombError":
            raise LimitExceeded(f"the {what} decoder refuses this size: {text}") from error
        kind = TruncatedMedia if _means_truncated(error, text) else CorruptMedia
        raise kind(f"the {what} cannot be decoded: {text}") from error


def _means_truncated(error: Exception, text: str) -> bool:
    lowered = text.lower()
    return isinstance(error, EOFError) or any(
        word in lowered for word in ("truncated", "end of file", "unexpected end", "not enough")
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Drop the warnings of a decoder's header parser.

    The filters of `warnings` belong to the process, so only one thread at a time may change them; keep the
    body short, the decoding of pixels does not belong in it.
    """
    with _WARNINGS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
