"""The next file is fetched beside the work on one, and nothing is mixed up by that."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from forensics.errors import SourceError
from forensics.scan.items import Item, Locator
from forensics.scan.reading import Reader
from forensics.scan.reading.ahead import Ahead, read_ahead
from forensics.scan.reading.remote import Remote


def remote(name: str, length: int = 7) -> Item:
    return Item(name, "s3://b", Locator("remote", f"s3://b/{name}", length=length), name)


def test_what_was_begun_is_fetched_at_once_and_taken_once() -> None:
    ahead, begun, asked = Ahead(), threading.Event(), []

    def fetch(item: Item) -> bytes:
        asked.append(item.id)
        begun.set()
        return item.id.encode()

    assert ahead.taken(remote("a")) is None
    ahead.begin(remote("a"), fetch)
    assert begun.wait(30), "nobody fetches it before it is taken"
    assert ahead.taken(remote("a")) == b"a"
    assert ahead.taken(remote("a")) is None
    assert asked == ["a"]


def test_only_what_was_begun_is_given() -> None:
    ahead = Ahead()
    ahead.begin(remote("a"), lambda item: b"a")
    assert ahead.taken(remote("b")) is None
    assert ahead.taken(remote("a")) is None, "its turn is over"


def test_an_item_that_changed_since_is_fetched_again() -> None:
    ahead = Ahead()
    ahead.begin(remote("a"), lambda item: b"before")
    assert ahead.taken(replace(remote("a"), modified=2.0)) is None


@pytest.mark.parametrize("error", [SourceError("gone", reason="io_not_found"), MemoryError(), SystemExit(1)])
def test_what_fetching_raises_is_raised_when_it_is_taken(error: BaseException) -> None:
    ahead = Ahead()

    def fetch(item: Item) -> bytes:
        raise error

    ahead.begin(remote("a"), fetch)
    ahead.wait()
    with pytest.raises(type(error)) as caught:
        ahead.taken(remote("a"))
    assert caught.value is error


@pytest.mark.parametrize("length", [-1, (16 << 20) + 1])
def test_what_is_large_or_of_unknown_size_waits_for_its_turn(length: int) -> None:
    ahead, asked = Ahead(), []
    ahead.begin(remote("a", length), lambda item: asked.append(item) or b"")
    assert ahead.taken(remote("a", length)) is None
    assert asked == []


def test_one_is_fetched_at_a_time() -> None:
    ahead, running, most, lock = Ahead(), 0, 0, threading.Lock()

    def fetch(item: Item) -> bytes:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.02)
        with lock:
            running -= 1
        return item.id.encode()

    for number in range(6):
        ahead.begin(remote(str(number)), fetch)
        if number % 2:
            assert ahead.taken(remote(str(number))) == str(number).encode()
    ahead.wait()
    assert most == 1


def test_files_that_cannot_be_read_ahead_are_left_for_later(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x" * 5000)
    for path in (tmp_path / "a.jpg", tmp_path, tmp_path / "none", Path("/dev/zero"), Path("zero\0byte")):
        read_ahead(path)


def test_a_reader_fetches_each_file_once_whether_it_was_expected_or_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def read(self: Remote, item: Item) -> bytes:
        asked.append(item.id)
        return item.id.encode()

    monkeypatch.setattr(Remote, "read", read)
    with Reader() as reader:
        for number in range(4):
            seen = reader.open(remote(str(number))).data
            assert seen == str(number).encode()
            if number != 1:
                reader.expect(remote(str(number + 1)))
    assert asked == ["0", "1", "2", "3", "4"]
