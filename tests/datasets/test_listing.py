"""What lies in folders and archives, and what happens when it changes or breaks meanwhile."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from forensics.datasets.listing import members_of, texts_of, with_suffix
from forensics.errors import LimitExceeded, MediaError, TruncatedMedia, UsageError

from .packing import packed, stored

FILES = {"b/x.JPG": b"one", "a/y.png": b"two", "a/y.txt": b"words", "z": b""}


@pytest.mark.parametrize("kind", ["folder", "archive"])
def test_members_are_in_the_order_of_their_names_and_read_when_asked(tmp_path: Path, kind: str) -> None:
    source = stored(tmp_path / "in", FILES) if kind == "folder" else packed(tmp_path / "in.tar", FILES)
    with members_of(source, ()) as members:
        assert [m.parts for m in members] == [("a", "y.png"), ("a", "y.txt"), ("b", "x.JPG"), ("z",)]
        assert [m.read(9) for m in members] == [b"two", b"words", b"one", b""]
        assert [m.parts[-1] for m in with_suffix(members, (".jpg", ".png"))] == ["y.png", "x.JPG"]
        assert texts_of(members) == {("a", "y"): members[1]}
        assert members[1].read(5) == b"words"
        with pytest.raises(LimitExceeded, match="more than 4 bytes"):
            members[1].read(4)


def test_files_that_go_or_break_meanwhile_are_errors_of_media(tmp_path: Path) -> None:
    folder = stored(tmp_path / "in", FILES)
    with members_of(folder, ()) as members:
        (folder / "a" / "y.png").unlink()
        with pytest.raises(MediaError):
            members[0].read(9)
    archive = packed(tmp_path / "in.tar", FILES)
    with members_of(archive, ()) as members:
        with tarfile.open(archive) as again:
            end = again.getmember("a/y.png").offset_data + 1
        with archive.open("r+b") as file:
            file.truncate(end)
        with pytest.raises(TruncatedMedia, match="damaged here"):
            members[0].read(9)


def test_a_source_that_cannot_be_read_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = packed(tmp_path / "in.tar", FILES)

    def denied(_: object) -> bool:
        raise PermissionError("denied")

    monkeypatch.setattr(tarfile, "is_tarfile", denied)
    with pytest.raises(UsageError, match="nor one of: leaves"), members_of(archive, ("leaves",)):
        pass


def test_an_archive_that_ends_in_its_first_block_is_damaged(tmp_path: Path) -> None:
    """A download that broke off at once: `tarfile` lets the decompressor's own errors through."""
    whole = packed(tmp_path / "whole.tgz", {"a.png": bytes(range(256)) * 12}, "w:gz").read_bytes()
    for length in (11, 40, 80):
        path = tmp_path / "cut.tgz"
        path.write_bytes(whole[:length])
        with pytest.raises(UsageError, match="damaged archive"), members_of(path, ()):
            pass
