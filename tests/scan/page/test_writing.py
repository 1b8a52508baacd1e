"""The folder of a page comes whole or not at all, and replaces nothing but a page."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from forensics.errors import UsageError
from forensics.scan.page import write_page
from forensics.scan.page.writing import MARKER, SCRIPTS, STYLES
from forensics.scan.row import ScanRow

from .samples import Source, row, whole

STATIC = Path(write_page.__code__.co_filename).parent / "static"


class Breaking(Source):
    def rows(self) -> Iterator[ScanRow]:
        yield row(1)
        raise KeyboardInterrupt


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_page_is_written_and_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "page"
    assert write_page(whole(600), folder) == folder / "index.html"
    assert names(folder) == {"index.html", "app", "data", MARKER}
    before = names(folder / "data")
    write_page(Source([row(1)]), folder)
    assert names(folder / "data") < before
    assert names(tmp_path / "new") == {"page"}


def test_an_empty_folder_may_be_taken(tmp_path: Path) -> None:
    (tmp_path / "page").mkdir()
    assert write_page(Source([]), tmp_path / "page").is_file()


def test_an_interrupted_run_leaves_the_old_page(tmp_path: Path) -> None:
    folder = tmp_path / "page"
    old = write_page(Source([row(2)]), folder).read_bytes()
    with pytest.raises(KeyboardInterrupt):
        write_page(Breaking([]), folder)
    assert (folder / "index.html").read_bytes() == old
    assert names(tmp_path) == {"page"}


def test_a_failed_move_puts_the_old_page_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "page"
    old = write_page(Source([row(2)]), folder).read_bytes()
    rename = os.rename

    def failing(source: Path, target: Path) -> None:
        if Path(source).suffix == ".part":
            raise OSError(28, "No space left on device")
        rename(source, target)

    monkeypatch.setattr(os, "rename", failing)
    with pytest.raises(UsageError, match="No space left"):
        write_page(Source([]), folder)
    assert (folder / "index.html").read_bytes() == old
    assert names(tmp_path) == {"page"}


def test_nothing_else_is_replaced(tmp_path: Path) -> None:
    file, other, link = tmp_path / "file", tmp_path / "photos", tmp_path / "link"
    file.write_text("mine")
    other.mkdir()
    (other / "index.html").write_text("mine")
    link.symlink_to(other)
    for place in (file, other, link, tmp_path / "file" / "page"):
        with pytest.raises(UsageError):
            write_page(Source([]), place)
    assert (other / "index.html").read_text() == "mine"
    assert names(tmp_path) == {"file", "photos", "link"}


@pytest.mark.parametrize("name", ["notes.txt", "data/evidence.zip", "app/own.py", "more/"])
def test_a_page_with_something_of_the_user_beside_it_stays(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "page"
    write_page(Source([row(1)]), folder)
    if name.endswith("/"):
        (folder / name).mkdir()
    else:
        (folder / name).write_text("mine")
    with pytest.raises(UsageError, match="beside it"):
        write_page(Source([]), folder)
    assert (folder / name).exists()


def test_rows_are_gone_through_once_and_not_kept(tmp_path: Path) -> None:
    alive = 0
    most = 0

    class Counted(ScanRow):
        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    def rows() -> Iterator[ScanRow]:
        nonlocal alive, most
        for n in range(1000):
            alive += 1
            most = max(most, alive)
            yield Counted(id=str(n), source="s", state="ok")

    write_page(Source(rows()), tmp_path / "page")
    assert most <= 3


def test_all_that_is_shipped_is_used() -> None:
    assert names(STATIC) == {*SCRIPTS, *STYLES}


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_keep_the_rules(name: str) -> None:
    text = (STATIC / name).read_text(encoding="utf-8")
    assert text.startswith('"use strict";\n')
    assert len(text.splitlines()) <= 400
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|https?://(?!www\.w3\.org)",
        text,
    )
    assert not re.search(r"setAttribute\(\"(on|style)", text)
    outside = re.sub(r"\n\{\n.*\n\}\n", "\n", text, flags=re.DOTALL)
    assert not re.search(r"^(const|let|var|function|class)\b", outside, re.MULTILINE)
