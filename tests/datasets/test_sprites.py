"""Things move as their motions say, and stay in the picture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.datasets import sprites
from forensics.datasets.numbering import numbered
from forensics.datasets.outlines import REACH
from forensics.datasets.scenes import scene
from forensics.datasets.sprites import MOTIONS, Motion, motion, places, sprite


@given(st.integers(0, 2**40), st.floats(0.1, 0.27), st.integers(1, 200))
def test_no_thing_ever_leaves_the_picture(seed: int, radius: float, frames: int) -> None:
    where = places(motion(np.random.default_rng(seed), radius), radius, frames)
    assert where.shape == (frames, 2)
    assert REACH * radius - 1e-9 <= where.min() <= where.max() <= 1 - REACH * radius + 1e-9


def test_bouncing_is_straight_until_the_edge_and_back_from_it() -> None:
    margin = REACH * 0.1
    where = places(Motion("bounce", (0.5, 0.5), (0.1, 0.0), 0.0, 0.0, 0.0), 0.1, 8)
    expected = [0.5, 0.6, 0.7, 0.8, 2 * (1 - margin) - 0.9, 2 * (1 - margin) - 1.0, 2 * (1 - margin) - 1.1]
    assert where[:7, 0] == pytest.approx(expected)
    assert where[:, 1] == pytest.approx(0.5)


def test_orbits_are_round_and_swings_go_to_and_fro() -> None:
    orbit = places(Motion("orbit", (0.5, 0.4), (0.2, 0.2), 0.3, 1.0, 0.0), 0.1, 30)
    assert np.hypot(*(orbit - (0.5, 0.4)).T) == pytest.approx(0.2)
    steps = np.hypot(*np.diff(orbit, axis=0).T)
    assert steps == pytest.approx(2 * 0.2 * np.sin(0.15))
    sway = places(Motion("sway", (0.5, 0.5), (0.1, 0.2), np.pi / 8, 0.0, 0.0), 0.1, 17)
    assert sway[[0, 8, 16]] == pytest.approx(np.full((3, 2), 0.5))
    assert sway[4] == pytest.approx([0.6, 0.7])
    assert sway[12] == pytest.approx([0.4, 0.3])


def test_all_motions_are_drawn_at_fair_speeds() -> None:
    found: dict[str, list[float]] = {}
    for seed in range(150):
        how = motion(np.random.default_rng(seed), 0.2)
        steps = np.diff(places(how, 0.2, 200), axis=0)
        found.setdefault(how.kind, []).append(float(np.hypot(*steps.T).mean()))
    assert set(found) == set(MOTIONS)
    for speeds in found.values():
        assert len(speeds) > 30
        assert 0.004 < min(speeds)
        assert max(speeds) < 0.055


def test_frames_do_not_depend_on_how_many_follow() -> None:
    few, more = sprite(numbered(1, 2), 32, 4), sprite(numbered(1, 2), 32, 9)
    assert more.shape == (9, 32, 32, 3)
    assert more.dtype == np.uint8
    np.testing.assert_array_equal(few, more[:4])
    assert not np.array_equal(sprite(numbered(1, 3), 32, 4), few)


def test_drawn_things_are_where_their_motions_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """The centre of what differs from the ground follows the path, to a part of a pixel."""
    tested = 0
    for seed in range(300):
        shown = scene(numbered(seed, 0))
        thing = shown.things[0]
        if (
            len(shown.things) > 1
            or shown.ground.finish != "plain"
            or thing.kind not in ("disc", "square", "ring")
        ):
            continue
        moves: list[Motion] = []

        def spied(rng: np.random.Generator, radius: float, moves: list[Motion] = moves) -> Motion:
            moves.append(motion(rng, radius))
            return moves[-1]

        monkeypatch.setattr(sprites, "motion", spied)
        clip = sprite(numbered(seed, 0), 64, 10).astype(float)
        ground = np.median(clip[0].reshape(-1, 3), axis=0)
        seen = np.abs(clip - ground).max(axis=3) > 25
        axis = (np.arange(64) + 0.5) / 64
        x, y = ((seen.sum(a) * axis).sum(1) / seen.sum((1, 2)) for a in (1, 2))
        expected = places(moves[0], thing.radius, 10)
        assert np.stack([x, y], axis=1) == pytest.approx(expected, abs=0.7 / 64), seed
        tested += 1
    assert tested >= 3


def test_the_ground_stands_still_and_its_noise_does_not() -> None:
    clip = sprite(numbered(6, 1), 64, 6).astype(float)
    still = np.ptp(clip, axis=0).max(axis=2) < 25
    assert still.mean() > 0.3
    differences = np.diff(clip, axis=0)[:, still]
    assert 2 < differences.std() < 5
