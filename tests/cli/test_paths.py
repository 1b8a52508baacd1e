"""What is audited, and that nothing of it is ever written over."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from forensics.cli import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            main(["audit", "--only", "metadata", "--json", *map(str, arguments)])
        out, err = capsys.readouterr()
        return int(stop.value.code or 0), out, err

    return call


def names(out: str) -> list[str]:
    return [Path(json.loads(line)["path"]).name for line in out.splitlines()]


@pytest.mark.parametrize("spelling", ["same", "relative", "symlink", "hardlink", "in a folder"])
def test_a_page_never_takes_the_place_of_an_audited_file(
    run: Run, photo_file: Path, spelling: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, target, audited = photo_file.read_bytes(), photo_file, photo_file
    if spelling == "relative":
        monkeypatch.chdir(photo_file.parent)
        target = Path("photo.jpg")
    elif spelling == "symlink":
        target = photo_file.with_name("link.html")
        target.symlink_to(photo_file)
    elif spelling == "hardlink":
        target = photo_file.with_name("link.html")
        os.link(photo_file, target)
    elif spelling == "in a folder":
        audited = photo_file.parent
    code, out, err = run(audited, "--html", target)
    assert (code, out) == (2, ""), "refused before any work"
    assert "one of the files to audit" in err
    assert photo_file.read_bytes() == before


def test_a_page_replaces_pages_only(run: Run, photo_file: Path, tmp_path: Path) -> None:
    notes, page = tmp_path / "notes.txt", tmp_path / "page.html"
    notes.write_text("mine")
    code, out, err = run(photo_file, "--html", notes)
    assert (code, out) == (2, "")
    assert "no HTML page" in err
    assert notes.read_text() == "mine"
    page.touch()
    for _ in range(2):  # an empty file, then the page itself
        assert run(photo_file, "--html", page)[0] == 0
        assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize("option", ["--html", "--maps"])
def test_a_bad_target_is_refused_before_the_work(
    run: Run, photo_file: Path, tmp_path: Path, option: str
) -> None:
    for target in (tmp_path / "photo.jpg" / "x", Path(os.devnull) / "x"):
        code, out, err = run(photo_file, option, target)
        assert (code, out) == (2, "")
        assert err.startswith(f"forensics: {option}: cannot write")
    assert run(photo_file, option, os.devnull)[:2] == (2, "")
    assert list(tmp_path.iterdir()) == [photo_file]


def test_a_page_into_a_missing_folder_is_refused(run: Run, photo_file: Path, tmp_path: Path) -> None:
    code, out, err = run(photo_file, "--html", tmp_path / "none" / "x.html")
    assert (code, out) == (2, "")
    assert "--html" in err


def test_maps_never_take_the_place_of_an_audited_file(
    run: Run, photo_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    maps = tmp_path / "maps"
    for _ in range(2):  # maps of an earlier run are replaced
        with pytest.raises(SystemExit) as stop:
            main(["audit", str(photo_file), "--maps", str(maps)])
        assert not stop.value.code
    capsys.readouterr()
    first = min(maps.iterdir())
    code, out, err = run(photo_file, first, "--maps", maps)
    assert (code, out) == (2, "")
    assert "--maps" in err
    assert first.name in err


def test_an_empty_folder_is_said_and_is_no_success(run: Run, photo_file: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    code, out, err = run(empty)
    assert (code, out) == (2, "")
    assert err == f"forensics: no files in {empty}\nforensics: there are no files to audit\n"
    code, out, err = run(empty, photo_file)
    assert (code, names(out)) == (0, ["photo.jpg"])
    assert "no files in" in err


def test_a_folder_that_cannot_be_searched_is_unreadable(
    run: Run, photo_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = photo_file.parent / "locked\x1b[31m"
    locked.mkdir()
    search = os.scandir

    def scandir(path: str | os.PathLike[str] = ".") -> object:
        if os.fspath(path) == str(locked):
            raise PermissionError(13, "Permission denied", str(locked))
        return search(path)

    monkeypatch.setattr(os, "scandir", scandir)
    code, out, err = run(photo_file.parent)
    assert code == 3
    assert names(out) == ["photo.jpg", locked.name]
    assert json.loads(out.splitlines()[1])["verdict"] == "unreadable"
    assert "locked\\x1b[31m: Permission denied" in err


def test_sidecars_are_no_files_of_a_folder(run: Run, photo_file: Path) -> None:
    for name in ("photo.c2pa", "OTHER.C2PA"):
        photo_file.with_name(name).write_bytes(b"not a store")
    code, out, _ = run(photo_file.parent)
    assert (code, names(out)) == (0, ["photo.jpg"])
    code, out, _ = run(photo_file.with_name("photo.c2pa"))
    assert (code, names(out)) == (3, ["photo.c2pa"]), "but it is audited when it is named"


def test_a_path_that_is_too_long_is_unreadable(run: Run) -> None:
    assert run("a" * 5000)[0] == 3
