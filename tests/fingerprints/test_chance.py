"""The chance of a distance: a table that holds together, and its correction for many entries."""

from __future__ import annotations

from itertools import pairwise

import pytest

from forensics.datasets.procedural import camera
from forensics.errors import UsageError
from forensics.fingerprints import KINDS, chance, columns, distances, fingerprint, load_chance, variants


@pytest.mark.parametrize("kind", KINDS)
def test_table_is_a_distribution_drawn_on_with_care(kind: str) -> None:
    table = load_chance(kind)
    values = table.log10_p
    assert len(values) == 257
    assert list(values) == sorted(values)
    assert values[-1] == 0
    assert table.pairs > 1_000_000
    steps = [after - before for before, after in pairwise(values)]
    # A line below what was counted: no steeper than the tail that was.
    assert max(steps[: table.counted_from]) <= max(steps)
    assert values[table.counted_from] >= -7


@pytest.mark.parametrize("kind", KINDS)
def test_more_entries_and_more_bits_are_less_surprising(kind: str) -> None:
    few, many = chance(kind, 40, 10), chance(kind, 40, 10_000)
    assert many.p_value == pytest.approx(1000 * few.p_value)
    assert chance(kind, 20, 10).p_value < few.p_value
    assert chance(kind, 40, 10, looks=2).p_value == pytest.approx(2 * few.p_value)
    assert chance(kind, 256, 1).p_value == chance(kind, 256, 1, looks=9).p_value == 1.0
    assert chance(kind, 128, 10**9).p_value == 1.0


@pytest.mark.slow
def test_other_pictures_lie_as_the_table_says() -> None:
    codes = [fingerprint(camera(seed, 96, 96)) for seed in range(60)]
    entries = columns(codes, "dct")
    bits = []
    for number in range(60):
        queries = [v.fingerprint for v in variants(camera(number, 96, 96))]
        found = distances(queries, entries).bits
        assert found[number] == 0
        bits += [int(b) for other, b in enumerate(found) if other != number]
    at = next(d for d in range(257) if load_chance("dct").log10_p[d] >= -3)
    assert sum(b <= at for b in bits) <= 20  # of 3540 ordered pairs; 3.5 are expected


@pytest.mark.parametrize(
    "wrong", [("dct", -1, 1), ("dct", 3, 1, 0), ("dct", 257, 1), ("dct", 3, 0), ("no-such", 3, 1)]
)
def test_what_makes_no_sense_is_refused(wrong: tuple[str, int, int]) -> None:
    with pytest.raises(UsageError):
        chance(*wrong)
