"""How worker processes start: from one that has their imports done, where the system can fork."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["one_thread_each", "process_context", "start_early"]

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_LONGEST_FOLDER = 107 - len("/pymp-12345678/listener-12345678")  # sun_path of unix(7)
_PRELOADED = "forensics.scan.engines.preloaded"


def process_context() -> Any:
    """Return how processes start.

    The one that has the imports done listens on a socket in the folder of temporary files, whose name must
    not be too long for it.
    """
    if not _forks():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([_PRELOADED])
    return context


def start_early() -> None:
    """Let imports of workers begin now, beside those of this process; a second call does nothing."""
    if _forks():
        from multiprocessing import forkserver, resource_tracker

        resource_tracker.ensure_running()  # which lets SIGINT through again
        process_context()
        # Until its imports are done it would die of a Ctrl-C that is meant for this process, and say so.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        try:
            with one_thread_each():
                forkserver.ensure_running()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Have the libraries of workers use one thread, unless the user said otherwise: processes share cores."""
    unset = [name for name in _THREADS if name not in os.environ]
    os.environ.update(dict.fromkeys(unset, "1"))
    try:
        yield
    finally:
        for name in unset:
            os.environ.pop(name, None)


def _forks() -> bool:
    return sys.platform == "linux" and len(os.fsencode(tempfile.gettempdir())) <= _LONGEST_FOLDER
