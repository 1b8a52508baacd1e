"""Every engine finds what comparing all pairs finds."""

from __future__ import annotations

import sys

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.errors import MissingExtra, UsageError
from forensics.scan.duplicates import ENGINES, open_index

Codes = npt.NDArray[np.uint8]


def planted(entries: int, queries: int, farthest: int, seed: int = 1) -> tuple[Codes, Codes]:
    """Return random codes, and some of them with up to so many bits inverted."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 256, (entries, 32), dtype=np.uint8)
    chosen = codes[rng.integers(0, entries, queries)]
    flips = np.zeros((queries, 256), np.uint8)
    for row in flips:
        row[rng.choice(256, rng.integers(0, farthest + 1), replace=False)] = 1
    return codes, chosen ^ np.packbits(flips, axis=1)


def by_hand(codes: Codes, queries: Codes, bits: int) -> list[tuple[int, int, int]]:
    found = []
    for number, query in enumerate(queries):
        differing = np.bitwise_count(codes ^ query).sum(axis=1, dtype=int)
        found += [(number, int(entry), int(differing[entry])) for entry in np.flatnonzero(differing <= bits)]
    return found


def pairs(
    codes: Codes, queries: Codes, bits: int, engine: str, sure: bool = True
) -> list[tuple[int, int, int]]:
    hits = open_index(codes, bits, engine, sure).within(queries, bits)
    return list(zip(hits.query.tolist(), hits.entry.tolist(), hits.bits.tolist(), strict=True))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("bits", [0, 3, 31])
def test_nothing_is_missed_where_that_is_asked(engine: str, bits: int) -> None:
    if engine == "faiss":
        pytest.importorskip("faiss")
    codes, queries = planted(6000, 300, 40)
    codes[100:130] = codes[7]  # the same code many times
    assert pairs(codes, queries, bits, engine) == by_hand(codes, queries, bits)


@pytest.mark.parametrize("engine", ["tables", "exact"])
@given(data=st.data())
def test_any_codes(engine: str, data: st.DataObject) -> None:
    made = st.lists(
        st.sampled_from([bytes(32), b"\xff" * 32, bytes(31) + b"\x0f"]) | st.binary(min_size=32, max_size=32),
        max_size=6,
    )
    codes, queries = (np.frombuffer(b"".join(data.draw(made)), np.uint8).reshape(-1, 32) for _ in range(2))
    bits = data.draw(st.integers(0, 40))
    assert pairs(codes, queries, bits, engine) == by_hand(codes, queries, bits)


def test_long_keys_miss_little_and_invent_nothing() -> None:
    codes, queries = planted(20_000, 500, 31)
    truth, found = set(by_hand(codes, queries, 31)), pairs(codes, queries, 31, "tables", sure=False)
    assert set(found) <= truth
    assert len(found) >= 0.98 * len(truth)


def test_the_first_stand_for_very_many_that_are_alike() -> None:
    codes, queries = planted(5000, 50, 8)
    codes[1000:4000] = codes[1000]
    hits = open_index(codes, 31, "tables", most=20).within(codes[1000:1001], 31)
    assert hits.entry.tolist() == list(range(1000, 1020))
    rest = by_hand(np.delete(codes, slice(1000, 4000), axis=0), queries, 8)
    assert rest


@pytest.mark.parametrize("pieces", [1, 7, 1 << 20])
def test_work_in_pieces_is_the_same_work(pieces: int, monkeypatch: pytest.MonkeyPatch) -> None:
    codes, queries = planted(3000, 80, 20)
    expected = by_hand(codes, queries, 20)
    monkeypatch.setattr("forensics.scan.duplicates.index.PAIRS", pieces)
    monkeypatch.setattr("forensics.scan.duplicates.index.QUERIES", pieces)
    for engine in ("tables", "exact"):
        assert pairs(codes, queries, 20, engine) == expected


@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_to_look_in_or_for(engine: str) -> None:
    if engine == "faiss":
        pytest.importorskip("faiss")
    none, some = np.zeros((0, 32), np.uint8), np.zeros((3, 32), np.uint8)
    assert pairs(none, some, 31, engine) == pairs(some, none, 31, engine) == []


def test_what_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError):
        open_index(np.zeros((3, 32), np.uint8), 31, "no-such")
    for wrong in (np.zeros((3, 31), np.uint8), np.zeros(32, np.uint8), np.zeros((3, 32))):
        with pytest.raises(UsageError):
            open_index(wrong, 31)
        with pytest.raises(UsageError):
            open_index(np.zeros((3, 32), np.uint8), 31).within(wrong, 31)
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(MissingExtra, match=r"\[duplicates\]"):
        open_index(np.zeros((3, 32), np.uint8), 31, "faiss")
