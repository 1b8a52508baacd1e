"""Files are found on lists, exactly or within some bits, and lists of our own are read again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from forensics.errors import UsageError
from forensics.fingerprints import fingerprint
from forensics.scan.hashlists import WRITTEN, HashList, HashLists, Written, write_list
from forensics.scan.row import Match, ScanRow, State

Pixels = npt.NDArray[np.uint8]
FROM_SEED = np.random.default_rng(11)


def digits(count: int) -> str:
    return FROM_SEED.bytes(count // 2).hex()


def changed(code: str, bits: int) -> str:
    flips = np.zeros(256, np.uint8)
    flips[FROM_SEED.choice(256, bits, replace=False)] = 1
    return (np.frombuffer(bytes.fromhex(code), np.uint8) ^ np.packbits(flips)).tobytes().hex()


def loaded(folder: Path, lines: list[str], name: str, kind: str = "") -> HashList:
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return HashList.load(path, kind=kind)


def test_digests_match_exactly(tmp_path: Path) -> None:
    listed = [digits(32) for _ in range(500)]
    lists = HashLists([loaded(tmp_path, [f"{value}  name {n}" for n, value in enumerate(listed)], "sums")])
    for number in (0, 250, 499):
        (match,) = lists.match(md5=listed[number].upper())
        assert match == Match(list="sums", kind="md5", value=listed[number], label=f"name {number}")
        assert lists.match(md5=f"{int(listed[number], 16) ^ 1:032x}") == ()
    assert lists.match() == ()
    assert lists.match(sha256=digits(64), sha1=digits(40)) == ()


def test_digests_that_end_in_zero_bytes_are_their_own(tmp_path: Path) -> None:
    values = ["ab" + "00" * 15, "ab" + "00" * 14 + "01", "00" * 16]
    lists = HashLists([loaded(tmp_path, values, "a.txt")])
    for value in values:
        assert [match.value for match in lists.match(md5=value)] == [value]
    assert lists.match(md5="abab" + "00" * 14) == ()


@pytest.mark.parametrize("entries", [40, 9000])
@pytest.mark.parametrize("distance", [0, 12, 31])
def test_pdq_matches_within_its_bits(entries: int, distance: int, tmp_path: Path) -> None:
    listed = [digits(64) for _ in range(entries)]
    lists = HashLists(
        [loaded(tmp_path, [f"{value},90,{n}" for n, value in enumerate(listed)], "a")], distance
    )
    for number in range(0, 40, 3):
        (match,) = lists.match(pdq=changed(listed[number], distance))
        assert (match.kind, match.value, match.distance) == ("pdq", listed[number], distance)
        assert match.label == str(number)
        assert lists.match(pdq=changed(listed[number], distance + 1)) == ()
    assert lists.match(pdq=listed[0], pdq_quality=0.49) == ()


def test_31_bits_are_near_unless_something_else_is_said(tmp_path: Path) -> None:
    code = digits(64)
    lists = HashLists([loaded(tmp_path, [code], "known.pdq")])
    assert [len(lists.match(pdq=changed(code, bits))) for bits in (31, 32)] == [1, 0]


def test_the_nearest_comes_first_and_no_more_than_twenty(tmp_path: Path) -> None:
    code = digits(64)
    near = [changed(code, bits) for bits in (9, 3, 6)] + [changed(code, 20) for _ in range(40)]
    one, other = loaded(tmp_path, near, "b.pdq"), loaded(tmp_path, [near[1], digits(64)], "a.pdq")
    found = HashLists([one, other]).match(pdq=code)
    assert [match.distance for match in found] == [3, 6, 9, *[20] * 17, 3]
    assert [match.list for match in found] == ["b.pdq"] * 20 + ["a.pdq"]


def test_turned_pictures_match_where_asked(photo: Pixels, tmp_path: Path) -> None:
    listed = loaded(tmp_path, [fingerprint(photo, "pdq").hex], "a.pdq")
    mirrored = fingerprint(np.ascontiguousarray(photo[:, ::-1]), "pdq")
    turned = fingerprint(np.ascontiguousarray(np.rot90(photo)), "pdq")
    for code in (mirrored, turned):
        assert HashLists([listed]).match(pdq=code.hex) == ()
        (match,) = HashLists([listed], distance=48, turned=True).match(pdq=code.hex)
        assert 0 < match.distance <= 48


def test_what_is_no_hash_is_refused() -> None:
    for wrong in ({"md5": "12"}, {"sha256": "x" * 64}, {"pdq": "00"}, {"sha1": "0" * 64}):
        with pytest.raises(UsageError):
            HashLists([]).match(**wrong)
    for distance in (-1, 128):
        with pytest.raises(UsageError):
            HashLists([], distance)


def rows() -> list[ScanRow]:
    names = ("plain.jpg", "line\nbreak", "back\\slash", 'quote",comma', "=1+1", "caf\u00e9")
    made = [
        ScanRow(
            id=name,
            source="s",
            state=State.OK,
            sha256=digits(64),
            md5=digits(32),
            pdq=digits(64),
            pdq_quality=0.9,
        )
        for name in names
    ]
    flat = made[0].model_copy(update={"id": "flat", "pdq": "", "sha256": digits(64), "md5": digits(32)})
    return [*made, flat, ScanRow(id="gone", source="s", state=State.UNREADABLE)]


@pytest.mark.parametrize(("form", "entries"), [(form, 6 if form == "pdq" else 7) for form in WRITTEN])
def test_written_lists_are_read_again(form: str, entries: int, tmp_path: Path) -> None:
    made, path = rows(), tmp_path / "list"
    assert write_list(made, path, form) == Written(entries, 8 - entries)
    lists = HashLists([HashList.load(path)])
    for row in made[:6]:
        found = lists.match(sha256=row.sha256, md5=row.md5, pdq=row.pdq)
        kinds = {"pdq": {"pdq"}, "md5sum": {"md5"}, "sha256sum": {"sha256"}}
        assert {match.kind for match in found} == kinds.get(form, {"sha256", "md5", "pdq"})
        assert form == "pdq" or {m.label for m in found} == {row.id.replace("\n", " ")}


def test_a_form_that_is_none_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        write_list(rows(), tmp_path / "list", "no-such")
    assert not list(tmp_path.iterdir())
