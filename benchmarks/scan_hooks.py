"""Bad luck for workers, by the names of files: named by `--hook scan_hooks`, called before each file."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from pathlib import Path
from typing import Protocol

__all__ = ["before"]


class _Item(Protocol):
    name: str
    locator: _Place


class _Place(Protocol):
    place: str


def before(item: _Item) -> None:
    """Do to this process what the name of a file says."""
    name = item.name
    if name.startswith("segfault-"):
        ctypes.string_at(0)
    elif name.startswith("abort-"):
        os.abort()
    elif name.startswith("exit-"):
        os._exit(7)
    elif name.startswith("killed-"):
        os.kill(os.getpid(), signal.SIGKILL)
    elif name.startswith("hang-"):
        time.sleep(3600)
    elif name.startswith("spin-"):  # native code that never comes back to Python
        ctypes.CDLL(None).pause()
    elif name.startswith("greedy-"):
        bytearray(64 << 30)
    elif name.startswith("once-"):
        _once(Path(os.environ["SCAN_HOOKS_SEEN"]) / name)


def _once(marker: Path) -> None:
    """Crash when a file is seen for the first time only."""
    if not marker.exists():
        marker.touch()
        os.abort()
