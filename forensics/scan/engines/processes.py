"""What runs inside the processes of the embedded engine, and how they are started."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.errors import ScanError
from forensics.scan.engines.base import Task
from forensics.scan.engines.limits import die_with_parent, keep_freed_memory, limit_memory, limited_time
from forensics.scan.engines.spool import Spool
from forensics.scan.engines.starting import one_thread_each, process_context
from forensics.scan.packed import Packed
from forensics.scan.settings import WorkSettings
from forensics.scan.worker import Worker

if TYPE_CHECKING:
    from pebble import ProcessPool

__all__ = ["opened_pool", "work_chunk"]

_worker: list[Worker] = []  # of this process, made when it gets its first files
_settings: list[WorkSettings] = []


@contextmanager
def opened_pool(settings: WorkSettings, workers: int) -> Iterator[ProcessPool]:
    """Start worker processes and end them, in the middle of their work if need be.

    Args:
        settings: How they look at files.
        workers: How many.

    Raises:
        ScanError: If the machine lets none be started.
    """
    from pebble import ProcessPool

    # A Ctrl-C reaches the main thread only: where another starts workers, none is left half started, which
    # nobody would end. That thread stays: workers die with the one that started them.
    with one_thread_each(), ThreadPoolExecutor(1) as starter:
        pool = ProcessPool(
            max_workers=workers, initializer=_begin, initargs=(settings,), context=process_context()
        )
        started = starter.submit(getattr, pool, "active")
        try:
            _await_start(started)
            yield pool
        finally:
            wait([started])
            _end(pool)


def work_chunk(spool: str, tasks: Sequence[Task]) -> float:
    """Work on some files and leave what comes of them in a spool.

    Args:
        spool: Path of the file to write.
        tasks: The files.

    Returns:
        Seconds that it took.
    """
    if not _worker:  # here and not in `_begin`: an error there would be none of this task's
        _worker.append(Worker(_settings[0]))
    worker = _worker[0]
    start = time.monotonic()
    with Spool(Path(spool)) as out:
        following = [*(task.item for task in tasks[1:]), None]
        for task, after in zip(tasks, following, strict=True):
            out.begun(task.number)
            with limited_time(worker.settings.file_seconds):
                outcome = worker.work(task.item, after)
            out.done(task.number, Packed.of(outcome, task.failures + 1))
    return time.monotonic() - start


def _await_start(started: Future[bool]) -> None:
    try:
        started.result()
    except (OSError, RuntimeError) as error:
        raise ScanError(f"workers cannot be started: {error.__cause__ or error}") from error


def _end(pool: ProcessPool) -> None:
    """End workers at once, and the pool.

    Workers go before the pool unlinks its semaphores: one that was only starting would miss them, and say so
    at length among what the user is told.
    """
    from pebble.pool.process import WORKERS_NAME

    pool.stop()  # type: ignore[no-untyped-call]
    manager = pool._pool_manager_loop
    if manager is not None:
        manager.join()  # no worker is started after this
    for process in multiprocessing.active_children():
        if process.name == WORKERS_NAME:
            process.kill()
            process.join()
    pool.join()


def _begin(settings: WorkSettings) -> None:
    """Set the limits of this process."""
    import signal

    import cv2

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its workers when it is interrupted
    die_with_parent()
    cv2.setNumThreads(1)
    keep_freed_memory()
    limit_memory(settings.file_memory)
    _settings[:] = [settings]
