"""What is in a picture of the corpus `shapes`: one to three things on a ground, and a sentence that says so.

The sentence is exact: what it says holds for the picture, and the things are never so alike, so near or so
oblique to each other that another sentence would do as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.datasets.outlines import REACH
from forensics.datasets.procedural import Seed
from forensics.datasets.words import COLOURS, FINISHES, GROUNDS, KINDS, SIZES

__all__ = ["LABELS", "Ground", "Scene", "Thing", "caption", "label", "place", "relation", "scene"]

Doubles = npt.NDArray[np.float64]

LABELS = KINDS
_RADII = {"small": (0.12, 0.15), "large": (0.21, 0.26)}
_TILT = 0.25  # radians at most: a square stays a square
_MIDDLE, _ASIDE = 0.05, 0.12  # at most so far from the centre is the middle, from so far on is a side
_CLEAR = 1.6  # how much more above than beside
_APART = 0.03  # at least so much ground is between two things
_TRIES = 64
_ONE, _TWO = 0.3, 0.75  # shares of pictures with one thing, and with at most two


@dataclass(frozen=True)
class Thing:
    """One thing. Lengths are shares of the picture's side, places its centre from the left upper corner.

    Attributes:
        kind: One of `words.KINDS`.
        colour: One of `words.COLOURS`.
        size: "small" or "large".
        finish: One of `words.FINISHES`; small things are plain.
        x: To the right.
        y: Downwards.
        radius: Of the circle around it, about.
        angle: Radians, clockwise.
    """

    kind: str
    colour: str
    size: str
    finish: str
    x: float
    y: float
    radius: float
    angle: float


@dataclass(frozen=True)
class Ground:
    """What lies behind the things.

    Attributes:
        colour: One of `words.COLOURS`, of no thing.
        finish: One of `words.GROUNDS`.
    """

    colour: str
    finish: str


@dataclass(frozen=True)
class Scene:
    """What a picture shows.

    Attributes:
        things: One to three; the first is what it is about, and lies on top.
        ground: What lies behind them.
        grain: Seed of shades and noise, which no caption mentions.
    """

    things: tuple[Thing, ...]
    ground: Ground
    grain: int


def scene(seed: Seed) -> Scene:
    """Return what a picture shows.

    Args:
        seed: Seed or generator.
    """
    rng = np.random.default_rng(seed)
    count = 1 + int(np.searchsorted([_ONE, _TWO], rng.random(), side="right"))
    kinds = [KINDS[i] for i in rng.integers(len(KINDS), size=count)]
    colours = [sorted(COLOURS)[i] for i in rng.permutation(len(COLOURS))[: count + 1]]
    sizes = ["small"] * count
    if count < 3 or rng.random() < 0.5:
        sizes[0] = SIZES[int(rng.integers(2))] if count == 1 else "large"
    if count == 2 and rng.random() < 0.5:
        sizes.reverse()
    radii = np.array([rng.uniform(*_RADII[size]) for size in sizes])
    things = [
        Thing(kind, colour, size, _finish(rng, size), float(x), float(y), float(radius), float(angle))
        for kind, colour, size, (x, y), radius, angle in zip(
            kinds, colours, sizes, _layout(rng, radii), radii, rng.uniform(-_TILT, _TILT, count), strict=False
        )
    ]
    ground = Ground(colours[-1], GROUNDS[int(rng.integers(len(GROUNDS)))])
    return Scene(tuple(things), ground, int(rng.integers(2**32)))


def label(shown: Scene) -> int:
    """Return the class of what a picture is about, an index of `LABELS`."""
    return LABELS.index(shown.things[0].kind)


def caption(shown: Scene) -> str:
    """Return a sentence of `words.WORDS` that says all but exact places, shades and noise.

    Example:
        >>> thing = Thing("disc", "red", "large", "striped", 0.5, 0.5, 0.24, 0.0)
        >>> caption(Scene((thing,), Ground("grey", "rough"), 0))
        'a large striped red disc in the middle of a rough grey ground'
    """
    first, *others = shown.things
    if others:
        where = " and ".join(f"{relation(first, other)} {_named(other)}" for other in others)
        return f"{_named(first)} {where} on {_ground(shown.ground)}"
    at = place(first)
    return f"{_named(first)} {'in' if at == 'middle' else 'at'} the {at} of {_ground(shown.ground)}"


def relation(first: Thing, second: Thing) -> str:
    """Return where the first thing is, seen from the second: one of `words.RELATIONS`."""
    right, down = first.x - second.x, first.y - second.y
    if abs(down) > abs(right):
        return "below" if down > 0 else "above"
    return "right of" if right > 0 else "left of"


def place(thing: Thing) -> str:
    """Return where in the picture a thing is: one of `words.PLACES`."""
    right, down = thing.x - 0.5, thing.y - 0.5
    if np.hypot(right, down) <= (_MIDDLE + _ASIDE) / 2:
        return "middle"
    if abs(down) > abs(right):
        return "bottom" if down > 0 else "top"
    return "right" if right > 0 else "left"


def _finish(rng: np.random.Generator, size: str) -> str:
    drawn = FINISHES[int(rng.choice(len(FINISHES), p=(0.5, 0.25, 0.25)))]
    return drawn if size == "large" else "plain"


def _layout(rng: np.random.Generator, radii: Doubles) -> Doubles:
    """Return places, (count, 2), that can be told in words, the things inside of the picture and apart."""
    margins = REACH * radii[:, None]
    middle = len(radii) == 1 and rng.random() < 0.25
    while True:
        places = rng.uniform(size=(_TRIES, len(radii), 2))
        places = 0.5 + 2 * _MIDDLE * (places - 0.5) if middle else margins + places * (1 - 2 * margins)
        good = _clear(places, radii, middle)
        if good.any():
            return np.asarray(places[int(good.argmax())])


def _clear(places: Doubles, radii: Doubles, middle: bool) -> npt.NDArray[np.bool_]:
    """Say of (tries, count, 2) places which can be used."""
    if len(radii) == 1:
        away = np.hypot(*np.moveaxis(places[:, 0] - 0.5, 1, 0))
        aside = (away >= _ASIDE) & _one_way(places[:, 0] - 0.5)
        return np.asarray(away <= _MIDDLE if middle else aside)
    good = np.ones(len(places), bool)
    for i in range(len(radii)):
        for j in range(i):
            apart = places[:, i] - places[:, j]
            good &= np.hypot(apart[:, 0], apart[:, 1]) >= REACH * (radii[i] + radii[j]) + _APART
            good &= _one_way(apart) if j == 0 else True
    return good


def _one_way(apart: Doubles) -> npt.NDArray[np.bool_]:
    """Say of (tries, 2) differences which are clearly upright or clearly level."""
    steps = np.sort(np.abs(apart), axis=1)
    return np.asarray(steps[:, 1] >= _CLEAR * steps[:, 0])


def _named(thing: Thing) -> str:
    finish = "" if thing.finish == "plain" else f"{thing.finish} "
    return f"a {thing.size} {finish}{thing.colour} {thing.kind}"


def _ground(ground: Ground) -> str:
    words = (
        f"{ground.colour} ground" if ground.finish == "plain" else f"{ground.finish} {ground.colour} ground"
    )
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"
