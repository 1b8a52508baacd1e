"""TAR: what `tarfile` writes, plain and compressed, what cuts do to it, and bombs."""

from __future__ import annotations

import gzip
import lzma
import shutil
import subprocess
import tarfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.errors import ArchiveError
from forensics.scan.items import Item
from forensics.scan.reading import Reader
from forensics.scan.sources import ArchiveLimits, Left, Listing

from ..gathering import add, content, contents, every, found, items, lefts, reasons, tar_of

NOISE = np.random.default_rng(7).bytes(100_000)
MEMBERS = {"a.jpg": NOISE, "d/b.png": b"b" * 7000, "empty": b"", f"{'long/' * 60}x": b"x", "é.gif": b"name"}
ENDINGS = {"": ".tar", "gz": ".tar.gz", "bz2": ".tbz2", "xz": ".tar.xz"}


@pytest.mark.parametrize("compression", ENDINGS)
@pytest.mark.parametrize("kind", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_members_are_what_tarfile_put_in(tmp_path: Path, compression: str, kind: int) -> None:
    path = tar_of(tmp_path / f"a{ENDINGS[compression]}", MEMBERS, compression, kind)
    listed = items(tmp_path)
    expected = {f"{path}!/{name}": data for name, data in MEMBERS.items()}
    assert contents(listed) == expected
    assert contents(listed[::-1]) == expected
    assert {item.size for item in listed} == {len(data) for data in MEMBERS.values()}


def test_a_zstandard_archive_is_read_where_something_unpacks_it(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    plain = tar_of(tmp_path / "a.tar", MEMBERS)
    path = tmp_path / "b.tar.zst"
    with pyarrow.CompressedOutputStream(str(path), "zstd") as stream:
        stream.write(plain.read_bytes())
    assert contents(items(path)) == {f"{path}!/{name}": data for name, data in MEMBERS.items()}


def test_a_compressed_archive_is_read_forward_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tar_of(tmp_path / "a.tgz", {str(n): NOISE[n : n + 5000] for n in range(50)}, "gz")
    listed = items(path)
    opened = []
    real = gzip.GzipFile.__init__
    monkeypatch.setattr(gzip.GzipFile, "__init__", lambda *a, **k: (opened.append(1), real(*a, **k))[1])
    with Reader() as reader:
        assert [content(reader, item) for item in listed] == [NOISE[n : n + 5000] for n in range(50)]
        assert len(opened) == 1
        assert content(reader, listed[3]) == NOISE[3:5003]
        assert len(opened) == 2


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        add(archive, "folder", type=tarfile.DIRTYPE)
        add(archive, "link", type=tarfile.SYMTYPE, linkname="/etc/passwd")
        add(archive, "hard", type=tarfile.LNKTYPE, linkname="../up")
        add(archive, "device", type=tarfile.CHRTYPE)
        add(archive, "pipe", type=tarfile.FIFOTYPE)
        add(archive, "nested.zip", b"PK")
        add(archive, "/absolute", b"fine")
        add(archive, "/absolute", b"twice")
    assert reasons(items(path)) == {
        "link": "archive_link",
        "hard": "archive_link",
        "device": "archive_special",
        "pipe": "archive_special",
        "nested.zip": "archive_nested",
    }
    fine = [item for item in items(path) if item.locator.kind == "tar"]
    assert contents(fine) == {f"{path}!//absolute": b"fine", f"{path}!//absolute~2": b"twice"}


@pytest.mark.skipif(shutil.which("tar") is None, reason="tar is not installed")
@pytest.mark.parametrize("kind", ["gnu", "pax"])
def test_sparse_files_of_gnu_tar_are_refused(tmp_path: Path, kind: str) -> None:
    with (tmp_path / "holes").open("wb") as file:
        for place in range(40):  # more than the first header can hold
            file.seek(place << 17)
            file.write(b"data")
    (tmp_path / "plain").write_bytes(NOISE)
    command = ["tar", f"--format={kind}", "-cSf", "a.tar", "holes", "plain"]
    subprocess.run(command, cwd=tmp_path, check=True)
    path = tmp_path / "a.tar"
    assert reasons(items(path)) == {"holes": "archive_sparse"}
    assert contents(items(path))[f"{path}!/plain"] == NOISE


@pytest.mark.parametrize("compression", ["", "gz"])
def test_cut_archives_give_the_members_before(tmp_path: Path, compression: str) -> None:
    members = {f"{n}.jpg": NOISE[n * 99 : n * 999] for n in range(1, 9)}
    data = tar_of(tmp_path / "whole", members, compression).read_bytes()
    path = tmp_path / f"cut{ENDINGS[compression]}"
    counts = []
    for beginning in every(data[: len(data) - 10240 if not compression else -20], 1111):
        path.write_bytes(beginning)
        *whole, rest = items(path)
        if rest.locator.kind == "file":
            assert len(beginning) < 512
            continue
        assert rest.locator.reason == "archive_truncated"
        assert contents(whole) == {f"{path}!/{name}": members[name] for name in list(members)[: len(whole)]}
        counts.append(len(whole))
    assert counts == sorted(counts)
    assert counts[-1] >= 6


def test_a_broken_header_ends_the_list_and_says_so(tmp_path: Path) -> None:
    path = tar_of(tmp_path / "a.tar", {"a": b"1", "b": b"2"}, kind=tarfile.GNU_FORMAT)
    data = bytearray(path.read_bytes())
    data[1024 + 150] ^= 1
    path.write_bytes(data)
    assert [item.locator.reason for item in items(path)] == ["", "archive_damaged"]


@pytest.mark.parametrize("size", ["-512", "99999999999999999999", "x"])
def test_sizes_that_lead_nowhere_end_the_list(tmp_path: Path, size: str) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        add(archive, "a", b"1")
        add(archive, "b", b"2", pax_headers={"size": size})
    assert [item.locator.reason for item in items(path)] == ["", "archive_damaged"]


def test_headers_without_end_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 512
    block = info.tobuf(tarfile.GNU_FORMAT) + b"a" * 512
    with gzip.open(path, "wb") as file:
        for _ in range(3000):
            file.write(block)
    assert [item.locator.reason for item in items(path)] == ["archive_damaged"]
    info.size = 8 << 30
    with gzip.open(path, "wb") as file:
        file.write(info.tobuf(tarfile.GNU_FORMAT))
        file.write(bytes(1 << 20))
    assert [item.locator.reason for item in items(path)] == ["archive_damaged"]


def test_bombs_are_refused_while_they_are_listed_and_read(tmp_path: Path) -> None:
    path = tar_of(tmp_path / "a.tgz", {"a": b"1", "bomb": bytes(60 << 20), "b": b"2"}, "gz")
    listed = items(path)
    assert [item.locator.reason for item in listed] == ["", "archive_ratio"]
    generous = items(path, how=Listing(limits=ArchiveLimits(ratio=2000)))
    assert [item.name for item in generous] == ["a", "bomb", "b"]
    with Reader() as reader:
        assert [content(reader, item) for item in generous] == [b"1", "archive_ratio", "archive_ratio"]


def test_a_window_that_takes_too_much_memory_is_refused(tmp_path: Path) -> None:
    plain = tar_of(tmp_path / "a", {"a": NOISE}).read_bytes()
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 512 << 20}]
    path = tmp_path / "a.tar.xz"
    path.write_bytes(lzma.compress(plain, filters=filters))
    assert [item.locator.reason for item in items(path)] == ["archive_damaged"]


