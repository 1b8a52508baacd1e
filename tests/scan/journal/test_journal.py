"""The journal: it adds up, survives, and says what is wrong with it."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from forensics.errors import ScanError, ScanFull, ScanLocked, ScanMismatch
from forensics.scan.items import Item, Locator
from forensics.scan.journal import Journal
from forensics.scan.journal import database as db
from forensics.scan.packed import Packed
from forensics.scan.row import ScanRow, State
from forensics.scan.sinks.columns import record_of
from forensics.scan.worker import Outcome


def item(number: int, *, size: int = 10) -> Item:
    return Item(f"/in/{number}.jpg", "/in", Locator("file", f"/in/{number}.jpg"), f"{number}.jpg", size, 5.0)


def outcome(number: int, state: State = State.OK, **fields: object) -> Packed:
    values = {"id": f"/in/{number}.jpg", "source": "/in", "state": state, "bytes": 10, **fields}
    return Packed.of(Outcome(ScanRow.model_validate(values), b"preview", b"detail"))


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.sqlite", create=True)


def test_what_is_added_is_pending_until_it_is_finished(journal: Journal) -> None:
    assert journal.add(item(n) for n in range(5000)) == 5000
    assert [e.item.name for e in journal.pending()][:2] == ["0.jpg", "1.jpg"]
    entries = list(journal.pending())
    journal.finish([(e.number, outcome(n)) for n, e in enumerate(entries[:4990])])
    counts = journal.counts()
    assert (counts.listed, counts.pending, counts.done) == (5000, 10, 4990)
    assert counts.bytes == 49_900
    assert [e.item.name for e in journal.pending()] == [f"{n}.jpg" for n in range(4990, 5000)]
    assert [row.id for row in journal.rows()][-1] == "/in/4989.jpg"
    assert journal.preview("/in/3.jpg") == b"preview"
    assert journal.detail("/in/4999.jpg") is None


def test_the_same_item_is_added_once_and_again_when_it_changed(journal: Journal) -> None:
    journal.add([item(1), item(2)])
    journal.finish([(e.number, outcome(e.number)) for e in journal.pending()])
    assert journal.add([item(1), item(2)]) == 0
    assert journal.add([item(1), item(2, size=11)]) == 1
    assert [e.item.size for e in journal.pending()] == [11]
    counts = journal.counts()
    assert (counts.listed, counts.pending, counts.done) == (2, 1, 1), "its old row is gone"


@pytest.mark.parametrize("change", [{"size": 11}, {"modified": 5.25}, {"version": "etag"}])
def test_size_time_and_version_each_tell_a_change(journal: Journal, change: dict[str, object]) -> None:
    journal.add([item(1), item(2)])
    journal.finish([(e.number, outcome(e.number)) for e in journal.pending()])
    assert journal.add([item(1), replace(item(2), **change)]) == 1  # type: ignore[arg-type]
    assert [e.item for e in journal.pending()] == [replace(item(2), **change)]  # type: ignore[arg-type]
    assert journal.counts().listed == 2
    journal.finish([(e.number, outcome(e.number)) for e in journal.pending()])
    assert journal.add([item(1)]) == 0
    assert journal.counts().done == 2, "what is gone keeps its row"


def test_finishing_twice_leaves_one_row(journal: Journal) -> None:
    journal.add([item(1)])
    (entry,) = journal.pending()
    journal.finish([(entry.number, outcome(1, State.UNREADABLE, reason="empty"))])
    journal.finish([(entry.number, replace(outcome(1), preview=None, detail=None))])
    counts = journal.counts()
    assert counts.states == {"ok": 1}
    assert counts.reasons == {}
    assert journal.preview("/in/1.jpg") is None


def test_records_are_the_rows_as_json_has_them(journal: Journal) -> None:
    journal.add([item(0), item(1)])
    odd = {
        "verdict": "inconclusive",
        "message": "caf\u00e9 \u2603 =1+1",
        "llr_synthetic": 1e-7,
        "seconds": 0.1,
    }
    first, second = (entry.number for entry in journal.pending())
    journal.finish([(first, outcome(0, **odd)), (second, outcome(1, State.UNREADABLE, reason="empty"))])
    rows = dict(journal.numbered_rows())
    assert dict(journal.numbered_records()) == {number: record_of(row) for number, row in rows.items()}
    assert len(rows) == 2


def test_bytes_of_names_that_are_no_text_survive(journal: Journal) -> None:
    place = "/in/caf\udce9\x00\n.jpg"
    journal.add([Item("/in/caf\\xe9.jpg", "/in", Locator("file", place), "caf\udce9.jpg")])
    (entry,) = journal.pending()
    assert entry.item.locator.place == place
    assert journal.item(entry.number) == entry.item


def test_all_of_a_batch_is_kept_or_nothing(journal: Journal) -> None:
    journal.add([item(1), item(2)])
    numbers = [e.number for e in journal.pending()]
    with pytest.raises(ScanError):
        journal.finish([(numbers[0], outcome(1)), (999, outcome(2))])  # no such item
    assert journal.counts().done == 0


def test_rows_with_a_reason_or_state_can_be_worked_on_again(journal: Journal) -> None:
    journal.add(item(n) for n in range(4))
    made = (
        outcome(0),
        outcome(1, State.UNREADABLE, reason="io_timeout"),
        outcome(2, State.QUARANTINED, reason="crash"),
        outcome(3, State.UNREADABLE, reason="truncated"),
    )
    journal.finish(list(zip([e.number for e in journal.pending()], made, strict=True)))
    assert journal.again(["io_timeout"], ["quarantined"]) == 2
    assert [e.item.name for e in journal.pending()] == ["1.jpg", "2.jpg"]
    assert journal.counts().states == {"ok": 1, "unreadable": 1}


def test_what_is_left_out_is_counted_by_reason(journal: Journal) -> None:
    assert not journal.get("listed")
    journal.listed({("/in", "hidden"): 7, ("/other", "hidden"): 1, ("/in", "older"): 2})
    assert journal.counts().left_out == {"hidden": 8, "older": 2}
    assert journal.get("listed")
    journal.listed({})
    assert journal.counts().left_out == {}


def test_many_may_open_a_journal_while_it_is_made(tmp_path: Path) -> None:
    def opened(number: int) -> int:
        with Journal(tmp_path / "journal.sqlite", create=True) as mine:
            return mine.add([item(number)])

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(opened, range(24))) == 24


def test_another_programs_short_lock_is_waited_for(journal: Journal) -> None:
    other = sqlite3.connect(journal.path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.3, lambda: other.execute("COMMIT"))
    timer.start()
    assert journal.add([item(1)]) == 1
    timer.join()


def test_another_programs_long_lock_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    Journal(path, create=True).close()
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        mine = db.connected(path, create=False, wait=0.1)
        start = time.monotonic()
        with (
            pytest.raises(ScanLocked, match=r"another program holds .*journal\.sqlite"),
            db.writing(mine, path),
        ):
            pass
        assert time.monotonic() - start < 20


def test_how_long_a_lock_is_waited_for_can_be_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal.sqlite"
    waits = []
    for seconds in ("30", "0.25"):
        monkeypatch.setenv(db.WAIT_VARIABLE, seconds)
        connection = db.connected(path, create=True)
        waits.append(connection.execute("PRAGMA busy_timeout").fetchone()[0])
        connection.close()
    assert waits == [30_000, 250]


def test_a_full_disk_is_told_as_such_and_leaves_what_was_there(journal: Journal) -> None:
    journal.add([item(1)])
    (entry,) = journal.pending()
    pages = journal._connection.execute("PRAGMA page_count").fetchone()[0]
    journal._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(ScanFull, match="make room and resume"):
        journal.finish([(entry.number, replace(outcome(1), preview=b"x" * 100_000))])
    journal._connection.execute("PRAGMA max_page_count = 1000000")
    assert journal.counts().pending == 1
    journal.finish([(entry.number, outcome(1))])
    assert journal.counts().done == 1


@pytest.mark.parametrize(
    ("spoil", "error", "said"),
    [
        (lambda path: path.write_bytes(b"no database at all" * 99), ScanError, "cannot be used"),
        (lambda path: path.unlink(), ScanMismatch, "holds no scan"),
        (lambda path: _version(path, 99), ScanMismatch, "newer version"),
    ],
)
def test_a_journal_that_is_none_is_an_error(
    tmp_path: Path, spoil: Callable[[Path], None], error: type[Exception], said: str
) -> None:
    path = tmp_path / "journal.sqlite"
    Journal(path, create=True).close()
    spoil(path)
    with pytest.raises(error, match=said):
        Journal(path)


def _version(path: Path, number: int) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {number}")
    connection.close()
