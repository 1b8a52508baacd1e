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
from forensics.scan.rows import failed_row
from forensics.scan.run import SPOOL, Job, Output, scan
from forensics.scan.settings import WorkSettings
from forensics.scan.worker import Outcome

Fill = Callable[..., Path]


class Scripted:
    """An engine that is killed in its first runs: then it finished one file and was at the second."""

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
            spool.begun(given[0].number)
            spool.done(given[0].number, _packed(given[0]))
            spool.begun(given[1].number)
        raise KeyboardInterrupt

    def committed(self) -> None:
        """Nothing to let go of."""


def _packed(task: Task) -> Packed:
    """Return an outcome as the name of a file says: "crash.jpg" crashed."""
    word = task.item.name.removesuffix(".jpg")
    state = State.QUARANTINED if word in ("crash", "internal") else State.UNREADABLE
    if len(word) == 1:
        row = ScanRow(id=task.item.id, source=task.item.source, state=State.OK, verdict="inconclusive")
    else:
        row = failed_row(task.item, state, word, "said")
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


def test_only_what_may_have_gone_away_is_tried_again(
    fill: Fill, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hopeless = ("a.jpg", "corrupt.jpg", "limit.jpg", "truncated.jpg")
    hopeful = ("crash.jpg", "internal.jpg", "io.jpg", "io_denied.jpg", "io_not_found.jpg", "io_timeout.jpg")
    source, out = fill(tmp_path / "in", *hopeless, *hopeful), tmp_path / "out"
    engine = Scripted(out / SPOOL, killed=0)
    monkeypatch.setattr("forensics.scan.engines.opened_engine", lambda *_: engine)
    output = Output(format_name="jsonl", page=False)
    scan(Job((str(source),), out, WorkSettings(profile="triage"), output=output))
    finished = scan(Job((), out, output=output, resume=True, retry_failed=True))
    assert set(engine.tasks[1]) == set(hopeful)
    assert finished.manifest.states == {"ok": 1, "quarantined": 2, "unreadable": 7}
