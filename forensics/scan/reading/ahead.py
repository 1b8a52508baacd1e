"""The next file, fetched while one is being worked on: neither the network nor the cores wait."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from threading import Thread

from forensics.errors import NotAFile
from forensics.media.source import open_plain
from forensics.scan.items import Item

__all__ = ["Ahead", "read_ahead"]

_MOST = 16 << 20  # bytes; a larger file is fetched when it is its turn, with all memory to itself


class Ahead:
    """Fetches one item of the network beside the work on another."""

    def __init__(self) -> None:
        self._item: Item | None = None
        self._fetched: Future[bytes] = Future()

    def begin(self, item: Item, fetch: Callable[[Item], bytes]) -> None:
        """Have an item fetched, unless it is large or nobody knows how large it is.

        Args:
            item: The next one.
            fetch: Returns its bytes, or raises.
        """
        self.wait()
        if 0 <= item.locator.length <= _MOST:
            self._item, self._fetched = item, Future()
            Thread(target=_fetch, args=(self._fetched, fetch, item), daemon=True).start()

    def taken(self, item: Item) -> bytes | None:
        """Return the bytes of an item, once they are there; None where they were not asked for.

        Raises:
            Exception: Whatever fetching them raised.
        """
        known = self._item == item
        if not known:
            self.wait()
        self._item = None
        return self._fetched.result() if known else None

    def wait(self) -> None:
        """Wait until nothing is being fetched: file systems are used by one thread at a time."""
        if self._item is not None:
            self._fetched.exception()


def _fetch(fetched: Future[bytes], fetch: Callable[[Item], bytes], item: Item) -> None:
    try:
        fetched.set_result(fetch(item))
    except BaseException as error:  # told to whoever takes it
        fetched.set_exception(error)


def read_ahead(path: Path) -> None:
    """Have the system read the beginning of a file from its disk, if it can and that is a file."""
    if hasattr(os, "posix_fadvise"):
        with suppress(OSError, ValueError, NotAFile), open_plain(path) as stream:
            os.posix_fadvise(stream.fileno(), 0, _MOST, os.POSIX_FADV_WILLNEED)
