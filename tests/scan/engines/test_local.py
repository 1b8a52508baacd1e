"""What ends workers, and whose fault it is: the file's, the machine's, or ours."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pebble import ProcessExpired

from forensics.errors import ForensicsError, ScanError, ScanFull, UsageError
from forensics.scan.engines.base import Done, Lost, Task
from forensics.scan.engines.local import LocalEngine
from forensics.scan.engines.spool import Spool
from forensics.scan.items import Item, Locator
from forensics.scan.packed import Packed
from forensics.scan.row import ScanRow, State
from forensics.scan.settings import WorkSettings
from forensics.scan.worker import Outcome


class Pool:
    """Instead of processes: finishes the files before `at`, and ends at that one with an error."""

    def __init__(self, error: BaseException, at: int | None) -> None:
        self.error, self.at = error, at
        self.given: list[list[tuple[int, bool, int]]] = []

    def schedule(self, _: object, *, args: tuple[str, tuple[Task, ...]], timeout: float) -> Future[float]:
        assert len(self.given) < 20, "work is never done"
        place, tasks = args
        self.given.append([(task.number, task.alone, task.failures) for task in tasks])
        future: Future[float] = Future()
        with Spool(Path(place)) as spool:
            for task in tasks if self.at is not None else ():
                spool.begun(task.number)
                if task.number == self.at:
                    break
                row = ScanRow(id=task.item.id, source="s", state=State.OK)
                spool.done(task.number, Packed.of(Outcome(row), task.failures + 1))
            else:
                if self.at is not None:
                    future.set_result(1.0)
                    return future
        future.set_exception(self.error)
        return future


def ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, at: int | None = 1
) -> tuple[list[Done | Lost], Pool]:
    """Work on four files of one chunk, and return what came of them."""
    pool = Pool(error, at)

    @contextmanager
    def opened(*_: Any) -> Iterator[Pool]:
        yield pool

    monkeypatch.setattr("forensics.scan.engines.processes.opened_pool", opened)
    engine = LocalEngine(WorkSettings(profile="triage"), 1, tmp_path, chunk=4)
    tasks = (Task(n, Item(f"/{n}", "s", Locator("file", f"/{n}"), f"{n}")) for n in range(4))
    with engine.run(tasks) as results:
        return [one for some in results for one in some], pool


def expired(status: int) -> ProcessExpired:
    error = ProcessExpired("ended", 1)
    error.exitcode = status
    return error


@pytest.mark.parametrize(
    ("error", "reason", "attempts"),
    [
        (expired(-signal.SIGSEGV), "crash", 2),
        (expired(7), "crash", 2),
        (expired(-signal.SIGALRM), "timeout", 2),
        (FutureTimeout(), "timeout", 2),
        (MemoryError(), "memory", 2),
        (expired(-signal.SIGKILL), "memory", 4),
        (KeyError("ours"), "internal", 2),
    ],
)
def test_one_file_is_tried_again_alone_and_its_neighbours_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, reason: str, attempts: int
) -> None:
    results, pool = ended(tmp_path, monkeypatch, error)
    (lost,) = (one for one in results if isinstance(one, Lost))
    assert (lost.number, lost.reason, lost.attempts) == (1, reason, attempts)
    assert sorted(one.number for one in results) == [0, 1, 2, 3]
    again = [chunk for chunk in pool.given[1:] if chunk[0][0] == 1]
    assert again == [[(1, True, failures)] for failures in range(1, attempts)]
    assert [chunk for chunk in pool.given[1:] if chunk[0][0] != 1] == [[(2, False, 0), (3, False, 0)]]


@pytest.mark.parametrize(
    ("error", "raised", "said"),
    [
        (OSError(28, "No space left on device"), ScanFull, "No space left on device"),
        (UsageError("no such calibration"), UsageError, "no such calibration"),
    ],
)
def test_what_is_no_files_fault_ends_the_scan(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    raised: type[ForensicsError],
    said: str,
) -> None:
    with pytest.raises(raised, match=said):
        ended(tmp_path, monkeypatch, error)


def test_workers_that_never_begin_end_the_scan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ScanError, match="workers end before they begin"):
        ended(tmp_path, monkeypatch, expired(1), at=None)
