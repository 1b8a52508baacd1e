"""Lists of paths on a pipe or in a file, braces, and what is named twice."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.errors import UsageError
from forensics.scan.items import Item
from forensics.scan.sources import Listing, listed
from forensics.scan.sources.braces import expanded
from forensics.scan.sources.lists import listed_in

from ..gathering import contents, found, items, lefts, reasons, tar_of


class Dripping(io.BytesIO):
    """A pipe that gives a few bytes at a time."""

    def read1(self, size: int | None = -1) -> bytes:
        return super().read1(min(size or 3, 3))


def test_lists_are_read_by_lines_or_zero_bytes(tmp_path: Path) -> None:
    for name in ("a.jpg", "b c.jpg", "line\nbreak.jpg"):
        (tmp_path / name).write_text(name)
    by_lines = tmp_path / "lines.txt"
    by_lines.write_bytes(b"\xef\xbb\xbf" + f"{tmp_path}/a.jpg\r\n\n{tmp_path}/b c.jpg".encode())
    listed = items(f"@{by_lines}")
    assert list(contents(listed).values()) == [b"a.jpg", b"b c.jpg"]
    assert {item.source for item in listed} == {f"@{by_lines}"}
    by_zeros = tmp_path / "zeros"
    by_zeros.write_bytes(f"{tmp_path}/a.jpg\0{tmp_path}/line\nbreak.jpg\0".encode())
    assert list(contents(items(f"@{by_zeros}")).values()) == [b"a.jpg", b"line\nbreak.jpg"]


def test_entries_are_files_folders_archives_and_mistakes(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "x.jpg").touch()
    (tmp_path / "@odd").touch()
    tar_of(tmp_path / "a.tar", {"m.jpg": b"m"})
    entries = ["d", "a.tar", "gone.jpg", "@odd", "d/x.jpg", "https://user:pass@example.org/x.jpg?token=1"]
    text = "\n".join(e if "://" in e else f"{tmp_path}/{e}" for e in entries)
    found = list(listed(["-"], Listing(), stdin=Dripping(text.encode())))
    got = [one for one in found if isinstance(one, Item)]
    assert [item.id.removeprefix(f"{tmp_path}/") for item in got] == [
        "d/x.jpg", "a.tar!/m.jpg", "gone.jpg", "@odd", "https://example.org/x.jpg",
    ]  # fmt: skip
    assert reasons(got) == {"gone.jpg": "io_not_found", "x.jpg": "network_not_allowed"}
    assert [one.reason for one in found if not isinstance(one, Item)] == ["repeated"]


@given(
    st.lists(st.binary(min_size=1, max_size=40).filter(lambda b: b.strip(b"\r\n"))), st.sampled_from(b"\0\n")
)
def test_entries_arrive_as_they_were(entries: list[bytes], mark: int) -> None:
    separator = bytes([mark])
    wanted = [e.replace(b"\0", b"").replace(b"\n", b"").replace(b"\r", b"") or b"x" for e in entries]
    wanted = [e for e in wanted if not e.startswith(b"\xef")]
    data = separator.join(wanted) + separator
    got = [entry.encode("utf-8", "surrogateescape") for entry in listed_in(Dripping(data))]
    assert got == (wanted if wanted else [])


def test_a_line_without_end_costs_little(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_bytes(b"a" * (5 << 20) + b"\n" + str(tmp_path / "list").encode())
    long, last = items(f"@{path}")
    assert long.locator.reason == "io"
    assert len(long.id) < 10_000
    assert last.locator.kind == "file"


def test_an_empty_list_is_left(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert [one.reason for one in lefts(f"@{tmp_path}/empty")] == ["empty"]


def test_misunderstandings_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read the list"):
        listed([f"@{tmp_path}/gone"], Listing())
    with pytest.raises(UsageError, match="standard input"):
        listed(["-", "-"], Listing(), stdin=io.BytesIO())
    with pytest.raises(UsageError, match="standard input"):
        listed(["-"], Listing())
    with pytest.raises(UsageError, match="add --network") as caught:
        listed(["s3://key:secret@bucket/x?X-Amz-Signature=abc"], Listing())
    assert "secret" not in str(caught.value)
    assert "abc" not in str(caught.value)
    with pytest.raises(UsageError, match="file:// is not read"):
        listed(["file:///etc/passwd"], Listing(network=True))


def test_what_is_named_twice_is_listed_once(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    assert len(items(tmp_path, tmp_path / "a.jpg", tmp_path)) == 1
    assert [one.reason for one in lefts(tmp_path, tmp_path / "a.jpg")] == ["repeated"]


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("x-{08..11}.tar", ["x-08.tar", "x-09.tar", "x-10.tar", "x-11.tar"]),
        ("{3..1}", ["3", "2", "1"]),
        ("{a,b}-{1..2}", ["a-1", "a-2", "b-1", "b-2"]),
        ("{a,,}x", ["ax", "x", "x"]),
        ("plain{}{a}{1..}", ["plain{}{a}{1..}"]),
    ],
)
def test_braces_are_as_in_shells(name: str, names: list[str]) -> None:
    assert expanded(name) == names


@pytest.mark.parametrize("name", ["{0..9999999}", "{0..999}{0..999}{0..999}", f"{{1..{'9' * 5000}}}"])
def test_braces_that_stand_for_too_much_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="more than"):
        expanded(name)


def test_shards_are_named_by_braces_unless_a_file_is_called_so(tmp_path: Path) -> None:
    for number in (0, 2):
        tar_of(tmp_path / f"shard-00{number}.tar", {"a.jpg": b"%d" % number})
    got = items(f"{tmp_path}/shard-{{000..002}}.tar")
    assert [item.locator.reason for item in got] == ["", "io_not_found", ""]
    (tmp_path / "{1,2}.jpg").touch()
    assert [item.name for item in items(f"{tmp_path}/{{1,2}}.jpg")] == ["{1,2}.jpg"]
    assert found(tmp_path)