def test_parts_of_xz_follow_each_other(tmp_path: Path) -> None:
    plain = tar_of(tmp_path / "a", {"a": NOISE, "b": b"2"}).read_bytes()
    path = tmp_path / "a.txz"
    path.write_bytes(b"".join(lzma.compress(plain[at : at + 30_000]) for at in range(0, len(plain), 30_000)))
    assert list(contents(items(path)).values()) == [NOISE, b"2"]


def test_large_and_many_members_are_refused(tmp_path: Path) -> None:
    path = tar_of(tmp_path / "a.tar", {str(n): bytes(n) for n in range(10)})
    few = items(path, how=Listing(limits=ArchiveLimits(members=4, member_bytes=2)))
    assert [item.locator.reason for item in few] == ["", "", "", "archive_size", "archive_members"]
    with Reader(ArchiveLimits(member_bytes=2)) as reader, pytest.raises(ArchiveError) as caught:
        reader.open(items(path)[5])
    assert caught.value.reason == "archive_size"


def test_texts_of_a_sample_are_sidecars(tmp_path: Path) -> None:
    members = [
        "000.jpg",
        "000.json",
        "000.cls",
        "001.txt",
        "001.seg.png",
        "002.json",
        "003.exe",
        "003.webp",
        "d/003.txt",
    ]
    path = tar_of(tmp_path / "shard-000000.tar", {name: b"." for name in members})
    left = [one.id.rpartition("!/")[2] for one in lefts(path)]
    assert left == ["000.json", "000.cls", "001.txt"]
    assert [one.reason for one in lefts(path)] == ["sidecar"] * 3
    assert [item.id.rpartition("!/")[2] for item in items(path)] == [n for n in members if n not in left]


def test_a_zip_at_the_end_does_not_make_a_zip_of_it(tmp_path: Path) -> None:
    path = tar_of(tmp_path / "a.tar", {"a": b"1", "b": b"PK\x05\x06" + bytes(18)})
    assert [item.locator.kind for item in items(path)] == ["tar", "tar"]


def test_an_empty_archive_is_left(tmp_path: Path) -> None:
    path = tar_of(tmp_path / "a.tar", {})
    assert found(path) == [Left("empty", str(path), str(path))]


@given(st.data())
def test_damaged_archives_never_raise(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    compression = data.draw(st.sampled_from(sorted(ENDINGS)))
    path = tmp_path_factory.getbasetemp() / f"damaged{ENDINGS[compression]}"
    tar_of(path, {"a": b"a" * 600, "b" * 150: b"", "c": NOISE[:50]}, compression)
    damaged = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(damaged[: data.draw(st.integers(0, len(damaged)))]))
    listed = [one for one in found(path) if isinstance(one, Item)]
    assert listed
    assert len(contents(listed)) == len(listed)


@given(
    st.binary(max_size=2000), st.sampled_from([b"", b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08", b"BZh9"])
)
def test_garbage_is_one_file_or_refused(
    tmp_path_factory: pytest.TempPathFactory, rest: bytes, magic: bytes
) -> None:
    for ending in (".zip", ".tar", ".tgz", ".jpg"):
        path = tmp_path_factory.getbasetemp() / f"garbage{ending}"
        path.write_bytes(magic + rest)
        assert found(path)
