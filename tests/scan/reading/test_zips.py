"""ZIP: what `zipfile` writes, what cuts and lies do to it, and bombs."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import warnings
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.errors import ArchiveError
from forensics.scan.items import Item
from forensics.scan.reading import Reader
from forensics.scan.sources import ArchiveLimits, Left, Listing

from ..gathering import contents, found, items, reasons

NOISE = np.random.default_rng(7).bytes(200_000)
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


def zip_of(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize("method", METHODS)
def test_members_are_what_zipfile_put_in(tmp_path: Path, method: int) -> None:
    members = {"a.jpg": NOISE, "d/b.png": b"b" * 70_000, "empty": b"", "é/ü.gif": b"name", "x": NOISE[:1]}
    path = zip_of(tmp_path / "a.zip", members, method)
    listed = items(path)
    assert contents(listed) == {f"{path}!/{name}": data for name, data in members.items()}
    assert [item.size for item in listed] == [len(data) for data in members.values()]
    assert [item.name for item in listed] == ["a.jpg", "b.png", "empty", "ü.gif", "x"]


class Pipe(io.RawIOBase):
    """A stream that cannot seek: `zipfile` writes lengths and checksums behind the members."""

    def __init__(self) -> None:
        self.data = b""

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.data += bytes(data)
        return len(data)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("large", [False, True])
def test_streamed_members_are_read(tmp_path: Path, method: int, large: bool) -> None:
    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", method) as archive:
        for name, data in {"a": NOISE, "b": b"", "c": b"c" * 9999}.items():
            with archive.open(name, "w", force_zip64=large) as member:
                member.write(data)
    path = tmp_path / "streamed.zip"
    path.write_bytes(pipe.data)
    assert list(contents(items(path)).values()) == [NOISE, b"", b"c" * 9999]


def test_sizes_and_offsets_of_zip64_are_read(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", {"a": b"first", "b": NOISE})
    data = bytearray(path.read_bytes())
    end = data.rindex(b"PK\x05\x06")
    start = struct.unpack_from("<L", data, end + 16)[0]
    entry = data.index(b"PK\x01\x02", start + 1)  # of "b"
    packed, size = struct.unpack_from("<2L", data, entry + 20)
    offset = struct.unpack_from("<L", data, entry + 42)[0]
    extra = struct.pack("<2H3Q", 1, 24, size, packed, offset)
    struct.pack_into("<2L", data, entry + 20, 0xFFFFFFFF, 0xFFFFFFFF)
    struct.pack_into("<H", data, entry + 30, len(extra))
    struct.pack_into("<L", data, entry + 42, 0xFFFFFFFF)
    directory = bytes(data[start : entry + 47]) + extra
    at = start + len(directory)
    large = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 2, 2, len(directory), start)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, at, 1)
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    path.write_bytes(bytes(data[:start]) + directory + large + locator + tail)
    with zipfile.ZipFile(path) as reference:
        assert reference.read("b") == NOISE
    assert list(contents(items(path)).values()) == [b"first", NOISE]


def test_names_may_repeat_and_mean_nothing(tmp_path: Path) -> None:
    path = tmp_path / "odd.zip"
    names = ["a", "a", "/etc/passwd", "../up", "a", "a~2", "b!/c", "x\ny"]
    with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings(action="ignore"):
        for number, name in enumerate(names):
            archive.writestr(name, str(number))
        archive.mkdir("folder")
    got = contents(items(path))
    assert sorted(got.values()) == [str(number).encode() for number in range(8)]
    assert len({item.id for item in items(path)}) == 8
    assert f"{path}!/../up" in got


def test_what_stands_before_a_zip_moves_its_offsets(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", {"a": b"first", "b": NOISE})
    path.write_bytes(b"MZ, a program\n" * 50 + path.read_bytes())
    assert list(contents(items(path)).values()) == [b"first", NOISE]


def test_encrypted_linked_and_unknown_members_are_refused(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", {"locked": b"1", "odd": b"2", "fine": b"3"}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    first = data.index(b"PK\x01\x02")
    second = data.index(b"PK\x01\x02", first + 1)
    data[first + 8] |= 1
    data[second + 10] = 97
    path.write_bytes(data)
    link = zipfile.ZipInfo("link")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
        archive.writestr("inner.tar.gz", b"")
    assert reasons(items(path)) == {
        "locked": "archive_encrypted",
        "odd": "archive_method",
        "link": "archive_link",
        "inner.tar.gz": "archive_nested",
    }
    assert contents(items(path))[f"{path}!/fine"] == b"3"


@pytest.mark.skipif(shutil.which("zip") is None, reason="zip is not installed")
def test_members_that_zip_encrypted_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(NOISE)
    subprocess.run(["zip", "-q", "-P", "secret", "a.zip", "a.jpg"], cwd=tmp_path, check=True)
    assert reasons(items(tmp_path / "a.zip")) == {"a.jpg": "archive_encrypted"}


def test_cut_archives_give_the_members_before(tmp_path: Path) -> None:
    whole = zip_of(tmp_path / "whole.zip", {f"{n}.jpg": NOISE[n * 999 : n * 1999] for n in range(1, 9)})
    data = whole.read_bytes()
    path = tmp_path / "cut.zip"
    counts = []
    for end in range(4, len(data), 2500):
        path.write_bytes(data[:end])
        *members, rest = items(path)
        assert rest.locator.reason in ("archive_truncated", "archive_damaged")
        assert rest.id == str(path)
        good = contents(members)
        assert all(good[f"{path}!/{n}.jpg"] == NOISE[n * 999 : n * 1999] for n in range(1, len(members) + 1))
        counts.append(len(members))
    assert counts == sorted(counts)
    assert counts[-1] >= 7


def lying(path: Path, size: int) -> None:
    """Let the directory say another size of the first member than it has."""
    data = bytearray(path.read_bytes())
    struct.pack_into("<L", data, data.index(b"PK\x01\x02") + 24, size)
    path.write_bytes(data)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", [100, 100_000])
def test_sizes_that_lie_are_found_out(tmp_path: Path, method: int, size: int) -> None:
    path = zip_of(tmp_path / "a.zip", {"a": NOISE[:5000]}, method)
    lying(path, size)
    assert set(contents(items(path)).values()) <= {"archive_damaged", "archive_truncated"}


def test_damage_is_found_by_the_checksum(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", {"a": NOISE}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[1000] ^= 1
    path.write_bytes(data)
    assert list(contents(items(path)).values()) == ["archive_damaged"]


def test_bombs_are_refused_before_and_while_they_are_unpacked(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", {"bomb": bytes(40 << 20), "fine": bytes(1 << 20)})
    assert reasons(items(path)) == {"bomb": "archive_ratio"}
    generous = Listing(limits=ArchiveLimits(ratio=2000))
    bomb = items(path, how=generous)[0]
    with Reader() as reader, pytest.raises(ArchiveError, match="expands") as caught:
        reader.open(bomb)
    assert caught.value.reason == "archive_ratio"
    with Reader(ArchiveLimits(ratio=2000)) as reader:
        assert reader.open(bomb).data == bytes(40 << 20)


def test_a_window_that_takes_too_much_memory_is_refused(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", {"a": NOISE}, zipfile.ZIP_LZMA)
    data = bytearray(path.read_bytes())
    window = 30 + len("a") + struct.calcsize("<HHB")  # behind the header, the name and the first properties
    struct.pack_into("<L", data, window, 512 << 20)
    path.write_bytes(bytes(data))
    assert list(contents(items(path)).values()) == ["archive_memory"]


def test_large_and_many_members_are_refused(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", {str(n): bytes(n) for n in range(10)})
    few = items(path, how=Listing(limits=ArchiveLimits(members=4, member_bytes=2)))
    assert [item.locator.reason for item in few] == ["", "", "", "archive_size", "archive_members"]
    with Reader(ArchiveLimits(member_bytes=2)) as reader, pytest.raises(ArchiveError) as caught:
        reader.open(items(path)[5])
    assert caught.value.reason == "archive_size"


def test_members_that_share_bytes_are_refused(tmp_path: Path) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(bytes(1 << 20)) + packer.flush()
    crc = zlib.crc32(bytes(1 << 20))
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, 0, crc, len(packed), 1 << 20, 4, 0) + b"bomb"
    entry = struct.pack(
        "<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, crc, len(packed), 1 << 20, 4, 0, 0, 0, 0, 0, 0
    )
    directory = b"".join(entry + b"bomb" for _ in range(500))
    body = local + packed
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 500, 500, len(directory), len(body), 0)
    path = tmp_path / "bomb.zip"
    path.write_bytes(body + directory + tail)
    listed = items(path)
    assert [item.locator.reason for item in listed] == ["", *["archive_overlap"] * 499]
    assert len({item.id for item in listed}) == 500


def test_a_file_called_zip_that_is_none_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "picture.zip"
    path.write_bytes(b"\xff\xd8\xff\xe0" + NOISE)
    assert [(item.id, item.locator.kind) for item in items(tmp_path)] == [(str(path), "file")]
    assert [item.locator.kind for item in items(path)] == ["file"]


def test_an_empty_zip_is_left(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", {})
    assert found(path) == [Left("empty", str(path), str(path))]


def test_another_archive_under_the_name_is_found_out(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", {"aa": NOISE})
    listed = items(path)
    zip_of(path, {"bb": NOISE})
    assert list(contents(listed).values()) == ["archive_changed"]


@given(st.data())
def test_damaged_archives_never_raise(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.zip"
    zip_of(path, {"a": b"a" * 99, "b/c": b"", "d.zip": NOISE[:50]}, data.draw(st.sampled_from(METHODS)))
    damaged = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(damaged[: data.draw(st.integers(0, len(damaged)))]))
    listed = [one for one in found(path) if isinstance(one, Item)]
    assert listed
    assert len({item.id for item in listed}) == len(listed)
    assert len(contents(listed)) == len(listed)
