"""Folders of processes that were killed are removed by the next one; nothing else is."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import pytest

from forensics.scan.engines.scratch import PREFIX, scratch
from forensics.scan.journal.lock import locked


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def left_behind(folder: Path, hours: float) -> Path:
    folder.mkdir()
    (folder / "1.chunk").write_bytes(b"x")
    then = time.time() - 3600 * hours
    os.utime(folder, (then, then))
    return folder


def test_it_goes_with_the_process(place: Path) -> None:
    with scratch() as folder:
        (folder / "1.chunk").write_bytes(b"x")
        assert folder.parent == place
    assert list(place.iterdir()) == []


def test_what_a_killed_process_left_is_removed(place: Path) -> None:
    old = left_behind(place / f"{PREFIX}old", 2)
    with scratch():
        assert not old.exists()


def test_what_is_young_or_in_use_or_not_ours_is_left(
    place: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    young, used = left_behind(place / f"{PREFIX}young", 0), left_behind(place / f"{PREFIX}used", 2)
    other = left_behind(place / "something-else", 2)
    target = left_behind(tmp_path_factory.mktemp("other") / "target", 2)
    (place / f"{PREFIX}link").symlink_to(target)
    with locked(used):
        then = time.time() - 7200
        os.utime(used, (then, then))
        with scratch():
            pass
    assert all((folder / "1.chunk").exists() for folder in (young, used, other, target))
