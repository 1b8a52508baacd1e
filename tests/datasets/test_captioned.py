"""Classes and captions from folders and archives, whatever lies in them."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.datasets.captioned import load_labelled
from forensics.datasets.corpora import CORPORA
from forensics.datasets.shapes import shapes
from forensics.errors import UsageError

from .packing import bomb, encoded, flat, packed, stored

CLASSES = {
    "cats/b.png": encoded(flat(20, 40, 60)),
    "cats/a.jpg": encoded(flat(10, 50, 32), "JPEG", quality=95),
    "cats/a.txt": b"\xef\xbb\xbfa  grey cat\n by caf\xe9",
    "dogs/more/c.png": encoded(flat(30, 33, 33)),
    "dogs/d.webp": encoded(flat(40, 64, 64), "WEBP", lossless=True),
    "red_foxes/e.bmp": encoded(flat(50, 32, 32), "BMP"),
    "notes.md": b"no picture",
}
LOW = encoded(flat(1, 31, 100))


def levels(made: object) -> list[int]:
    return made.pixels.mean(axis=(1, 2, 3)).round().astype(int).tolist()  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("kind", ["folder", "tar", "tar in a folder", "tar.gz"])
def test_folders_are_classes_and_take_turns(tmp_path: Path, kind: str) -> None:
    if kind == "folder":
        source = stored(tmp_path / "animals", CLASSES)
    else:
        inside = {f"./pack/{name}": data for name, data in CLASSES.items()}
        files = inside if "folder" in kind else CLASSES
        source = packed(tmp_path / "animals.tar", files, "w:gz" if kind.endswith("gz") else "w")
    made = load_labelled(source, 32)
    assert made.classes == ("cats", "dogs", "red_foxes")
    assert made.labels.tolist() == [0, 1, 2, 0, 1]
    assert levels(made) == [10, 40, 50, 20, 30]
    assert made.captions == ("a grey cat by caf\ufffd", "dogs", "red foxes", "cats", "dogs")
    assert (made.pixels.shape, made.pixels.dtype, made.labels.dtype) == ((5, 32, 32, 3), np.uint8, np.int64)
    assert made.skipped == 0
    few = load_labelled(source, 32, most=2)
    assert (levels(few), few.classes) == ([10, 40], made.classes)


def test_pictures_in_one_folder_are_one_class_and_their_texts_the_captions(tmp_path: Path) -> None:
    files = {"x.jpg": encoded(flat(9, 40, 40), "JPEG"), "y.PNG": encoded(flat(8, 40, 40)), "x.txt": b"nine"}
    made = load_labelled(stored(tmp_path / "flowers", files), 32)
    assert (made.classes, made.captions, made.labels.tolist()) == (("flowers",), ("nine", ""), [0, 0])
    deep = load_labelled(packed(tmp_path / "p.tar", {f"a/roses/{k}": v for k, v in files.items()}), 32)
    assert (deep.classes, deep.captions) == (("roses",), ("nine", ""))
    top = load_labelled(packed(tmp_path / "pack.tar", files), 32)
    assert top.classes == ("pack",)


def test_pictures_beside_folders_are_a_class_of_their_own(tmp_path: Path) -> None:
    files = {"z.png": encoded(flat(9, 40, 40)), "cats/a.png": encoded(flat(8, 40, 40))}
    made = load_labelled(stored(tmp_path / "things", files), 32)
    assert (made.classes, made.captions, made.labels.tolist()) == (("cats", "things"), ("cats", ""), [0, 1])


def test_the_middle_is_kept_and_scaled(tmp_path: Path) -> None:
    pixels = flat(0, 64, 128)
    pixels[:, 32:96] = 200
    made = load_labelled(stored(tmp_path, {"a.png": encoded(pixels)}), 16)
    assert np.unique(made.pixels).tolist() == [200]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_upright(tmp_path: Path, orientation: int) -> None:
    """Pillow turns them as well, by other means."""
    from PIL import Image, ImageOps

    pixels = np.zeros((32, 32, 3), np.uint8)
    pixels[:8, :16] = (250, 0, 0)
    pixels[:8, 16:] = (0, 0, 250)
    image = Image.fromarray(pixels)
    image.getexif()[274] = orientation
    buffer = io.BytesIO()
    image.save(buffer, "PNG", exif=image.getexif())
    made = load_labelled(stored(tmp_path, {"a.png": buffer.getvalue()}), 32)
    with Image.open(buffer) as again:
        np.testing.assert_array_equal(made.pixels[0], np.asarray(ImageOps.exif_transpose(again)))


@pytest.mark.parametrize("kind", ["folder", "archive"])
def test_what_cannot_be_used_is_left_out_and_counted(tmp_path: Path, kind: str) -> None:
    jpeg = encoded(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8), "JPEG")
    files = {
        "a/bomb.png": bomb(),
        "a/clip.jpg": b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + bytes(64),
        "a/empty.png": b"",
        "a/half.jpg": jpeg[: len(jpeg) // 2],
        "a/low.png": LOW,
        "a/nothing.jpg": b"\xff\xd8\xff nothing",
        "a/page.png": b"<!doctype html>",
        "b/good.png": encoded(flat(77, 40, 40)),
        "b/narrow.png": encoded(flat(1, 100, 31)),
    }
    if kind == "folder":
        source = stored(tmp_path / "in", files)
        (source / "a" / "folder.jpg").mkdir()
        (source / "a" / "dangling.jpg").symlink_to(tmp_path / "missing")
        os.mkfifo(source / "a" / "pipe.jpg")
    else:
        source = packed(tmp_path / "in.tar", files)
        with tarfile.open(source, "a") as archive:
            for name, link in (("a/link.jpg", tarfile.SYMTYPE), ("a/pipe.jpg", tarfile.FIFOTYPE)):
                info = tarfile.TarInfo(name)
                info.type, info.linkname = link, "/etc/passwd"
                archive.addfile(info)
    made = load_labelled(source, 32)
    assert levels(made) == [77]
    assert (made.unreadable, made.small, made.skipped) == (6, 2, 8)
    assert made.classes == ("a", "b")


def test_names_of_an_archive_are_no_paths(tmp_path: Path) -> None:
    good = encoded(flat(5, 32, 32))
    source = packed(tmp_path / "in.tar", {"/../../etc/x.png": good, "../caf\udce9/y.png": good})
    made = load_labelled(source, 32)
    assert made.classes == ("caf\\xe9", "etc")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.tar"]


def test_a_caption_has_an_end(tmp_path: Path) -> None:
    good = encoded(flat(5, 32, 32))
    files = {"c/a.png": good, "c/a.txt": b"word " * 1000, "c/b.png": good, "d/c.png": good}
    made = load_labelled(stored(tmp_path / "in", {**files, "c/b.txt": b"x" * 100_000}), 32)
    assert len(made.captions[0]) == 1000
    assert made.captions[1:] == ("d", "c")


def test_a_damaged_archive_is_told(tmp_path: Path) -> None:
    path = packed(tmp_path / "whole.tar", CLASSES)
    whole, zipped = path.read_bytes(), packed(tmp_path / "whole.tgz", CLASSES, "w:gz").read_bytes()
    with tarfile.open(path) as archive:
        member = archive.getmembers()[4]
    damaged = {
        "data.tar": whole[: member.offset_data + 10],
        "header.tar": whole[: member.offset + 100],
        "wrong.tar": whole[: member.offset] + b"?" * 512 + whole[member.offset_data :],
        "half.tgz": zipped[: len(zipped) // 2],
    }
    for name in stored(tmp_path / "in", damaged).iterdir():
        with pytest.raises(UsageError, match="damaged archive"):
            load_labelled(name, 32)
    assert len(load_labelled(path, 32)) == 5


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, r"holds no pictures: no name in it ends in \.jpg"),
        ({"a.txt": b"a"}, "holds no pictures"),
        ({"a.png": LOW, "b.png": encoded(flat(1, 9, 99))}, r"\(not of at least 32 x 32 pixels: 2\)"),
        ({"a.png": b"no"}, r"\(cannot be read: 1\)"),
        ({"a.png": b"no", "b.png": LOW}, r"\(cannot be read: 1; not of at least 32 x 32 pixels: 1\)"),
    ],
)
def test_nothing_left_is_told_with_the_reason(tmp_path: Path, files: dict[str, bytes], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_labelled(stored(tmp_path, files), 32)


def test_no_source_is_told(tmp_path: Path) -> None:
    stored(tmp_path, {"text": b"no archive"})
    for name in ("missing", "text"):
        with pytest.raises(UsageError, match="nor one of: grown, procedural, shapes, textures"):
            load_labelled(tmp_path / name, 32)
    with pytest.raises(UsageError, match="most is at least 1"):
        load_labelled(tmp_path, 32, 0)
    with pytest.raises(UsageError, match="side is at least 1"):
        load_labelled(tmp_path, 0)


@pytest.mark.parametrize("name", sorted(CORPORA))
def test_procedural_corpora_need_nothing(name: str) -> None:
    made = load_labelled(name, 16, 20)
    assert made.pixels.shape == (20, 16, 16, 3)
    assert len(made.captions) == len(made.labels) == 20
    assert set(made.labels) <= set(range(len(made.classes)))
    np.testing.assert_array_equal(load_labelled(name, 16, 5).pixels, made.pixels[:5])
    assert not np.array_equal(load_labelled(name, 16, 5, seed=1).pixels, made.pixels[:5])
    assert len({picture.tobytes() for picture in made.pixels}) == 20
    np.testing.assert_array_equal(load_labelled("shapes", 16, 3, seed=4).pixels, shapes(4, 3, 16).pixels)


def test_a_folder_of_that_name_is_meant_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored(tmp_path / "shapes", {"a.png": encoded(flat(5, 32, 32))})
    monkeypatch.chdir(tmp_path)
    assert levels(load_labelled(Path("shapes"), 32)) == [5]


@settings(max_examples=25)
@given(st.integers(1, 70), st.integers(1, 70), st.integers(1, 40))
def test_any_size_gives_a_square_or_is_too_small(height: int, width: int, side: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        stored(Path(folder), {"a.png": encoded(flat(9, height, width))})
        if min(height, width) >= side:
            assert load_labelled(folder, side).pixels.shape == (1, side, side, 3)
        else:
            with pytest.raises(UsageError, match="not of at least"):
                load_labelled(folder, side)
