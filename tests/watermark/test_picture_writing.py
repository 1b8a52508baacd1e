"""Where marked pictures go: whole files or none, nothing replaced unasked, hostile input named."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import numpy as np
import pytest

from forensics.errors import EmptyFile, MediaError, NotAFile, UnsupportedMedia, UsageError
from forensics.media import Limits, open_media
from forensics.watermark.pictures import (
    Source,
    encode_marked,
    load_bytes_for_marking,
    load_for_marking,
    target_format,
    write_marked,
)

from .picture_files import (
    SIDES,
    XMP,
    animated,
    exif_of,
    pixels_of,
    profile,
    saved,
    wide_file,
    wide_of,
    wide_png,
)

RESIDUAL = np.random.default_rng(8).integers(-4, 5, SIDES).astype(np.float32)


@pytest.fixture
def photo_path(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    path.write_bytes(saved(pixels_of(3), "PNG"))
    return path


@pytest.fixture
def marked(photo_path: Path) -> Source:
    return load_for_marking(photo_path).with_residual(RESIDUAL)


@pytest.mark.parametrize("name", ["a.jpg", "a.JPEG", "a.png", "a.webp", "a.avif", "a.tif", "a.tiff", "a.bmp"])
def test_the_name_decides_the_format(marked: Source, tmp_path: Path, name: str) -> None:
    written = write_marked(marked, tmp_path / name)
    media = open_media(written.path)
    assert media.container.format == written.format == target_format(name)
    assert media.size == written.size
    assert np.array_equal(media.pixels, written.pixels)
    assert stat.S_IMODE(written.path.stat().st_mode) == 0o644
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted({"photo.png", name})


def test_the_source_is_never_touched(marked: Source, photo_path: Path, tmp_path: Path) -> None:
    before = photo_path.read_bytes(), photo_path.stat().st_mtime_ns
    write_marked(marked, tmp_path / "other.png")
    assert (photo_path.read_bytes(), photo_path.stat().st_mtime_ns) == before


def test_the_source_is_replaced_only_when_asked(marked: Source, photo_path: Path, tmp_path: Path) -> None:
    before = photo_path.read_bytes()
    link, twin = tmp_path / "link.png", tmp_path / "twin.png"
    link.symlink_to(photo_path)
    os.link(photo_path, twin)
    for place in (photo_path, link, twin, tmp_path / "." / "photo.png"):
        with pytest.raises(UsageError, match="source itself"):
            write_marked(marked, place, overwrite=True)
    assert photo_path.read_bytes() == before
    photo_path.chmod(0o600)
    written = write_marked(marked, photo_path, in_place=True)
    assert np.array_equal(load_for_marking(photo_path).pixels, marked.pixels)
    assert stat.S_IMODE(written.path.stat().st_mode) == 0o600


def test_other_files_are_replaced_only_when_asked(marked: Source, tmp_path: Path) -> None:
    place = tmp_path / "precious.png"
    place.write_bytes(b"precious")
    with pytest.raises(UsageError, match="overwrite"):
        write_marked(marked, place, in_place=True)
    assert place.read_bytes() == b"precious"
    write_marked(marked, place, overwrite=True)
    assert np.array_equal(load_for_marking(place).pixels, marked.pixels)


def test_places_that_are_none(marked: Source, tmp_path: Path) -> None:
    folder = tmp_path / "folder.png"
    folder.mkdir()
    with pytest.raises(UsageError, match="folder"):
        write_marked(marked, folder, overwrite=True)
    with pytest.raises(UsageError, match="does not exist"):
        write_marked(marked, tmp_path / "missing" / "a.png")
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    with pytest.raises(UsageError, match="device"):
        write_marked(marked, pipe, overwrite=True)


@pytest.mark.parametrize("name", ["a", "a.heic", "a.jxl", "a.txt", "a.mp4", ".png"])
def test_formats_that_are_not_written(marked: Source, tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="not written") as caught:
        write_marked(marked, tmp_path / name)
    assert ".webp" in str(caught.value.expected)
    assert [p.name for p in tmp_path.iterdir()] == ["photo.png"]


def test_gif_is_refused_with_the_reason(tmp_path: Path) -> None:
    source = load_bytes_for_marking(saved(pixels_of(3), "GIF"))
    for refused in (lambda: write_marked(source, tmp_path / "a.gif"), lambda: encode_marked(source)):
        with pytest.raises(UsageError, match="256 colours"):
            refused()
    with pytest.raises(UsageError, match="xcf"):
        encode_marked(source, "xcf")


@pytest.mark.parametrize("quality", [0, -1, 101])
def test_wrong_qualities_are_named(marked: Source, tmp_path: Path, quality: int) -> None:
    with pytest.raises(UsageError, match="quality"):
        write_marked(marked, tmp_path / "a.jpg", quality=quality)
    assert not (tmp_path / "a.jpg").exists()


def test_quality_rules_what_is_lossy(marked: Source) -> None:
    for name in ("jpeg", "webp", "avif"):
        sizes = [len(encode_marked(marked, name, quality=q).data) for q in (30, 90)]
        assert sizes[0] < sizes[1]
    assert any("lossless" in n for n in encode_marked(marked, "png", quality=50).notes)


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_an_interrupted_write_leaves_nothing(
    marked: Source, photo_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = photo_path.read_bytes()
    monkeypatch.setattr(os, step, full)
    with pytest.raises(OSError, match="No space"):
        write_marked(marked, tmp_path / "new.png")
    with pytest.raises(OSError, match="No space"):
        write_marked(marked, photo_path, in_place=True)
    assert [p.name for p in tmp_path.iterdir()] == ["photo.png"]
    assert photo_path.read_bytes() == before


def test_what_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotAFile):
        load_for_marking(tmp_path / "missing.png")
    with pytest.raises(NotAFile):
        load_for_marking(tmp_path)
    with pytest.raises(EmptyFile):
        load_bytes_for_marking(b"")
    with pytest.raises(UnsupportedMedia):
        load_bytes_for_marking(b"plain text, not a picture")


META = {"exif": b"Exif\x00\x00" + exif_of(), "icc_profile": profile(), "xmp": XMP}
HOSTS = {
    "jpeg": saved(pixels_of(3), "JPEG", quality=92, dpi=(90, 90), comment=b"a comment", **META),
    "progressive": saved(pixels_of(1), "JPEG", progressive=True),
    "png": saved(pixels_of(4), "PNG", exif=META["exif"], icc_profile=profile(), dpi=(90, 90)),
    "palette": saved(pixels_of(3), "PNG", mode="P"),
    "wide png": wide_png(wide_of(2)),
    "apng": animated([pixels_of(4), pixels_of(4, seed=4)], "PNG", duration=[40, 60], loop=3),
    "webp": saved(pixels_of(4), "WEBP", **META),
    "animated webp": animated([pixels_of(3), pixels_of(3, seed=4)], "WEBP", duration=40),
    "avif": saved(pixels_of(3), "AVIF", **META),
    "tiff": saved(pixels_of(3), "TIFF", compression="tiff_lzw", icc_profile=profile(), dpi=(90, 90)),
    "wide tiff": wide_file(wide_of(3), ".tiff"),
    "bmp": saved(pixels_of(3), "BMP"),
    "gif": animated([pixels_of(3), pixels_of(3, seed=4)], "GIF", duration=40),
}


def harmed(data: bytes, seed: int) -> bytes:
    """Cut, or some bytes replaced, most of them where headers stand."""
    rng = np.random.default_rng(seed)
    if seed % 4 == 0:
        return data[: int(rng.integers(1, len(data)))]
    broken = bytearray(data)
    reach = len(data) if seed % 2 else min(len(data), 600)
    for place in rng.integers(0, reach, rng.integers(1, 8)):
        broken[place] = rng.integers(0, 256)
    return bytes(broken)


@pytest.mark.parametrize("name", HOSTS)
def test_harmed_files_end_in_typed_errors_or_pictures(name: str) -> None:
    """Whatever opens can be marked and written; whatever does not, says so in its own words."""
    opened = 0
    limits = Limits(pixels=1_000_000, seconds=5)
    for seed in range(60):
        try:
            source = load_bytes_for_marking(harmed(HOSTS[name], seed), limits=limits)
        except MediaError:
            continue
        opened += 1
        marked = source.with_residual(np.ones(source.pixels.shape[:2], np.float32))
        targets = ("png", "webp") if source.animated else ("png", "jpeg", "tiff", "webp", "avif")
        encode_marked(marked, targets[seed % len(targets)])
    assert opened > 0 or "png" in name  # whose chunks carry checksums
