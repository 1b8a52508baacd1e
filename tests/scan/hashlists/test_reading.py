"""Lists of hashes are read whole, or say which line is wrong."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.errors import ForensicsError, LimitExceeded, NotAFile, RegistryError, UsageError
from forensics.registry import Registry
from forensics.scan.hashlists import FORMATS, Entry, HashList, ListFormat, Problem, Source, entry_of

MD5, SHA1, SHA256 = (hashlib.new(name, b"x").hexdigest() for name in ("md5", "sha1", "sha256"))
PDQ = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"


def written(folder: Path, text: str | bytes, name: str = "list.txt") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ("text", "name", "format", "counts"),
    [
        (f"{MD5}\n{MD5}\n", "a.txt", "lines", {"md5": 2}),
        (f"# known\n\n{SHA1}\n", "a.txt", "lines", {"sha1": 1}),
        (f"{PDQ},100\n{PDQ},51,picture.jpg\n", "a.csv", "lines", {"pdq": 2}),
        (f"hash,quality\n{PDQ},100\n", "a.csv", "lines", {"pdq": 1}),
        (f"{PDQ}\n", "a.pdq", "lines", {"pdq": 1}),
        (f"{SHA256}\n", "a.sha256", "lines", {"sha256": 1}),
        (f"{MD5},bad thing\n", "a.txt", "lines", {"md5": 1}),
        (f"{SHA256}  a.jpg\n{SHA256} *b.jpg\n", "sums", "sums", {"sha256": 2}),
        (f"MD5 (a.jpg) = {MD5}\nSHA1 (b) = {SHA1}\n", "sums", "sums", {"md5": 1, "sha1": 1}),
        (f"MD5,SHA1,label\n{MD5},{SHA1},A1\n{MD5},,B\n", "a.csv", "table", {"md5": 2, "sha1": 1}),
        (f"pdq_hash;quality\n{PDQ};90\n", "a.csv", "table", {"pdq": 1}),
        (f"type\tindicator\nHASH_PDQ\t{PDQ}\nHASH_MD5\t{MD5}\n", "a.tsv", "table", {"pdq": 1, "md5": 1}),
        (f'"sha256","label"\n"{SHA256}","two\nlines"\n', "a.csv", "table", {"sha256": 1}),
        (json.dumps([{"md5": MD5, "pdq": PDQ}]), "a.json", "json", {"md5": 1, "pdq": 1}),
        (
            json.dumps({"data": [{"type": "HASH_SHA256", "indicator": SHA256}]}),
            "a.json",
            "json",
            {"sha256": 1},
        ),
        (json.dumps({"SHA1": SHA1}), "a.json", "json", {"sha1": 1}),
        (f'{{"md5": "{MD5}"}}\n{{"pdq": "{PDQ}", "quality": 60}}\n', "a.jsonl", "json", {"md5": 1, "pdq": 1}),
        ("\ufeff" + MD5 + "\r\n", "windows.txt", "lines", {"md5": 1}),
    ],
)
def test_formats_are_told_and_read(
    text: str, name: str, format: str, counts: dict[str, int], tmp_path: Path
) -> None:
    found = HashList.load(written(tmp_path, text, name))
    assert (found.format, dict(found.counts), found.refused, found.name) == (format, counts, 0, name)


@pytest.mark.parametrize("tool", ["md5sum", "sha1sum", "sha256sum"])
def test_what_the_tools_write_is_read(tool: str, tmp_path: Path) -> None:
    program = shutil.which(tool)
    if program is None:
        pytest.skip(f"{tool} is not installed")
    names = ["plain.jpg", "with space", "back\\slash", "line\nbreak"]
    for name in names:
        (tmp_path / name).write_text(name)
    out = subprocess.run([program, *names], cwd=tmp_path, capture_output=True, check=True).stdout
    kind = tool.removesuffix("sum")
    found = HashList.load(written(tmp_path, out, "sums"))
    assert dict(found.counts) == {kind: 4}
    for name in names:
        digest = hashlib.new(kind, name.encode()).digest()
        assert found.hashes[kind].find(digest) == (name.replace("\n", " "),)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (f"{MD5}\nnonsense\n{MD5}\n", 2, "no hash"),
        (f"{MD5}\n{'g' * 32}\n", 2, "not written in hex"),
        (f"{MD5}  a\n{MD5}b\n", 2, "no checksum"),
        (f"{SHA256}  a\n{SHA256[:62]}  b\n", 2, "digits"),
        (f"{PDQ},100\n{PDQ},101\n", 2, "no quality"),
        (f"md5,label\n{MD5},x\n{MD5[:-1]},y\n", 3, "32 digits, not 31"),
        (f"md5,label\n{MD5}\n", 2, "1 cells under 2"),
        ("md5,label\n,x\n", 2, "no hash"),
        (f"type,value\nTMK,{MD5}\n", 2, "no such kind"),
        (f'[{{"md5": "{MD5}"}}, 7]', 2, "no object"),
        (f'[{{"md5": ["{MD5}"]}}]', 1, "no text"),
        (f'{{"md5": "{MD5}"}}\n{{"md5": \n', 2, "no JSON"),
        (f"{MD5}\n".encode() + b"\xff\xfe\n", 2, "UTF-8"),
        (f"md5,label\n{MD5},".encode() + b"\xff\n", 2, "UTF-8"),
    ],
)
def test_wrong_lines_are_named(text: str | bytes, line: int, says: str, tmp_path: Path) -> None:
    path = written(tmp_path, text)
    with pytest.raises(UsageError, match=says) as caught:
        HashList.load(path)
    assert f"{path}:{line}: " in str(caught.value)


def test_wrong_lines_are_counted_where_asked(tmp_path: Path) -> None:
    path = written(tmp_path, f"{MD5}\n" + "nonsense\n" * 150 + f"{MD5[::-1]}\n")
    found = HashList.load(path, strict=False)
    assert (found.refused, len(found.problems), found.counts["md5"]) == (150, 100, 2)
    assert found.problems[0] == Problem(2, "the line is no hash")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no format"),
        ("hello\n", "no format"),
        (b"\x89PNG\r\n\x1a\n" + bytes(2000), "no format"),
        (f"{SHA256}\n", "sha256|pdq"),
        ("[" * 100_000, "JSON"),
        ("[1, 2", "JSON"),
        ('{"data": 1}', "no hash"),
        ("md5,md5\n", "a column twice"),
    ],
)
def test_what_is_no_list_is_refused(text: str | bytes, says: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=says):
        HashList.load(written(tmp_path, text))


def test_what_is_no_file_and_what_is_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(NotAFile):
            HashList.load(path)
    with pytest.raises(LimitExceeded, match=":2:"):
        HashList.load(written(tmp_path, f"{MD5}\n{'a' * 70_000}\n"))
    monkeypatch.setattr("forensics.scan.hashlists.lists.MOST", 2)
    with pytest.raises(LimitExceeded, match="too many"):
        HashList.load(written(tmp_path, f"{MD5}\n" * 3))
    monkeypatch.setattr("forensics.scan.hashlists.base.LARGEST", 10)
    with pytest.raises(LimitExceeded, match="too large"):
        HashList.load(written(tmp_path, f"{MD5}\n"))
    monkeypatch.setattr("forensics.scan.hashlists.base.LARGEST", 1 << 32)
    monkeypatch.setattr("forensics.scan.hashlists.records.LARGEST", 10)
    with pytest.raises(LimitExceeded, match="on each line"):
        HashList.load(written(tmp_path, json.dumps([{"md5": MD5}])))


def test_kind_and_format_can_be_said(tmp_path: Path) -> None:
    path = written(tmp_path, f"{SHA256}\n")
    assert dict(HashList.load(path, kind="pdq").counts) == {"pdq": 1}
    assert dict(HashList.load(path, kind="sha256", name="known").counts) == {"sha256": 1}
    with pytest.raises(UsageError, match="kind"):
        HashList.load(path, kind="crc32")
    with pytest.raises(UsageError, match="no checksum"):
        HashList.load(path, format="sums")
    with pytest.raises(RegistryError):
        HashList.load(path, format="no-such")


def test_flat_ones_are_counted_and_not_kept(tmp_path: Path) -> None:
    found = HashList.load(written(tmp_path, f"{PDQ},49\n{PDQ},50\n"))
    assert (found.flat, found.counts["pdq"]) == (1, 1)


def test_labels_are_harmless(tmp_path: Path) -> None:
    path = written(tmp_path, f"md5,label\n{MD5},\x1b[31mred\x00\n{MD5},{'x' * 5000}\n")
    labels = HashList.load(path).hashes["md5"].find(bytes.fromhex(MD5))
    assert labels[0] == "[31mred"
    assert len(labels[1]) == 1000


@given(
    data=st.binary(max_size=300),
    start=st.sampled_from([b"", MD5.encode() + b"\n", b"md5,pdq\n", b"[{", b'{"md5"']),
)
def test_garbage_ends_with_an_error_of_ours(
    data: bytes, start: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = written(tmp_path_factory.getbasetemp(), start + data)
    for strict in (True, False):
        try:
            found = HashList.load(path, strict=strict)
        except ForensicsError:
            continue
        assert strict is False or found.refused == 0


def test_a_table_of_one_open_quote_is_bounded(tmp_path: Path) -> None:
    found = HashList.load(written(tmp_path, 'md5\n"' + "a,\n" * 200_000), strict=False)
    assert found.refused > 0
    assert not found.hashes


def test_formats_of_others_are_asked_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Mine(ListFormat):
        """A list that says MINE."""

        title = "mine"

        def claims(self, source: Source) -> bool:
            return source.head.startswith(MD5)

        def read(self, source: Source) -> Iterator[Entry | Problem]:
            for line in source.lines():
                yield entry_of("md5", line.text or "", line.number, "mine")
            yield Entry("md5", "zz")

    formats: Registry[type[ListFormat]] = Registry("forensics.example")
    for name in FORMATS.names():
        formats.register(name)(FORMATS.get(name))
    formats.register("zz")(Mine)
    monkeypatch.setattr("forensics.scan.hashlists.lists.FORMATS", formats)
    with pytest.raises(UsageError, match="an entry that is no hash"):
        HashList.load(written(tmp_path, f"{MD5}\n"))
    monkeypatch.setattr(Mine, "read", lambda self, source: iter([entry_of("md5", MD5, 1, "mine")]))
    found = HashList.load(written(tmp_path, f"{MD5}\n"))
    assert found.format == "zz"
    assert found.hashes["md5"].find(bytes.fromhex(MD5)) == ("mine",)
