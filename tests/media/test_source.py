"""Paths that are no plain files, files that are empty or too large, and digests."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import pytest

from forensics.errors import EmptyFile, LimitExceeded, NotAFile, UnsupportedMedia
from forensics.media import Limits, open_bytes, open_media, source
from forensics.media.hashing import file_sha256

from .helpers import encode


@pytest.fixture
def jpeg(photo):
    return encode(photo, "jpeg")


def test_path_and_bytes_give_the_same(tmp_path, jpeg):
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg)
    from_path, from_bytes = open_media(path), open_bytes(jpeg, "a.jpg")
    assert from_path.data == jpeg
    assert (from_path.path, from_bytes.path) == (path, None)
    assert (from_path.name, from_path.size) == (from_bytes.name, from_bytes.size) == ("a.jpg", len(jpeg))
    assert from_path.sha256 == from_bytes.sha256 == file_sha256(path) == hashlib.sha256(jpeg).hexdigest()


def test_pixel_digest(photo):
    media = open_bytes(encode(photo, "png"))
    assert media.pixel_sha256 == hashlib.sha256(b"192x256x3:" + photo.tobytes()).hexdigest()
    turned = open_bytes(encode(photo.reshape(256, 192, 3), "png"))
    assert turned.pixels.tobytes() == media.pixels.tobytes()
    assert turned.pixel_sha256 != media.pixel_sha256


def test_missing(tmp_path):
    with pytest.raises(NotAFile, match="No such file"):
        open_media(tmp_path / "nothing.jpg")


def test_only_trouble_with_the_path_is_called_so(tmp_path, jpeg):
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg)
    with pytest.raises(ValueError, match="of the caller"), source.open_plain(path):
        raise ValueError("of the caller")
    with pytest.raises(NotAFile, match="null"), source.open_plain(tmp_path / "a\0b"):
        pass


def test_folder(tmp_path):
    with pytest.raises(NotAFile, match="folder"):
        open_media(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
@pytest.mark.parametrize("opener", [open_media, file_sha256])
def test_a_pipe_does_not_block(tmp_path, opener):
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(NotAFile, match="pipe"):
        opener(tmp_path / "pipe.jpg")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_a_pipe_that_takes_the_place_of_a_file_does_not_block(tmp_path, monkeypatch):
    """The look before opening is fooled; the second look, at the open file, is not."""
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "plain").write_bytes(b"x")
    plain = os.stat(tmp_path / "plain")
    monkeypatch.setattr(source.os, "stat", lambda path: plain)
    with pytest.raises(NotAFile, match="pipe"):
        open_media(tmp_path / "pipe.jpg")


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null"])
def test_device(path):
    if not os.path.exists(path):
        pytest.skip("needs devices")
    with pytest.raises(NotAFile, match="device"):
        open_media(path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_permission(tmp_path, jpeg):
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg)
    path.chmod(0)
    with pytest.raises(NotAFile, match="Permission"):
        open_media(path)


def test_impossible_names():
    for name in ("a\x00b.jpg", "x" * 5000):
        with pytest.raises(NotAFile):
            open_media(name)


def test_link_loop(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "a")
    with pytest.raises(NotAFile):
        open_media(tmp_path / "a")


def test_empty(tmp_path):
    (tmp_path / "a.jpg").touch()
    with pytest.raises(EmptyFile):
        open_media(tmp_path / "a.jpg")
    with pytest.raises(EmptyFile):
        open_bytes(b"")


def test_file_bytes(tmp_path, jpeg):
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg)
    tight = Limits(file_bytes=len(jpeg) - 1)
    with pytest.raises(LimitExceeded) as caught:
        open_media(path, tight)
    assert caught.value.actual == len(jpeg)
    with pytest.raises(LimitExceeded):
        open_bytes(jpeg, limits=tight)
    assert open_media(path, Limits(file_bytes=len(jpeg))).size == len(jpeg)


def test_a_huge_sparse_picture_is_refused_before_it_is_read(tmp_path, jpeg):
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg)
    os.truncate(path, 600 << 20)
    with pytest.raises(LimitExceeded):
        open_media(path)


def test_unknown_content_in_a_file(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"not a picture")
    with pytest.raises(UnsupportedMedia):
        open_media(path)


def test_heavy_libraries_come_late(tmp_path, jpeg):
    """Importing needs no decoder; opening a JPEG needs no video library."""
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg)
    code = (
        "import sys, forensics.media as m\n"
        "assert not {'cv2', 'av', 'PIL', 'c2pa'} & set(sys.modules), 'import'\n"
        f"a = m.open_media({str(path)!r}); a.sha256; a.jpeg; a.pixels; a.luma; a.metadata; a.image\n"
        "assert not {'av', 'pillow_heif', 'pillow_jxl'} & set(sys.modules), 'open'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
