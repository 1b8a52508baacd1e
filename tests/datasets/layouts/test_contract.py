"""What holds of every layout: found in its own tree, refused elsewhere, complete about itself."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path

import pytest

from forensics.datasets.layouts import (
    LAYOUTS,
    Archive,
    Label,
    Record,
    check_archives,
    groups,
    read_layout,
)
from forensics.errors import RegistryError, UsageError
from tests.datasets.layouts.trees import TREES, grow

NAMES = LAYOUTS.names()


def test_every_layout_has_a_tree() -> None:
    assert set(TREES) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_records_are_files_of_the_tree_in_order_and_once(name: str, tmp_path: Path) -> None:
    root = grow(tmp_path, name)
    found = read_layout(name, root)
    paths = [record.path for record in found.records]
    assert len(paths) == len(set(paths))
    assert all(path.is_file() and root in path.parents for path in paths)
    assert all(record.source and (record.mask is None or record.mask.is_file()) for record in found.records)
    assert all(bool(record.method) != (record.label is Label.REAL) for record in found.records)
    assert {record.split for record in found.records} <= {"", "train", "val", "test"}
    assert read_layout(name, root) == found


@pytest.mark.parametrize("name", NAMES)
def test_another_tree_is_refused_and_the_message_says_what_was_expected(name: str, tmp_path: Path) -> None:
    (tmp_path / "holiday").mkdir()
    (tmp_path / "holiday" / "beach.jpg").write_bytes(b"")
    with pytest.raises(UsageError, match="expected") as caught:
        read_layout(name, tmp_path)
    assert caught.value.expected == LAYOUTS.get(name).expects


@pytest.mark.parametrize("name", NAMES)
def test_the_description_is_complete(name: str) -> None:
    layout = LAYOUTS.get(name)
    assert layout.name == name
    assert all((layout.title, layout.about, layout.licence, layout.source, layout.expects))
    assert layout.where.startswith("http")
    assert all(re.fullmatch("[0-9a-f]{64}", archive.sha256) and archive.source for archive in layout.archives)


def test_a_folder_that_is_none_and_a_name_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no folder"):
        read_layout("casia2", tmp_path / "nowhere")
    with pytest.raises(RegistryError, match="there are"):
        read_layout("imagenet", tmp_path)


def test_archives_are_compared_with_what_was_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = LAYOUTS.get("cyclegan")
    digest = hashlib.sha256(b"as published").hexdigest()
    two = (
        Archive("good.zip", digest, "us"),
        Archive("bad.zip", digest, "us"),
        Archive("no.zip", digest, "us"),
    )
    monkeypatch.setitem(LAYOUTS._members, "cyclegan", replace(layout, archives=two))
    (tmp_path / "good.zip").write_bytes(b"as published")
    (tmp_path / "bad.zip").write_bytes(b"something else")
    assert [(c.path.name, c.holds) for c in check_archives("cyclegan", tmp_path)] == [
        ("good.zip", True),
        ("bad.zip", False),
    ]
    assert check_archives("casia2", tmp_path) == ()


def test_groups_join_what_shares_anything_even_by_others() -> None:
    def record(source: str, *donors: str) -> Record:
        return Record(Path(source), Label.REAL, source, donors=donors)

    numbers = groups([record("a", "b"), record("c", "d"), record("e"), record("d", "b"), record("f", "e")])
    assert numbers == (0, 0, 1, 0, 1)
    assert groups([]) == ()
