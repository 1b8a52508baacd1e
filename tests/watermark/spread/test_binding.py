"""What ties a mark to its picture and to its place in it."""

from __future__ import annotations

import numpy as np
import pytest

from forensics.watermark.keys import Key
from forensics.watermark.payload import Payload
from forensics.watermark.spread.binding import (
    PLACES,
    Bindings,
    Margins,
    bound_to,
    margins,
    patterns,
    tile_signs,
)
from forensics.watermark.spread.carriers import make_plan
from forensics.watermark.spread.tiles import SIGNS

PAYLOAD = Payload("standard", 1, "00000beef", True)


def made(key: Key, octave: int = 0) -> Bindings:
    return patterns(key, PAYLOAD, make_plan(key, 127), octave)


def test_patterns_share_the_binding_bins(key: Key) -> None:
    plan, all_of_them = make_plan(key, 127), list(made(key))
    used = [set(np.flatnonzero(pattern.values)) for pattern in all_of_them]
    assert set.union(*used) == set(plan.bind)
    assert sum(map(len, used)) == len(plan.bind)
    assert max(map(len, used)) <= min(map(len, used)) + 1
    assert [pattern.number for pattern in all_of_them[:SIGNS]] == list(range(SIGNS))
    assert [pattern.places is None for pattern in all_of_them] == [True] * SIGNS + [False, False]
    assert [pattern.from_end for pattern in all_of_them] == [False] * (SIGNS + 1) + [True]


def test_places_depend_on_payload_octave_and_key(key: Key, other: Key) -> None:
    base = made(key).start.places
    again = patterns(key, Payload("standard", 1, "00000beef", False), make_plan(key, 127), 0).start.places
    np.testing.assert_array_equal(again, base)
    for changed in (
        made(other).start,
        made(key, 1).start,
        made(key).end,
        patterns(key, Payload("standard", 1, "00000beee", True), make_plan(key, 127), 0).start,
    ):
        assert np.mean(changed.places == base) == pytest.approx(0.5, abs=0.08)


@pytest.mark.parametrize("crop", [(0, 0, 0, 0), (1, 2, 3, 0), (0, 5, 0, 4), (4, 0, 2, 2)])
@pytest.mark.parametrize("octave", [0, 2])
def test_cropped_margins_are_read_off_the_places(
    key: Key, rng: np.random.Generator, crop: tuple[int, int, int, int], octave: int
) -> None:
    top, left, bottom, right = crop
    tiles = (12, 14)
    content = np.zeros((*tiles, 5), np.float32)
    sets = [(made(key, n).start, made(key, n).end) for n in range(3)]
    kept = np.s_[top : tiles[0] - bottom, left : tiles[1] - right]
    seen = [tile_signs(p, content)[kept] + rng.normal(0, 0.6, tiles)[kept] for p in sets[octave]]
    found = margins(seen[0].astype(np.float32), seen[1].astype(np.float32), sets)
    assert found == Margins(top, left, bottom, right, octave)


def test_margins_are_not_made_up(key: Key, rng: np.random.Generator) -> None:
    sets = [(made(key, n).start, made(key, n).end) for n in range(6)]
    told = [margins(*rng.standard_normal((2, 7, 9)).astype(np.float32), sets) for _ in range(60)]
    assert sum(found is not None for found in told) == 0
    empty = np.zeros((0, 3), np.float32)
    assert margins(empty, empty, sets) is None
    long = rng.standard_normal((2, PLACES + 1, 4)).astype(np.float32)
    assert margins(long[0], long[1], sets) is None


def test_signs_of_places_repeat_and_count_from_both_ends(key: Key) -> None:
    start, end = made(key).start, made(key).end
    near, far = (tile_signs(p, np.zeros((40, 35, 5), np.float32)) for p in (start, end))
    np.testing.assert_array_equal(near[:8, :3], near[32:, 32:])
    np.testing.assert_array_equal(near[:32, :32], start.places)
    np.testing.assert_array_equal(far[::-1, ::-1][:32, :32], end.places)


def test_mark_of_its_own_picture_is_told_from_a_copy(rng: np.random.Generator) -> None:
    signs, elsewhere = (np.tanh(rng.normal(0, 2, 200)).astype(np.float32) for _ in range(2))
    strengths = np.full(200, 0.9, np.float32)
    for given, copied in ((signs, False), (elsewhere, True)):
        seen = (0.9 * given + rng.standard_normal(200)).astype(np.float32)
        found = bound_to(seen, signs, strengths)
        assert found.copied is copied
        clear = signs[np.abs(signs) >= 0.25]
        assert found.expected == pytest.approx(0.9 * float(np.sqrt((clear**2).sum())), rel=1e-4)
    assert bound_to(seen, signs, strengths / 5).copied is None  # too weak a mark
    assert bound_to(seen, signs * 0.01, strengths).copied is None  # too flat a picture
    none = np.zeros(0, np.float32)
    assert bound_to(none, none, none).copied is None
    assert bound_to(signs * 0.4, signs, strengths).copied is None  # between the two


@pytest.mark.parametrize(
    ("expected", "told"), [(2.0, 0.0), (5.0, 0.6), (6.0, 0.85), (8.0, 0.99), (20.0, 1.0)]
)
def test_answers_are_hardly_ever_wrong(rng: np.random.Generator, expected: float, told: float) -> None:
    """However strong the mark: where chance could give the other answer, there is none."""
    signs, strengths = np.ones(100, np.float32), np.full(100, expected / 10, np.float32)
    noise = rng.standard_normal((2, 4000, 100)).astype(np.float32)
    own = [bound_to(seen + 0.8 * strengths, signs, strengths).copied for seen in noise[0]]
    alien = [bound_to(seen, signs, strengths).copied for seen in noise[1]]
    assert own.count(True) <= 14
    assert alien.count(False) == 0
    assert alien.count(True) >= told * 4000
