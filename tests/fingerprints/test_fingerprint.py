"""Records, distances and the search: against counting by hand, and against one another."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.errors import UsageError
from forensics.fingerprints.fingerprint import KINDS, Fingerprint, distance
from forensics.fingerprints.search import columns, distances

CODES = {kind: st.binary(min_size=32 * k.windows, max_size=32 * k.windows) for kind, k in KINDS.items()}


def by_hand(one: bytes, other: bytes) -> int:
    """Count the bits of every pair of windows of which one is the whole picture."""
    mine, theirs = ([code[i : i + 32] for i in range(0, len(code), 32)] for code in (one, other))
    pairs = [(a, b) for a in mine for b in theirs if a is mine[0] or b is theirs[0]]
    return min((int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).bit_count() for a, b in pairs)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_distance_is_what_counting_gives(kind: str, data: st.DataObject) -> None:
    one, other = data.draw(CODES[kind]), data.draw(CODES[kind])
    a, b = Fingerprint(kind, one, 1.0), Fingerprint(kind, other, 0.7)
    assert distance(a, b) == distance(b, a) == by_hand(one, other)
    assert distance(a, a) == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("chunk", [3, 1 << 15])
def test_search_is_the_distance_to_each(kind: str, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forensics.fingerprints.search.CHUNK", chunk)
    rng = np.random.default_rng(5)
    made = [Fingerprint(kind, rng.bytes(32 * KINDS[kind].windows), 1.0) for _ in range(23)]
    queries, entries = made[:8], made[5:]
    found = distances(queries, columns(entries, kind))
    each = np.array([[distance(query, entry) for entry in entries] for query in queries])
    assert found.bits.tolist() == each.min(axis=0).tolist()
    assert found.query.tolist() == each.argmin(axis=0).tolist()


def test_opposite_codes_are_256_bits_apart() -> None:
    none, all_bits = Fingerprint("pdq", bytes(32), 1.0), Fingerprint("pdq", b"\xff" * 32, 1.0)
    assert distance(none, all_bits) == 256
    assert distances([none], columns([all_bits], "pdq")).bits.tolist() == [256]
    assert distances([none], columns([], "pdq")).bits.size == 0


def test_hex_there_and_back() -> None:
    code = Fingerprint("pdq", bytes(range(32)), 0.8)
    assert Fingerprint.from_hex("pdq", code.hex, 0.8) == code
    assert code.words[0, 0] == 0x0001020304050607
    assert code.usable
    assert not Fingerprint("pdq", bytes(32), 0.49).usable


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Fingerprint("no-such", bytes(32), 1.0),
        lambda: Fingerprint("dct", bytes(32), 1.0),
        lambda: Fingerprint("pdq", bytes(32), 1.1),
        lambda: Fingerprint.from_hex("pdq", "xyz"),
        lambda: distance(Fingerprint("pdq", bytes(32), 1.0), Fingerprint("dct", bytes(128), 1.0)),
        lambda: distances([], columns([], "pdq")),
        lambda: distances([Fingerprint("pdq", bytes(32), 1.0)], columns([], "dct")),
    ],
)
def test_what_does_not_fit_is_refused(wrong: object) -> None:
    with pytest.raises(UsageError):
        wrong()  # type: ignore[operator]
