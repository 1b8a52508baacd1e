"""What a worker process may take: time for each file, and memory. The kernel enforces both."""

from __future__ import annotations

import ctypes
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["die_with_parent", "keep_freed_memory", "limit_memory", "limited_time"]

_PR_SET_PDEATHSIG = 1
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # mallopt(3)
_KEPT, _MAPPED = 64 << 20, 32 << 20


@contextmanager
def limited_time(seconds: float) -> Iterator[None]:
    """End this process by SIGALRM if the body takes longer.

    The default action of the signal ends the process whatever it is in the middle of, also in native code
    that never comes back to Python. Does nothing on Windows, where there is no such timer.

    Args:
        seconds: Of wall-clock time.
    """
    if not hasattr(signal, "setitimer"):
        yield
        return
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def limit_memory(most: int) -> None:
    """Let allocations of this process fail beyond so many bytes of data. Does nothing on Windows.

    Args:
        most: Bytes of memory of its own, files mapped for reading aside.
    """
    try:
        import resource
    except ImportError:
        return
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    within = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (within, hard))


def die_with_parent() -> None:
    """Have the kernel kill this process when the one that started it dies, however it does. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def keep_freed_memory() -> None:
    """Have glibc keep some freed memory for the next file.

    Else each picture's is given back and asked for again, and clearing the pages takes a tenth of the time of
    decoding.
    """
    tune = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if tune is not None:
        tune(_M_MMAP_THRESHOLD, _MAPPED)
        tune(_M_TRIM_THRESHOLD, _KEPT)
