"""Bad luck for workers, by how names of files begin: named by `--hook scan_hooks`, called before each file.

A file whose name begins with `once` brings its worker down the first time only; that is remembered in the
folder $SCAN_HOOKS_SEEN, or else beside the file.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

__all__ = ["before"]


class _Item(Protocol):
    name: str
    locator: _Place


class _Place(Protocol):
    place: str


def _spin(_item: _Item) -> None:
    """Go into native code that never comes back to Python."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    ctypes.CDLL(None).pause()


def _once(item: _Item) -> None:
    file = Path(item.locator.place)
    marker = Path(os.environ.get("SCAN_HOOKS_SEEN", file.parent)) / f"{file.name}.seen"
    if not marker.exists():
        marker.touch()
        os.abort()


LUCK: dict[str, Callable[[_Item], object]] = {
    "segfault": lambda _: ctypes.string_at(0),
    "abort": lambda _: os.abort(),
    "exit": lambda _: os._exit(7),
    "killed": lambda _: os.kill(os.getpid(), signal.SIGKILL),
    "hang": lambda _: time.sleep(3600),
    "slow": lambda _: time.sleep(0.1),
    "spin": _spin,
    "greedy": lambda _: bytearray(64 << 30),
    "once": _once,
}


def before(item: _Item) -> None:
    """Do to this process what the name of a file says."""
    for word, act in LUCK.items():
        if item.name.startswith(word):
            act(item)
