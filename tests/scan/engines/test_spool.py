"""Spools: what a worker finished is there, whatever comes after it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.scan.engines.base import Task
from forensics.scan.engines.chunks import Chunker
from forensics.scan.engines.spool import Spool, leftovers, read_spool
from forensics.scan.items import Item, Locator
from forensics.scan.packed import Packed
from forensics.scan.row import ScanRow, State
from forensics.scan.worker import Outcome


def packed(number: int) -> Packed:
    row = ScanRow(id=f"é{number}", source="s", state=State.OK, llr_synthetic=0.1 * number)
    return Packed.of(Outcome(row, bytes([number]) * number or None, None if number % 2 else b"detail"))


def written(path: Path, count: int, *, last_is_done: bool) -> None:
    with Spool(path) as spool:
        for number in range(count):
            spool.begun(number)
            if last_is_done or number < count - 1:
                spool.done(number, packed(number))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    written(tmp_path / "a.chunk", 5, last_is_done=True)
    found = read_spool(tmp_path / "a.chunk")
    assert found.begun is None
    assert found.done == {number: packed(number) for number in range(5)}


def test_what_was_begun_and_not_finished_is_named(tmp_path: Path) -> None:
    written(tmp_path / "a.chunk", 5, last_is_done=False)
    found = read_spool(tmp_path / "a.chunk")
    assert found.begun == 4
    assert list(found.done) == [0, 1, 2, 3]


def test_a_spool_that_was_never_made_is_empty(tmp_path: Path) -> None:
    found = read_spool(tmp_path / "none.chunk")
    assert (found.done, found.begun) == ({}, None)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.77, 0.99])
def test_of_one_that_is_cut_off_the_whole_frames_are_read(tmp_path: Path, share: float) -> None:
    path = tmp_path / "a.chunk"
    written(path, 8, last_is_done=True)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    found = read_spool(path)
    assert found.done == {number: packed(number) for number in range(len(found.done))}
    assert found.begun in (None, len(found.done))


def test_leftovers_are_the_spools_in_order(tmp_path: Path) -> None:
    for name in ("b.chunk", "a.chunk", "other.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in leftovers(tmp_path)] == ["a.chunk", "b.chunk"]


def task(number: int, *, size: int = 1000, alone: bool = False) -> Task:
    return Task(number, Item(str(number), "s", Locator("file"), size=size), alone)


@given(st.lists(st.tuples(st.integers(-1, 1 << 27), st.booleans()), max_size=60), st.floats(0.0, 50.0))
def test_chunks_hold_every_task_once_in_order(drawn: list[tuple[int, bool]], seconds: float) -> None:
    tasks = [task(n, size=size, alone=alone) for n, (size, alone) in enumerate(drawn)]
    stream, chunker, found = iter(tasks), Chunker(4), []
    while chunk := chunker.take(stream):
        found.append(chunk)
        chunker.took(len(chunk), seconds)
    assert [t for chunk in found for t in chunk] == tasks
    assert all(not t.alone for chunk in found for t in chunk[:-1])


def test_chunks_become_as_large_as_half_a_second_of_work() -> None:
    chunker = Chunker(1)
    for _ in range(60):
        chunker.took(10, 0.1)
    assert len(chunker.take(map(task, range(999)))) == 50
    for _ in range(60):
        chunker.took(1, 9.0)
    assert len(chunker.take(map(task, range(999)))) == 1
