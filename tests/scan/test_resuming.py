"""What one run leaves to the next: nothing is done twice, and what it was in the middle of is done alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from forensics.scan.engines.base import Done, Lost, Task
from forensics.scan.engines.spool import Spool
from forensics.scan.packed import Packed
from forensics.scan.row import ScanRow, State
from forensics.scan.run import SPOOL, Job, Output, scan
from forensics.scan.settings import WorkSettings
from forensics.scan.worker import Outcome

Fill = Callable[..., Path]


class Scripted:
    """An engine that finishes the first file, begins with the second, and is killed, as often as is wanted."""

    name = "scripted"

    def __init__(self, spool: Path, *, killed: int) -> None:
        self.tasks: list[dict[str, bool]] = []
        self._spool, self._killed = spool, killed

    @contextmanager
    def run(self, tasks: Iterator[Task]) -> Iterator[Iterator[list[Done | Lost]]]:
        given = list(tasks)
        self.tasks.append({task.item.name: task.alone for task in given})
        if len(self.tasks) > self._killed:
            yield iter([[Done(task.number, _packed(task)) for task in given]])
            return
        with Spool(self._spool / f"{len(self.tasks)}.chunk") as spool:
            for task in given[:2]:
                spool.begun(task.number)
                if task is given[0] and not task.alone:
                    spool.done(task.number, _packed(task))
        raise KeyboardInterrupt

    def committed(self) -> None:
        """Nothing to let go of."""


def _packed(task: Task) -> Packed:
    row = ScanRow(id=task.item.id, source=task.item.source, state=State.OK, verdict="inconclusive")
    return Packed.of(Outcome(row))


def test_what_a_run_was_in_the_middle_of_is_alone_in_the_next(
    fill: Fill, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out = fill(tmp_path / "in", "a.jpg", "b.jpg", "c.jpg", "d.jpg"), tmp_path / "out"
    engine = Scripted(out / SPOOL, killed=1)
    monkeypatch.setattr("forensics.scan.engines.opened_engine", lambda *_: engine)
    output = Output(format_name="jsonl", page=False)
    with pytest.raises(KeyboardInterrupt):
        scan(Job((str(source),), out, WorkSettings(profile="triage"), output=output))

    finished = scan(Job((), out, output=output, resume=True))

    assert engine.tasks == [
        dict.fromkeys(("a.jpg", "b.jpg", "c.jpg", "d.jpg"), False),
        {"b.jpg": True, "c.jpg": False, "d.jpg": False},
    ]
    assert finished.manifest.states == {"ok": 4}
    scan(Job((), out, output=output, resume=True))
    assert engine.tasks[2] == {}, "nothing is done again"
