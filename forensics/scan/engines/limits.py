"""What a worker process may take: time for each file, and memory. The kernel enforces both."""

from __future__ import annotations

import ctypes
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["die_with_parent", "limit_memory", "limited_time"]

_PR_SET_PDEATHSIG = 1


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
