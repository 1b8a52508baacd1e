"""Rows as files: what is written is read again, by us and by others."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forensics.errors import ScanError, ScanFull
from forensics.scan.row import ROW_VERSION, DetectorRow, Match, ScanRow, State, StepTime
from forensics.scan.sinks import FORMATS, read_parts, write_parts
from forensics.scan.sinks.columns import arrow_schema, flat_names

TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=12)
NUMBERS = st.floats(-50, 50).map(lambda value: round(value, 3))
ROWS = st.builds(
    ScanRow,
    id=TEXT,
    source=TEXT,
    state=st.sampled_from(State),
    signer=TEXT,
    llr_synthetic=NUMBERS,
    watermark_p=st.none() | st.floats(0, 1),
    name_matches=st.booleans(),
    contradictions=st.lists(TEXT, max_size=2).map(tuple),
    detectors=st.lists(
        st.builds(
            DetectorRow,
            detector=TEXT,
            version=TEXT,
            code=TEXT,
            question=TEXT,
            status=TEXT,
            llr=st.none() | NUMBERS,
            p_value=st.none() | st.floats(0, 1),
        ),
        max_size=2,
    ).map(tuple),
    matches=st.lists(
        st.builds(Match, list=TEXT, kind=TEXT, value=TEXT, distance=st.integers(0, 256), label=TEXT),
        max_size=2,
    ).map(tuple),
    timings=st.lists(st.builds(StepTime, step=TEXT, seconds=NUMBERS), max_size=2).map(tuple),
)


def rows(count: int) -> list[ScanRow]:
    return [
        ScanRow(
            id=f"/in/{n:03d}.jpg", source="/in", state=State.OK, verdict="inconclusive", llr_altered=n / 8
        )
        for n in range(count)
    ]


@pytest.mark.parametrize("kind", FORMATS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(st.lists(ROWS, max_size=5))
def test_rows_come_back_as_they_were(tmp_path: Path, kind: str, made: list[ScanRow]) -> None:
    write_parts(made, tmp_path / "rows", kind, part_rows=2)
    assert list(read_parts(tmp_path / "rows")) == made


@pytest.mark.parametrize("kind", FORMATS)
def test_parts_are_as_large_as_asked_and_digests_are_theirs(tmp_path: Path, kind: str) -> None:
    parts = write_parts(rows(7), tmp_path, kind, part_rows=3)
    assert [part.rows for part in parts] == [3, 3, 1]
    for part in parts:
        assert hashlib.sha256((tmp_path / part.name).read_bytes()).hexdigest() == part.sha256


def test_fewer_rows_leave_no_part_of_before_behind(tmp_path: Path) -> None:
    write_parts(rows(7), tmp_path, "parquet", part_rows=2)
    (tmp_path / "notes.txt").write_text("mine")
    write_parts(rows(2), tmp_path, "csv", part_rows=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.txt", "part-00000.csv"]


def test_a_part_takes_the_place_of_another_as_a_whole(tmp_path: Path) -> None:
    write_parts(rows(3), tmp_path / "rows", "jsonl")
    (tmp_path / "reader").hardlink_to(tmp_path / "rows" / "part-00000.jsonl")  # as one that has it open
    before = (tmp_path / "reader").read_bytes()
    write_parts(rows(2), tmp_path / "rows", "jsonl")
    assert (tmp_path / "reader").read_bytes() == before
    assert len(list(read_parts(tmp_path / "rows"))) == 2


def test_no_rows_are_a_part_without_rows(tmp_path: Path) -> None:
    (part,) = write_parts([], tmp_path, "parquet")
    assert part.rows == 0
    assert list(read_parts(tmp_path)) == []


def test_parquet_has_the_columns_their_version_and_zstd(tmp_path: Path) -> None:
    write_parts(rows(3), tmp_path, "parquet")
    file = pq.ParquetFile(tmp_path / "part-00000.parquet")
    assert file.schema_arrow.names == flat_names()
    assert file.schema_arrow.metadata[b"forensics.row_version"] == ROW_VERSION.encode()
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"
    assert str(arrow_schema().field("detectors").type).startswith("list<")


@pytest.mark.parametrize(
    ("kind", "reader"), [("parquet", "read_parquet"), ("jsonl", "read_json_auto"), ("csv", "read_csv_auto")]
)
def test_duckdb_reads_every_format(tmp_path: Path, kind: str, reader: str) -> None:
    write_parts(rows(5), tmp_path, kind, part_rows=2)
    query = f"SELECT count(*), sum(llr_altered) FROM {reader}('{tmp_path}/part-*')"  # noqa: S608
    (found,) = duckdb.connect().execute(query).fetchall()
    assert found == (5, pytest.approx(10 / 8))


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "'=1"])
def test_a_spreadsheet_takes_no_text_for_a_formula(tmp_path: Path, name: str) -> None:
    write_parts([ScanRow(id=name, source="s", state=State.OK)], tmp_path, "csv")
    with (tmp_path / "part-00000.csv").open(newline="") as lines:
        (record,) = csv.DictReader(lines)
    assert not record["id"].startswith(("=", "+", "-", "@", "\t", "\r"))
    assert next(read_parts(tmp_path)).id == name


def test_lists_in_csv_are_json(tmp_path: Path) -> None:
    write_parts([ScanRow(id="a", source="s", state=State.OK, contradictions=("x", "y"))], tmp_path, "csv")
    with (tmp_path / "part-00000.csv").open(newline="") as lines:
        (record,) = csv.DictReader(lines)
    assert json.loads(record["contradictions"]) == ["x", "y"]


def test_damaged_parts_and_none_are_errors(tmp_path: Path) -> None:
    with pytest.raises(ScanError, match="there are no rows"):
        list(read_parts(tmp_path))
    (tmp_path / "part-00000.parquet").write_bytes(b"PAR1 and nothing more")
    with pytest.raises(ScanError, match="cannot be read"):
        list(read_parts(tmp_path))


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "rows").write_text("a file")
    with pytest.raises(ScanFull, match="cannot be written"):
        write_parts(rows(1), tmp_path / "rows", "jsonl")
