"""Pictures of things show what their scenes say, measured in the pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.datasets.numbering import numbered
from forensics.datasets.outlines import coverage
from forensics.datasets.shapes import (
    LABELS,
    WORDS,
    Ground,
    Scene,
    Thing,
    caption,
    drawn,
    label,
    scene,
    shapes,
)
from forensics.datasets.words import COLOURS, KINDS
from forensics.errors import UsageError

NAMES = sorted(COLOURS)
PALETTE = np.array([COLOURS[name] for name in NAMES], float)


def nearest(colour: np.ndarray) -> str:
    return NAMES[int(np.linalg.norm(PALETTE - colour, axis=1).argmin())]


def one(
    kind: str = "disc", size: float = 0.25, finish: str = "plain", grain: int = 3, angle: float = 0.2
) -> Scene:
    thing = Thing(kind, "red", "large", finish, 0.45, 0.55, size, angle)
    return Scene((thing,), Ground("white", "plain"), grain)


def visible(shown: Scene, number: int, side: int) -> np.ndarray:
    """Which pixels belong to a thing alone."""
    covers = [coverage(t.kind, (t.x, t.y), t.radius, t.angle, side) for t in shown.things]
    return covers[number] > 0.99


def test_pictures_labels_and_captions_belong_together() -> None:
    made = shapes(2, 40, 32)
    assert made.pixels.shape == (40, 32, 32, 3)
    assert (made.pixels.dtype, made.labels.dtype, made.labels.shape) == (np.uint8, np.int64, (40,))
    assert made.classes == LABELS
    assert (made.skipped, len(made)) == (0, 40)
    for number in range(40):
        shown = scene(numbered(2, number))
        assert (made.labels[number], made.captions[number]) == (label(shown), caption(shown))
        assert LABELS[made.labels[number]] in made.captions[number].split()
        np.testing.assert_array_equal(made.pixels[number], drawn(shown, 32))
        assert set(made.captions[number].split()) <= set(WORDS)


def test_same_seed_same_bytes_whatever_follows() -> None:
    few, more = shapes(4, 3, 32), shapes(4, 9, 32)
    np.testing.assert_array_equal(few.pixels, more.pixels[:3])
    assert few.captions == more.captions[:3]
    assert len({picture.tobytes() for picture in more.pixels}) == 9
    assert not np.array_equal(shapes(5, 3, 32).pixels, few.pixels)


@pytest.mark.parametrize("side", [32, 64])
@pytest.mark.parametrize("kind", KINDS)
def test_the_class_can_be_read_from_the_pixels(kind: str, side: int) -> None:
    """Of all kinds at this place, the drawn one covers best what is not ground."""
    for grain in range(5):
        shown = one(kind, 0.14, grain=grain)
        picture = drawn(shown, side).astype(float)
        ground = np.median(picture.reshape(-1, 3), axis=0)
        seen = np.abs(picture - ground).max(axis=2) > 60
        thing = shown.things[0]
        overlap = []
        for other in KINDS:
            cover = coverage(other, (thing.x, thing.y), thing.radius, thing.angle, side) > 0.5
            overlap.append((cover & seen).sum() / (cover | seen).sum())
        assert KINDS[int(np.argmax(overlap))] == kind
        assert max(overlap) > 0.75
        assert label(shown) == LABELS.index(kind)


def test_area_is_that_of_a_disc() -> None:
    picture = drawn(one(size=0.3), 64).astype(float)
    white, red = picture[:8].mean(axis=(0, 1)), picture[25:45, 20:38].mean(axis=(0, 1))
    along = ((picture - white) @ (red - white)) / ((red - white) @ (red - white))
    assert along.sum() / 64**2 == pytest.approx(np.pi * 0.3**2, rel=0.03)


def test_colours_are_the_ones_that_are_named() -> None:
    for number in range(150):
        shown = scene(numbered(11, number))
        picture = drawn(shown, 64).astype(float)
        for which, thing in enumerate(shown.things):
            inside = visible(shown, which, 64)
            if thing.finish == "plain":
                assert nearest(picture[inside].mean(axis=0)) == thing.colour, caption(shown)
        covers = sum(coverage(t.kind, (t.x, t.y), t.radius, t.angle, 64) for t in shown.things)
        assert nearest(picture[covers == 0].mean(axis=0)) == shown.ground.colour, caption(shown)


@pytest.mark.parametrize("kind", ["disc", "square"])
def test_stripes_go_across_and_dots_go_both_ways(kind: str) -> None:
    spread = {}
    for finish in ("plain", "striped", "dotted"):
        shown = one(kind, 0.28, finish, angle=0.0)
        picture = drawn(shown, 64)[..., 1].astype(float)
        thing = shown.things[0]
        half = int(0.15 * 64)
        y, x = int(thing.y * 64), int(thing.x * 64)
        middle = picture[y - half : y + half, x - half : x + half]
        spread[finish] = middle.mean(axis=1).std(), middle.mean(axis=0).std()
    assert max(spread["plain"]) < 12
    assert spread["striped"][0] > 40
    assert spread["striped"][1] < 12
    assert min(spread["dotted"]) > 12


@pytest.mark.parametrize("finish", ["plain", "fading", "rough"])
def test_grounds(finish: str) -> None:
    shown = Scene(one().things, Ground("green", finish), 8)
    picture = drawn(shown, 64)[:8].astype(float).mean(axis=2)
    cells = picture.reshape(8, 8, 8).mean(axis=(0, 2))
    assert (np.ptp(cells) < 3) == (finish == "plain")
    fine = (picture - picture.mean(axis=0)).std()
    assert (fine > 8) == (finish == "rough")


def test_the_thing_a_picture_is_about_lies_on_top() -> None:
    red, blue = one("disc").things[0], Thing("square", "blue", "large", "plain", 0.5, 0.5, 0.3, 0.0)
    picture = drawn(Scene((red, blue), Ground("white", "plain"), 0), 64).astype(float)
    cover = coverage("disc", (red.x, red.y), red.radius, red.angle, 64) > 0.99
    assert nearest(picture[cover].mean(axis=0)) == "red"


def test_edges_are_soft() -> None:
    """Along a row through a disc's edge there is a level between the two colours."""
    picture = drawn(one(size=0.27), 64).astype(float)
    share = (picture[..., 1] - 40) / (242 - 40)
    assert ((share > 0.25) & (share < 0.75)).sum() > 20


