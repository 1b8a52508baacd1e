"""Folders: all that is in them once, in order, whatever it is called and wherever it leads."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.scan.items import Item
from forensics.scan.reading import Reader
from forensics.scan.sources import Left, Listing

from ..gathering import contents, found, items, lefts, reasons, tar_of


def grow(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(path.encode())


def names(listed: list[Item], root: Path) -> list[str]:
    return [os.path.relpath(item.id, root) for item in listed]


def test_files_come_with_what_the_system_says(tmp_path: Path) -> None:
    grow(tmp_path, "b.jpg", "a/z.png", "a/y/x.gif", "c")
    os.utime(tmp_path / "b.jpg", (0, 1234.5))
    listed = items(tmp_path)
    assert names(listed, tmp_path) == ["a/y/x.gif", "a/z.png", "b.jpg", "c"]
    picture = listed[2]
    assert (picture.name, picture.size, picture.modified) == ("b.jpg", 5, 1234.5)
    assert picture.source == str(tmp_path)
    assert contents(listed) == {item.id: os.path.relpath(item.id, tmp_path).encode() for item in listed}
    assert items(f"{tmp_path}/")[0].id == listed[0].id


def test_a_file_of_a_folder_is_given_by_its_path(tmp_path: Path) -> None:
    grow(tmp_path, "a.jpg")
    with Reader() as reader:
        content = reader.open(items(tmp_path)[0])
    assert (content.path, content.data, content.name) == (tmp_path / "a.jpg", None, "a.jpg")


def test_names_that_are_no_text_keep_their_bytes(tmp_path: Path) -> None:
    raw = os.path.join(os.fsencode(tmp_path), b"caf\xe9.jpg")
    try:
        with open(raw, "wb") as file:
            file.write(b"bytes")
    except OSError:
        pytest.skip("this file system takes UTF-8 alone")
    grow(tmp_path, "caf\\xe9.jpg", "\\x5cxe9", "#5", "a#5/x", "bang!/x", "line\nbreak")
    listed = items(tmp_path)
    assert sorted(contents(listed).values())[-1] == b"line\nbreak"
    assert len({item.id for item in listed}) == 7
    assert b"bytes" in contents(listed).values()
    for item in listed:
        item.id.encode()
        item.name.encode()


def test_addresses_of_members_cannot_be_forged_by_folders(tmp_path: Path) -> None:
    tar_of(tmp_path / "a.tar", {"x": b"member"})
    grow(tmp_path, "a.tar!/x", "t.csv#0")
    (tmp_path / "t.csv").write_text("path\na.tar!/x\n")
    listed = items(tmp_path, tmp_path / "t.csv")
    assert len({item.id for item in listed}) == len(listed) == 5


def test_links_are_left_or_followed_once(tmp_path: Path) -> None:
    root = tmp_path / "root"
    grow(root, "a/x.jpg")
    grow(tmp_path, "outside/y.jpg")
    (root / "a" / "up").symlink_to(root)
    (root / "b").symlink_to(root / "a")
    (root / "c.jpg").symlink_to(tmp_path / "outside" / "y.jpg")
    (root / "d").symlink_to(tmp_path / "outside")
    (root / "gone").symlink_to(tmp_path / "nowhere")
    assert names(items(root), root) == ["a/x.jpg"]
    assert [one.reason for one in lefts(root)] == ["link"] * 5
    followed = Listing(follow_links=True)
    assert names(items(root, how=followed), root) == ["a/x.jpg", "c.jpg", "d/y.jpg", "gone"]
    assert [one.reason for one in lefts(root, how=followed)] == ["repeated"] * 2
    assert reasons(items(root, how=followed)) == {"gone": "io_not_found"}
    assert names(items(root / "d"), root) == ["d/y.jpg"]


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    os.mkfifo(tmp_path / ".forensicsignore")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(tmp_path / "socket"))
        assert reasons(items(tmp_path)) == {
            ".forensicsignore": "ignore_rules",
            "pipe": "special_file",
            "socket": "special_file",
        }
    assert reasons(items("/dev/zero")) == {"zero": "special_file"}


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    listed = items(tmp_path / "gone.jpg", "nul\0byte", tmp_path / ("x" * 300))
    assert [item.locator.reason for item in listed] == ["io_not_found", "io", "io"]


def test_folders_that_cannot_be_read_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grow(tmp_path, "a/x", "b/y")
    real = os.scandir

    def scandir(path: str) -> object:
        if str(path).endswith("a"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    listed = items(tmp_path)
    assert [(item.id, item.locator.reason) for item in listed] == [
        (f"{tmp_path}/a/", "io_denied"),
        (f"{tmp_path}/b/y", ""),
    ]


def test_rules_leave_out_and_count(tmp_path: Path) -> None:
    grow(
        tmp_path,
        "a.jpg",
        ".hidden.jpg",
        ".git/x",
        "old.jpg",
        "note.txt",
        "cache/b.jpg",
        "a.c2pa",
        "alone.c2pa",
    )
    (tmp_path / ".forensicsignore").write_text("# none of these\ncache/\n")
    os.utime(tmp_path / "old.jpg", (0, 100))
    how = Listing(include=("*.jpg", "*.c2pa"), exclude=("b.*",), hidden=False, since=200)
    assert names(items(tmp_path, how=how), tmp_path) == ["a.jpg", "alone.c2pa"]
    assert {os.path.relpath(one.id, tmp_path): one.reason for one in lefts(tmp_path, how=how)} == {
        ".forensicsignore": "ignore_file",
        ".git": "hidden",
        ".hidden.jpg": "hidden",
        "a.c2pa": "sidecar",
        "cache": "ignored",
        "note.txt": "not_included",
        "old.jpg": "older",
    }
    everything = names(items(tmp_path, how=Listing(ignore_files=False)), tmp_path)
    assert {".forensicsignore", ".hidden.jpg", ".git/x", "cache/b.jpg"} <= set(everything)


def test_ignore_files_that_are_too_long_are_not_heeded_and_told(tmp_path: Path) -> None:
    grow(tmp_path, "a", "d/b", "d/e/c")
    for name, count in (("", 1500), ("d", 400), ("d/e", 300)):
        (tmp_path / name / ".forensicsignore").write_text("\n".join(["no*such", "[c]"] * (count // 2)))
    assert reasons(items(tmp_path / "d")) == {}
    assert names(items(tmp_path), tmp_path) == ["a", "d/b", "d/e/.forensicsignore"]
    assert reasons(items(tmp_path)) == {".forensicsignore": "ignore_rules"}
    (tmp_path / ".forensicsignore").write_text("a\n" * (1 << 18))
    assert names(items(tmp_path), tmp_path)[:2] == [".forensicsignore", "a"]


def test_rules_hold_for_members_of_archives(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    path = tar_of(tmp_path / "d" / "a.tar", {"x.jpg": b"1", "no/y.jpg": b"2", "z.txt": b"3"})
    how = Listing(include=("*.jpg",), exclude=("no/",))
    assert [item.id for item in items(tmp_path, how=how)] == [f"{path}!/x.jpg"]
    assert [one.reason for one in lefts(tmp_path, how=how)] == ["excluded", "not_included"]
    assert [one.reason for one in lefts(tmp_path, how=Listing(exclude=("d/a.tar",)))] == ["excluded"] * 3
    assert [item.id for item in items(tmp_path, how=Listing(archives=False))] == [str(path)]
    os.utime(path, (0, 100))
    assert {item.modified for item in items(tmp_path)} == {100}
    assert [one.reason for one in lefts(tmp_path, how=Listing(since=200))] == ["older"] * 3


TREES = st.recursive(
    st.binary(max_size=4),
    lambda children: st.dictionaries(
        st.text("ab.!#~\\x5c9é \n", min_size=1, max_size=5).filter(lambda name: name not in (".", "..")),
        children,
        max_size=5,
    ),
    max_leaves=25,
)


def plant(path: Path, tree: object) -> int:
    """Make a tree and return how many files it has."""
    if not isinstance(tree, dict):
        path.write_bytes(tree if isinstance(tree, bytes) else b"")
        return 1
    path.mkdir()
    return sum(plant(path / name, child) for name, child in tree.items())


@given(TREES, st.booleans(), st.lists(st.sampled_from(["a", "*a", "b*", "a/", "!ab", "**/a"]), max_size=3))
def test_every_file_is_an_item_or_left(tree: object, hidden: bool, exclude: list[str]) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        count = plant(folder / "root", tree)
        listed = found(folder / "root", how=Listing(hidden=hidden, exclude=tuple(exclude)))
        ids = [one.id for one in listed]
        assert len(set(ids)) == len(ids)
        left = [one for one in listed if isinstance(one, Left)]
        below = sum(files_in(one.id) for one in left if one.id.endswith("/"))
        alone = sum(1 for one in left if not one.id.endswith("/"))
        assert count == sum(isinstance(one, Item) for one in listed) + alone + below
        assert found(folder / "root", how=Listing(hidden=hidden, exclude=tuple(exclude))) == listed
    finally:
        shutil.rmtree(folder)


def files_in(address: str) -> int:
    """How many files a folder holds, by its address."""
    path = address.replace("\\x21", "!").replace("\\x23", "#").replace("\\x5c", "\\")
    return sum(len(files) for _, _, files in os.walk(path))
