"""The embedded engine: worker processes on this machine, which may crash, hang, or run out of memory."""

from __future__ import annotations

import itertools
import os
import queue
import signal
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.errors import ForensicsError, MissingExtra, ScanError, ScanFull
from forensics.scan.engines.base import Done, Lost, Task
from forensics.scan.engines.chunks import Chunker
from forensics.scan.engines.spool import Spooled, read_spool
from forensics.scan.settings import WorkSettings

if TYPE_CHECKING:
    from pebble import ProcessPool

__all__ = ["LocalEngine"]

_AHEAD = 2  # chunks for each worker: one that it works on, and one that waits for it
_GRACE = 30.0
_POLL = 0.5
_STARTS = 3
_FAILURES, _KILLED = 2, 4  # workers that a file may bring down; those that something kills


@dataclass(frozen=True)
class _Chunk:
    tasks: tuple[Task, ...]
    spool: Path
    alone: bool


class LocalEngine:
    """Runs tasks in processes of its own, on this machine.

    Args:
        settings: How to look at files.
        workers: Processes.
        spool: Folder in which workers leave what they did; it exists.
        chunk: Files that a worker takes at a time, until it is known how long they take.

    Raises:
        MissingExtra: pebble is not installed.
    """

    name = "local"

    def __init__(self, settings: WorkSettings, workers: int, spool: Path, chunk: int = 8) -> None:
        try:
            import pebble  # noqa: F401 - a message at once is better than one after the listing
        except ImportError as error:
            raise MissingExtra("scanning", "scan") from error
        self.settings = settings
        self.workers = workers
        self._spool = spool
        self._names = itertools.count()
        self._chunker = Chunker(chunk)
        self._again: deque[tuple[Task, ...]] = deque()
        self._yielded: list[Path] = []
        self._failed_starts = 0

    @contextmanager
    def run(self, tasks: Iterator[Task]) -> Iterator[Iterator[list[Done | Lost]]]:
        """See `Engine.run`."""
        with self.opened() as results:
            yield results(tasks)

    @contextmanager
    def opened(self) -> Iterator[Callable[[Iterator[Task]], Iterator[list[Done | Lost]]]]:
        """Start the workers, and give a function that can be called with more and more tasks."""
        from forensics.scan.engines.processes import opened_pool

        with opened_pool(self.settings, self.workers) as pool:
            yield lambda tasks: self._results(pool, iter(tasks))

    def committed(self) -> None:
        """Say that all that was yielded is safe elsewhere: the spools it came from can go."""
        for path in self._yielded:
            path.unlink(missing_ok=True)
        self._yielded.clear()

    def _results(self, pool: ProcessPool, tasks: Iterator[Task]) -> Iterator[list[Done | Lost]]:
        flying: dict[Future[float], _Chunk] = {}
        landed: queue.SimpleQueue[Future[float]] = queue.SimpleQueue()
        while True:
            while len(flying) < self.workers * _AHEAD and (chunk := self._next(tasks)):
                future = self._scheduled(pool, chunk)
                flying[future] = chunk
                future.add_done_callback(landed.put)
            if not flying:
                return
            with suppress(queue.Empty):
                future = landed.get(timeout=_POLL)
                yield list(self._landed(future, flying.pop(future)))

    def _next(self, tasks: Iterator[Task]) -> _Chunk | None:
        """Return what to work on next: first what was cut short, then what comes."""
        taken = self._again.popleft() if self._again else self._chunker.take(tasks)
        if not taken:
            return None
        path = self._spool / f"{os.getpid()}-{next(self._names):08d}.chunk"
        return _Chunk(taken, path, alone=taken[0].alone)

    def _scheduled(self, pool: ProcessPool, chunk: _Chunk) -> Future[float]:
        from forensics.scan.engines.processes import work_chunk

        limit = self.settings.file_seconds * len(chunk.tasks) + _GRACE  # where there is no timer for each
        try:
            future: Future[float] = pool.schedule(
                work_chunk, args=(str(chunk.spool), chunk.tasks), timeout=limit
            )
        except RuntimeError as error:
            raise ScanError(f"workers cannot be started: {error.__cause__ or error}") from error
        return future

    def _landed(self, future: Future[float], chunk: _Chunk) -> Iterator[Done | Lost]:
        error = future.exception()
        found = read_spool(chunk.spool)
        for number, packed in found.done.items():
            yield Done(number, packed)
        if error is None:
            self._failed_starts = 0
            self._chunker.took(len(chunk.tasks), future.result())
        else:
            yield from self._cut_short(chunk, found, error)
        self._yielded.append(chunk.spool)

    def _cut_short(self, chunk: _Chunk, found: Spooled, error: BaseException) -> Iterator[Lost]:
        """Do again what a worker left undone: alone what it was at, as before what it had not begun."""
        _raise_ours(error)
        culprit = next((t for t in chunk.tasks if t.number == found.begun), None)
        rest = tuple(t for t in chunk.tasks if t.number not in found.done and t is not culprit)
        if culprit is None:
            self._count_failed_start(error)
        elif (failures := culprit.failures + 1) < _most_failures(error):
            self._again.append((replace(culprit, alone=True, failures=failures),))
        else:
            yield Lost(culprit.number, *_reason_of(error, self.settings), attempts=failures)
        if rest:
            self._again.append(rest)

    def _count_failed_start(self, error: BaseException) -> None:
        self._failed_starts += 1
        if self._failed_starts > _STARTS * self.workers:
            raise ScanError(f"workers end before they begin with a file: {error}") from error


def _raise_ours(error: BaseException) -> None:
    """Raise what is no file's fault: a full disk, or settings that cannot be used."""
    from pebble import ProcessExpired

    if isinstance(error, ForensicsError):
        raise error
    if isinstance(error, OSError) and not isinstance(error, (ProcessExpired, FutureTimeout)):
        raise ScanFull(f"workers cannot write what they found: {error.strerror or error}") from error


def _most_failures(error: BaseException) -> int:
    """Return how many workers a file may bring down. Who is killed by the system need not be to blame."""
    killed = getattr(error, "exitcode", None) == -getattr(signal, "SIGKILL", 9)
    return _KILLED if killed else _FAILURES


def _reason_of(error: BaseException, settings: WorkSettings) -> tuple[str, str]:
    """Return the reason and a sentence for what ended a worker that had one file only."""
    status = getattr(error, "exitcode", None)
    late = isinstance(error, FutureTimeout)
    if late or status == -getattr(signal, "SIGALRM", 14):
        return "timeout", f"it took longer than {settings.file_seconds:g} s, twice"
    if status == -getattr(signal, "SIGKILL", 9):
        return "memory", "its worker was killed by the system, again and again: most often for want of memory"
    if isinstance(error, MemoryError):
        return "memory", f"it needs more than {settings.file_memory >> 20} MiB"
    if not isinstance(status, int):  # an exception that the worker should have caught
        return "internal", f"{type(error).__name__}: {error}"
    return "crash", f"its worker ended twice: {_status_text(status)}"


def _status_text(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"signal {signal.Signals(-status).name}"
    except ValueError:
        return f"signal {-status}"
