"""The reader: what stays open is bounded, and what cannot be had has its reason."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from forensics.errors import ArchiveError, NotAFile, SourceError
from forensics.scan.items import Item, Locator
from forensics.scan.reading import Reader

from ..gathering import content, items, tar_of

HANDLES = Path("/proc/self/fd")


def test_refused_items_raise_what_they_say() -> None:
    item = Item("x", "x", Locator("refused", reason="special_file", message="this is a pipe"))
    with Reader() as reader, pytest.raises(SourceError, match="this is a pipe") as caught:
        reader.open(item)
    assert (caught.value.reason, caught.value.code) == ("special_file", "source")


def test_errors_cross_processes_with_their_reasons() -> None:
    error = pickle.loads(pickle.dumps(ArchiveError("cut", reason="archive_truncated", expected=5)))  # noqa: S301
    assert (str(error), error.reason, error.expected) == ("cut", "archive_truncated", 5)


def test_archives_that_are_gone_are_told(tmp_path: Path) -> None:
    listed = items(tar_of(tmp_path / "a.tar", {"a": b"1"}))
    (tmp_path / "a.tar").unlink()
    with Reader() as reader, pytest.raises(NotAFile):
        reader.open(listed[0])


def test_locators_survive_the_journal(tmp_path: Path) -> None:
    listed = items(tar_of(tmp_path / "a.tar", {"a": b"1", "b": b"2"}))
    again = [Item(item.id, item.source, Locator.from_record(item.locator.as_record())) for item in listed]
    with Reader() as reader:
        assert [content(reader, item) for item in again] == [b"1", b"2"]


@pytest.mark.skipif(not HANDLES.is_dir(), reason="open files cannot be counted here")
def test_few_archives_stay_open_and_none_in_the_end(tmp_path: Path) -> None:
    before = len(os.listdir(HANDLES))
    listed = items(*(tar_of(tmp_path / f"{n}.tar", {"a": b"1"}) for n in range(30)))
    assert len(os.listdir(HANDLES)) == before
    reader = Reader()
    for item in listed:
        assert content(reader, item) == b"1"
    assert len(os.listdir(HANDLES)) - before <= 4
    reader.close()
    assert len(os.listdir(HANDLES)) == before
