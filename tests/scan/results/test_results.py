"""Working with results: numbers, queries, comparisons, exports."""

from __future__ import annotations

import csv
import sqlite3
from pathlib import Path

import pytest

from forensics.errors import ScanError, UsageError
from forensics.scan.items import Item, Locator
from forensics.scan.journal import Journal
from forensics.scan.packed import Packed
from forensics.scan.results import compare, export_rows, open_results, query, summarise
from forensics.scan.row import DetectorRow, Match, ScanRow, State, StepTime
from forensics.scan.run import JOURNAL
from forensics.scan.sinks import read_parts
from forensics.scan.worker import Outcome


def detector(llr: float, version: str = "1") -> DetectorRow:
    return DetectorRow(
        detector="dct", version=version, code="dct.score", question="synthetic", status="signal", llr=llr
    )


def row(name: str, **fields: object) -> ScanRow:
    values = {"id": name, "source": "in", "state": State.OK, "verdict": "inconclusive", **fields}
    return ScanRow.model_validate(values)


ROWS = (
    row("a", bytes=10, format="jpeg", seconds=1.0, timings=(StepTime(step="decode", seconds=0.75),)),
    row("b", bytes=20, format="png", verdict="synthetic", watermark="watermark.found", signer="=cmd()"),
    row("c", state=State.UNREADABLE, verdict="unreadable", reason="truncated", bytes=3),
    row("d", state=State.QUARANTINED, verdict="", reason="crash"),
    row("e", duplicate_of="a", cluster="a", matches=(Match(list="known", kind="md5", value="x"),)),
    row("f", cluster="a", contradictions=("broken_chain",), credential_state="invalid"),
)


def folder_of(path: Path, rows: tuple[ScanRow, ...]) -> Path:
    """Return the folder of a scan that is not finished."""
    path.mkdir()
    with Journal(path / JOURNAL, create=True) as journal:
        journal.add(Item(r.id, r.source, Locator("file", r.id), r.id) for r in rows)
        journal.finish(
            [(e.number, Packed.of(Outcome(r))) for e, r in zip(list(journal.pending()), rows, strict=True)]
        )
    return path


def test_the_numbers_are_those_of_the_rows(tmp_path: Path) -> None:
    found = summarise(open_results(folder_of(tmp_path / "out", ROWS)).rows())
    assert (found.files, found.bytes, found.duplicates, found.clusters) == (6, 33, 1, 1)
    assert found.states == {"ok": 4, "quarantined": 1, "unreadable": 1}
    assert found.verdicts == {"inconclusive": 3, "synthetic": 1, "unreadable": 1}
    assert found.reasons == {"crash": 1, "truncated": 1}
    assert found.matches == {"known": 1}
    assert found.contradictions == {"broken_chain": 1}
    assert found.steps == {"decode": 0.75}
    assert found.seconds is not None
    assert (found.seconds.count, found.seconds.median) == (1, 1.0)
    assert summarise([]).files == 0


def test_rows_answer_queries_and_nothing_else_does(tmp_path: Path) -> None:
    results = open_results(folder_of(tmp_path / "out", ROWS))
    table = query(results, "SELECT verdict, count(*) AS n FROM rows GROUP BY 1 ORDER BY n DESC, 1")
    assert table.columns == ("verdict", "n")
    assert table.rows[0] == ("inconclusive", 3)
    found = query(results, "reason <> '' ORDER BY id")
    assert [r[found.columns.index("id")] for r in found.rows] == ["c", "d"]
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    for bad in (
        "SELECT nothing FROM rows",
        "SELEC",
        f"SELECT * FROM read_csv_auto('{secret}')",  # noqa: S608
        f"SELECT * FROM rows; COPY rows TO '{tmp_path}/stolen.csv'",  # noqa: S608
        "SELECT 1; SET enable_external_access = true",
        "SELECT 1; SET memory_limit = '99GB'",
    ):
        with pytest.raises(UsageError, match="the query is wrong"):
            query(results, bad)
    assert not (tmp_path / "stolen.csv").exists()


def test_what_changed_is_told_with_its_reasons(tmp_path: Path) -> None:
    before = (
        row("same", sha256="1"),
        row("content", sha256="1"),
        row("weight", sha256="1", detectors=(detector(0.1),)),
        row("signer", sha256="1", credential_state="trusted", signer="A", verdict="captured"),
        row("torn", sha256="1", contradictions=("one",)),
        row("gone"),
    )
    after = (
        row("same", sha256="1", seconds=9.0),
        row("content", sha256="2", verdict="altered"),
        row("weight", sha256="1", verdict="likely_synthetic", detectors=(detector(2.5, "2"),)),
        row("signer", sha256="1", credential_state="valid_untrusted", signer="A"),
        row("torn", sha256="1", verdict="contradictory", contradictions=("one", "two")),
        row("new"),
    )
    found = compare(
        open_results(folder_of(tmp_path / "one", before)), open_results(folder_of(tmp_path / "two", after))
    )
    assert (found.same, found.added, found.removed) == (1, ("new",), ("gone",))
    why = {change.id: change.why for change in found.changed}
    assert why["content"] == ("the content of the file changed",)
    assert why["weight"] == ("dct, synthetic: +0.10 -> +2.50 (version 1 -> 2)",)
    assert why["signer"] == ("credentials: trusted -> valid_untrusted",)
    assert why["torn"] == ("contradictions: one -> one, two",)
    assert found.moves["captured -> inconclusive"] == 1
    assert found.settings == ("one of the scans is not finished",)


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_an_export_holds_the_rows(tmp_path: Path, kind: str) -> None:
    (tmp_path / "out").mkdir()
    assert export_rows(ROWS, tmp_path / "out" / f"part-00000.{kind}", kind) == 6
    assert tuple(read_parts(tmp_path / "out")) == ROWS


def test_an_export_to_sqlite_can_be_asked(tmp_path: Path) -> None:
    assert export_rows(iter(ROWS), tmp_path / "rows.sqlite", "sqlite") == 6
    with sqlite3.connect(tmp_path / "rows.sqlite") as connection:
        found = connection.execute("SELECT id, bytes FROM rows WHERE verdict = 'synthetic'").fetchall()
    connection.close()
    assert found == [("b", 20)]
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["rows.sqlite"]


def test_an_export_for_spreadsheets_holds_no_formula(tmp_path: Path) -> None:
    export_rows(ROWS, tmp_path / "rows.csv", "csv")
    with (tmp_path / "rows.csv").open(newline="") as lines:
        signers = [record["signer"] for record in csv.DictReader(lines)]
    assert "'=cmd()" in signers
    assert "=cmd()" not in signers


def test_folders_without_a_scan_are_errors(tmp_path: Path) -> None:
    with pytest.raises(ScanError, match="holds no scan"):
        open_results(tmp_path)
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(ScanError, match="cannot be read"):
        open_results(tmp_path)
    with pytest.raises(UsageError, match="no format"):
        export_rows(ROWS, tmp_path / "x", "xls")