def test_noise_is_slight_and_its_own_in_every_picture() -> None:
    first, second = (drawn(one(grain=grain), 64)[:6, :, 0].astype(float) for grain in (1, 2))
    assert 1.5 < (first - first.mean()).std() < 4
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.2


def test_any_size_shows_the_same_things() -> None:
    small, large = drawn(one(), 32).astype(float), drawn(one(), 128).astype(float)
    reduced = large.reshape(32, 4, 32, 4, 3).mean(axis=(1, 3))
    assert np.abs(small - reduced).mean() < 5


@settings(max_examples=25)
@given(st.integers(0, 2**40), st.integers(8, 70))
def test_every_scene_can_be_drawn_at_every_size(seed: int, side: int) -> None:
    picture = drawn(scene(seed), side)
    assert picture.shape == (side, side, 3)
    assert picture.dtype == np.uint8


def test_refusals() -> None:
    with pytest.raises(UsageError, match="side is at least 8, not 7"):
        shapes(0, 1, 7)
    with pytest.raises(UsageError, match="count is at least 1"):
        shapes(0, 0, 32)
    with pytest.raises(UsageError, match="seed is at least 0, not -1"):
        shapes(-1, 1, 32)
    with pytest.raises(UsageError, match="side"):
        drawn(one(), 0)
