"""Sentences say what a scene holds, in few words, and no other sentence would do as well."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

import numpy as np
import pytest

from forensics.datasets.corpora import leaves
from forensics.datasets.numbering import numbered
from forensics.datasets.scenes import LABELS, Thing, caption, label, place, relation, scene
from forensics.datasets.shapes import shapes
from forensics.datasets.textures import textures
from forensics.datasets.words import COLOURS, FINISHES, GROUNDS, KINDS, PLACES, RELATIONS, SIZES, WORDS

SCENES = [scene(numbered(5, number)) for number in range(600)]


def one_of(name: str, words: Iterable[str]) -> str:
    return f"(?P<{name}>{'|'.join(words)})"


COLOUR = one_of("colour", COLOURS)
THING = f"a {one_of('size', SIZES)}( {one_of('finish', FINISHES[1:])})? {COLOUR} {one_of('kind', KINDS)}"
GROUND = f"on an? ({one_of('finish', GROUNDS[1:])} )?{COLOUR} ground"
BARE = re.sub(r"\((\?P<\w+>)?", "(?:", THING)


def read(sentence: str) -> tuple[list[dict[str, str]], list[str], dict[str, str]]:
    """Return things, where the first one is, and the ground, as a reader of the sentence knows them."""
    whole = re.fullmatch(r"(?P<things>.+) (?P<ground>(?:of|on) an? [a-z ]+ ground)", sentence)
    assert whole is not None, sentence
    things = [match.groupdict() for match in re.finditer(THING, whole["things"])]
    where = [part.removeprefix(" and ").strip() for part in re.split(BARE, whole["things"]) if part]
    ground = re.fullmatch(GROUND, re.sub(r"^of", "on", whole["ground"]))
    assert ground is not None, sentence
    return things, where, ground.groupdict()


def test_what_a_sentence_says_is_what_the_scene_holds() -> None:
    for shown in SCENES:
        things, where, ground = read(caption(shown))
        assert len(things) == len(shown.things)
        for said, thing in zip(things, shown.things, strict=True):
            assert (said["size"], said["finish"] or "plain") == (thing.size, thing.finish)
            assert (said["colour"], said["kind"]) == (thing.colour, thing.kind)
        assert (ground["colour"], ground["finish"] or "plain") == (shown.ground.colour, shown.ground.finish)
        first, *others = shown.things
        told = [relation(first, other) for other in others]
        alone = "in the middle" if place(first) == "middle" else f"at the {place(first)}"
        assert where == (told or [alone]), caption(shown)


@pytest.mark.parametrize(
    ("x", "y", "told"),
    [(0.2, 0.5, "left of"), (0.8, 0.6, "right of"), (0.5, 0.1, "above"), (0.4, 0.9, "below")],
)
def test_relations(x: float, y: float, told: str) -> None:
    def at(x: float, y: float) -> Thing:
        return Thing("disc", "red", "small", "plain", x, y, 0.12, 0.0)

    assert relation(at(x, y), at(0.5, 0.5)) == told
    places = {"left of": "left", "right of": "right", "above": "top", "below": "bottom"}
    assert place(at(x, y)) == places[told]
    assert place(at(0.52, 0.49)) == "middle"


def test_sentences_need_no_word_that_is_not_listed_and_use_all_that_are() -> None:
    captions = {text for make in (shapes, textures) for text in make(1, 400, 8).captions}
    captions |= set(leaves(1, 1, 8).captions)
    assert {word for text in captions for word in text.split()} == set(WORDS)
    assert list(WORDS) == sorted(WORDS)
    assert len(WORDS) < 80


def test_things_are_inside_and_apart_and_their_relation_is_clear() -> None:
    for shown in SCENES:
        for number, thing in enumerate(shown.things):
            reach = 1.2 * thing.radius
            assert reach <= min(thing.x, thing.y) <= max(thing.x, thing.y) <= 1 - reach
            assert thing.size == "small" or thing.radius > 0.2
            assert thing.size == "large" or thing.finish == "plain"
            for other in shown.things[:number]:
                assert np.hypot(thing.x - other.x, thing.y - other.y) > thing.radius + other.radius
        for other in shown.things[1:]:
            steps = sorted(abs(a) for a in (shown.things[0].x - other.x, shown.things[0].y - other.y))
            assert steps[1] >= 1.6 * steps[0]


def test_no_colour_is_there_twice() -> None:
    for shown in SCENES:
        colours = [*(thing.colour for thing in shown.things), shown.ground.colour]
        assert len(set(colours)) == len(colours)


def test_classes_places_and_relations_are_about_balanced() -> None:
    labels = np.bincount([label(shown) for shown in SCENES], minlength=len(LABELS))
    assert labels.min() > 0.6 * len(SCENES) / len(LABELS)
    assert labels.max() < 1.5 * len(SCENES) / len(LABELS)
    pairs = Counter(relation(s.things[0], other) for s in SCENES for other in s.things[1:])
    assert set(pairs) == set(RELATIONS)
    assert max(pairs.values()) < 1.5 * min(pairs.values())
    alone = Counter(place(s.things[0]) for s in SCENES if len(s.things) == 1)
    assert set(alone) == set(PLACES)
    assert max(alone.values()) < 3 * min(alone.values())
    assert {len(s.things) for s in SCENES} == {1, 2, 3}


def test_same_seed_same_scene() -> None:
    assert scene(7) == scene(7) != scene(8)
