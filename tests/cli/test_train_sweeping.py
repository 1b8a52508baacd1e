"""Tables and drawings of sweeps over time; no PyTorch."""

from __future__ import annotations

import csv
from pathlib import Path
from xml.etree import ElementTree

import pytest

from forensics.cli.train.sweeping import DRAWING, TABLE, Swept, budgets_of, run_folder, write_sweep
from forensics.errors import UsageError


def swept(minutes: float, taken: float, **measured: float) -> Swept:
    return Swept(minutes, taken, int(100 * taken), int(800 * taken), measured)


def test_minutes_are_read_the_least_first() -> None:
    assert budgets_of("4, 0.5,1") == (0.5, 1.0, 4.0)
    assert [run_folder(Path("a"), minutes).name for minutes in (0.5, 1.0)] == ["minutes-0.5", "minutes-1"]


@pytest.mark.parametrize(
    "text", ["", "1", "1,1", "1,1.0,2", "1,two", "0,1", "-1,1", "1,nan", "1,inf", "1,,2"]
)
def test_other_minutes_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="two or more different numbers"):
        budgets_of(text)


def test_every_run_is_a_row_and_a_point(tmp_path: Path) -> None:
    runs = [swept(1, 1.0, error=0.5, bits=4.0), swept(2, 2.0, error=0.25, bits=3.0)]
    write_sweep(tmp_path, runs[:1], "flow")
    assert not (tmp_path / DRAWING).exists()
    write_sweep(tmp_path, runs, "flow")
    with (tmp_path / TABLE).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [{name: float(value) for name, value in row.items()} for row in rows] == [
        {"minutes": 1, "minutes taken": 1, "steps": 100, "images": 800, "error": 0.5, "bits": 4},
        {"minutes": 2, "minutes taken": 2, "steps": 200, "images": 1600, "error": 0.25, "bits": 3},
    ]
    page = ElementTree.fromstring((tmp_path / DRAWING).read_text(encoding="utf-8"))  # noqa: S314 - our own
    lines = [e for e in page.iter() if e.tag.endswith("polyline")]
    assert [len(line.attrib["points"].split()) for line in lines] == [2, 2]


def test_a_run_that_was_through_before_its_time_says_so() -> None:
    assert swept(2, 1.5).early
    assert not swept(2, 2.01).early
    assert not swept(0.00001, 0.0).early  # too short for the log to tell
