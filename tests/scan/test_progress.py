"""How far a scan is, as monitoring reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from forensics.errors import ScanFull
from forensics.scan.journal import Counts
from forensics.scan.packed import Packed
from forensics.scan.progress import Progress, Tally, prometheus, write_metrics
from forensics.scan.row import ScanRow, State
from forensics.scan.worker import Outcome


def progress(done: int) -> Progress:
    return Progress("working", 9, done, 10, 1.0, 2.0, 10.0, 1.5, {"ok": done})


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    write_metrics(progress(1), tmp_path / "scan.prom")
    (tmp_path / "reader").hardlink_to(tmp_path / "scan.prom")  # as one that has it open
    write_metrics(progress(2), tmp_path / "scan.prom")
    assert (tmp_path / "reader").read_text() == prometheus(progress(1))
    assert (tmp_path / "scan.prom").read_text() == prometheus(progress(2))
    with pytest.raises(ScanFull, match="metrics cannot be written"):
        write_metrics(progress(1), tmp_path / "none" / "scan.prom")


def test_rows_of_earlier_runs_count_and_those_of_this_one_are_added() -> None:
    tally = Tally(Counts(5, 3, 20, {"ok": 2}, {"captured": 2}, {}, {}))
    row = ScanRow(id="a", source="s", state=State.QUARANTINED, reason="crash", bytes=7)
    tally.add(Packed.of(Outcome(row)))
    told = tally.progress("working")
    assert (told.listed, told.done, told.bytes) == (5, 3, 27)
    assert told.states == {"ok": 2, "quarantined": 1}
    assert told.reasons == {"crash": 1}
    assert told.eta is not None
    assert tally.progress("done").eta is None
