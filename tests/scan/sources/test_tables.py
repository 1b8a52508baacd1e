"""Tables: rows with bytes and rows with paths, columns that are guessed or named, and damage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.scan.items import Item
from forensics.scan.reading import Reader
from forensics.scan.sources import ArchiveLimits, Listing, listed

from ..gathering import content, contents, found, items, lefts

pyarrow: Any = pytest.importorskip("pyarrow")
parquet: Any = pytest.importorskip("pyarrow.parquet")


def table_of(path: Path, columns: dict[str, Any], **options: Any) -> Path:
    parquet.write_table(pyarrow.table(columns), path, **options)
    return path


def pictures(count: int) -> list[bytes]:
    return [bytes([n]) * (n * 7 % 100) for n in range(count)]


@pytest.mark.parametrize("compression", ["snappy", "zstd", "none"])
def test_records_as_hugging_face_writes_them(tmp_path: Path, compression: str) -> None:
    images = [{"bytes": data, "path": f"d/{n}.jpg"} for n, data in enumerate(pictures(50))]
    columns = {"label": list(range(50)), "image": images}
    path = table_of(tmp_path / "train.parquet", columns, row_group_size=7, compression=compression)
    rows = items(path)
    assert [item.id for item in rows] == [f"{path}#{n}" for n in range(50)]
    assert [item.name for item in rows[:2]] == ["0.jpg", "1.jpg"]
    assert list(contents(rows).values()) == pictures(50)
    assert list(contents(rows[::-1]).values()) == pictures(50)[::-1]


def test_a_column_of_bytes(tmp_path: Path) -> None:
    path = table_of(tmp_path / "t.parquet", {"id": ["a", "b"], "webp": [b"1", None]})
    assert list(contents(items(path)).values()) == [b"1", "table_value"]
    large = pyarrow.array([b"1", b"2"], pyarrow.large_binary())
    assert list(contents(items(table_of(path, {"anything": large}))).values()) == [b"1", b"2"]


def test_rows_with_too_many_bytes_are_refused(tmp_path: Path) -> None:
    path = table_of(tmp_path / "t.parquet", {"image": [bytes(1 << 20)] * 200, "path": ["x"] * 200})
    with Reader(ArchiveLimits(member_bytes=1000)) as reader:
        assert content(reader, items(path)[150]) == "archive_size"
    few = items(path, how=Listing(limits=ArchiveLimits(members=3)))
    assert [item.locator.reason for item in few] == ["", "", "", "table_rows"]


@pytest.mark.parametrize("ending", ["parquet", "csv", "tsv", "jsonl"])
def test_paths_are_relative_to_the_table(tmp_path: Path, ending: str) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a b.jpg").write_bytes(b"picture")
    rows = ["d/a b.jpg", "gone.jpg", "", "https://example.org/x.jpg", "d", str(tmp_path / "d" / "a b.jpg")]
    path = tmp_path / f"t.{ending}"
    if ending == "parquet":
        table_of(path, {"label": ["x"] * 6, "File_Name": rows})
    elif ending == "jsonl":
        path.write_text("\n".join(json.dumps({"label": 1, "File_Name": row}) for row in rows))
    else:
        mark = "," if ending == "csv" else "\t"
        path.write_text(f"\ufefflabel{mark}File_Name\n" + "".join(f'x{mark}"{row}"\n' for row in rows))
    assert list(contents(items(path)).items()) == [
        (f"{path}#0", b"picture"),
        (f"{path}#1", "io_not_found"),
        (f"{path}#2", "table_value"),
        (f"{path}#3", "network_not_allowed"),
        (f"{path}#4", "special_file"),
        (f"{path}#5", b"picture"),
    ]


def test_columns_are_guessed_named_or_missing(tmp_path: Path) -> None:
    (tmp_path / "1").write_bytes(b"one")
    (tmp_path / "2").write_bytes(b"two")
    path = tmp_path / "t.csv"
    path.write_text("URL;path;mine\nhttp://example.org/;1;2\n")
    assert list(contents(items(path)).values()) == [b"one"]
    assert list(contents(items(path, how=Listing(column="mine"))).values()) == [b"two"]
    for column, text in (("no", "path\n1\n"), ("", "what,ever\n1,2\n"), ("", "")):
        path.write_text(text)
        (refused,) = items(path, how=Listing(column=column))
        assert (refused.id, refused.locator.reason) == (str(path), "table_column")
    table_of(tmp_path / "t.parquet", {"number": [1], "flag": [True]})
    for column in ("", "number", "gone"):
        (refused,) = items(tmp_path / "t.parquet", how=Listing(column=column))
        assert refused.locator.reason == "table_column"


def test_a_value_that_many_rows_share_is_held_once(tmp_path: Path) -> None:
    shared = pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * 3000), pyarrow.array(["p" * (1 << 20)]))
    path = table_of(tmp_path / "t.parquet", {"path": shared})
    assert path.stat().st_size < 1 << 20
    pool = pyarrow.default_memory_pool()
    before = pool.bytes_allocated()
    count = 0
    for _ in listed([str(path)], Listing()):
        count += 1
        assert pool.bytes_allocated() - before < 100 << 20
    assert count == 3000


def test_rules_hold_for_rows(tmp_path: Path) -> None:
    images = [{"bytes": b"1", "path": name} for name in ("a.jpg", "b.png", None)]
    path = table_of(tmp_path / "t.parquet", {"image": images})
    assert [item.id for item in items(path, how=Listing(include=("*.jpg",)))] == [f"{path}#0"]
    assert [one.reason for one in lefts(path, how=Listing(exclude=("*.jpg",)))] == ["excluded"]
    assert [one.reason for one in lefts(path, how=Listing(since=9e12))] == ["older"] * 3


def test_an_empty_table_is_left_and_one_in_a_folder_is_a_file(tmp_path: Path) -> None:
    path = table_of(tmp_path / "t.parquet", {"image": pyarrow.array([], pyarrow.binary())})
    assert [one.reason for one in lefts(path)] == ["empty"]
    assert [item.locator.kind for item in items(tmp_path)] == ["file"]


def test_damaged_tables_give_the_rows_before(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).touch()
    path = tmp_path / "t.jsonl"
    path.write_text('{"path": "a"}\n\n{"path": 7}\n["b"]\n{"path": "b"\n')
    assert [item.locator.reason for item in items(path)] == [
        "",
        "table_value",
        "table_value",
        "table_damaged",
    ]
    path.write_text('{"path": "a"}\n' + "[" * 100_000)
    assert [item.locator.reason for item in items(path)] == ["", "table_damaged"]
    path = tmp_path / "t.csv"
    path.write_bytes(b"path\na\n" + b"x" * (2 << 20))
    assert [item.locator.reason for item in items(path)] == ["", "table_damaged"]
    path.write_bytes(b'path\na\n"' + b"x" * 200_000 + b'"\nb\n')
    assert [item.locator.reason for item in items(path)] == ["", "table_damaged"]
    path = tmp_path / "t.parquet"
    path.write_bytes(b"PAR1 this is none PAR1")
    assert [item.locator.reason for item in items(path)] == ["table_damaged"]


@given(st.data())
def test_damaged_parquet_never_raises(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.parquet"
    table_of(path, {"image": [{"bytes": b"abc", "path": "x"}] * 9}, row_group_size=4)
    whole = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(len(whole) // 2, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(whole[: data.draw(st.integers(0, len(whole)))]))
    all_of = [
        one for one in found(path, how=Listing(limits=ArchiveLimits(members=20))) if isinstance(one, Item)
    ]
    assert len(contents(all_of)) == len(all_of)


@given(st.binary(max_size=300), st.sampled_from(["csv", "tsv", "jsonl"]))
def test_garbage_never_raises(tmp_path_factory: pytest.TempPathFactory, data: bytes, ending: str) -> None:
    path = tmp_path_factory.getbasetemp() / f"garbage.{ending}"
    path.write_bytes(b"path\n" + data if ending != "jsonl" else data)
    assert found(path)
