"""Pictures of simple things with a class and a caption each, which a small model learns in minutes.

They need no data: every picture is drawn from its number. What can be asked of a model that was trained on
them can be measured exactly, since it is known what every picture shows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from forensics.datasets.labelled import Labelled
from forensics.datasets.numbering import at_least, numbered
from forensics.datasets.outlines import coverage
from forensics.datasets.procedural import coloured_noise
from forensics.datasets.scenes import LABELS, Ground, Scene, Thing, caption, label, scene
from forensics.datasets.words import COLOURS, WORDS

__all__ = [
    "LABELS",
    "WORDS",
    "Ground",
    "Scene",
    "Thing",
    "caption",
    "drawn",
    "grained",
    "ground_of",
    "label",
    "scene",
    "shapes",
    "tints",
    "with_things",
]

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

_LEAST_SIDE = 8
_SHADES = 10.0  # levels by which a colour differs from the one that its name stands for
_NOISE = 2.5  # levels, standard deviation
_LIGHT = 0.14  # by which things are lighter on their upper left side, and darker on the other
_BANDS = 2.5  # stripes over the width of a thing
_SECOND = 0.45  # second colour of stripes and dots: so much of the first, or of what it lacks of white
_BRIGHT = 150.0  # level from which on the second colour is darker
_MORE = 0.25  # by which there is more of the first
_FADE, _ROUGH = 0.4, 0.14


def shapes(seed: int, count: int, side: int) -> Labelled:
    """Return pictures of things, with classes and captions; number i does not depend on `count`.

    Args:
        seed: 0 or more.
        count: How many, at least 1.
        side: Of each in pixels, at least 8; from 24 on all kinds can be told apart.

    Raises:
        UsageError: A number is out of its range.
    """
    at_least(1, count=count)
    at_least(_LEAST_SIDE, side=side)
    pixels = np.empty((count, side, side, 3), np.uint8)
    shown = []
    for number in range(count):
        shown.append(scene(numbered(seed, number)))
        pixels[number] = drawn(shown[-1], side)
    labels = np.array([label(s) for s in shown], np.int64)
    return Labelled(pixels, labels, tuple(map(caption, shown)), LABELS)


def drawn(shown: Scene, side: int) -> Pixels:
    """Return the picture of a scene.

    Args:
        shown: What is in it.
        side: In pixels, at least 8.

    Returns:
        (side, side, 3) uint8 RGB.

    Raises:
        UsageError: The side is too small.
    """
    at_least(_LEAST_SIDE, side=side)
    rng = np.random.default_rng(shown.grain)
    colours = tints(rng, shown)
    ground = ground_of(rng, shown.ground, colours[-1], side)
    return grained(rng, with_things(ground, shown.things, colours))


def tints(rng: np.random.Generator, shown: Scene) -> Floats:
    """Return the colours of things and, last, of the ground, near the ones that their names stand for.

    Returns:
        (things + 1, 3) float32 in 0 to 255.
    """
    names = [*(thing.colour for thing in shown.things), shown.ground.colour]
    colours = np.array([COLOURS[name] for name in names], np.float32)
    shades = rng.uniform(-_SHADES, _SHADES, colours.shape).astype(np.float32)
    return np.asarray(np.clip(colours + shades, 0, 255), np.float32)


def ground_of(rng: np.random.Generator, ground: Ground, colour: Floats, side: int) -> Floats:
    """Return what lies behind the things, (side, side, 3) float32 in 0 to 255."""
    light = np.ones((side, side), np.float32)
    if ground.finish == "fading":
        angle = rng.uniform(0, 2 * np.pi)
        rows, columns = _grid(side, (0.5, 0.5))
        light += np.float32(_FADE) * (np.float32(np.cos(angle)) * columns + np.float32(np.sin(angle)) * rows)
    elif ground.finish == "rough":
        light += np.float32(_ROUGH) * coloured_noise(rng, side, side, 0.9)
    middle = np.float32(128)
    picture = middle + (colour - middle) * np.float32(0.9) + (light[..., None] - 1) * np.float32(150)
    return np.asarray(picture, np.float32)


def with_things(ground: Floats, things: Sequence[Thing], colours: Floats) -> Floats:
    """Return a picture of things, the first one on top.

    Args:
        ground: (side, side, 3) in 0 to 255.
        things: May lie across the edge.
        colours: Of each, (3,) in 0 to 255; further ones are not used.
    """
    picture = ground.copy()
    for number in reversed(range(len(things))):
        _lay_on(picture, things[number], colours[number])
    return picture


def _lay_on(picture: Floats, thing: Thing, colour: Floats) -> None:
    side = len(picture)
    cover = coverage(thing.kind, (thing.x, thing.y), thing.radius, thing.angle, side)
    rows, columns = (distance / np.float32(thing.radius) for distance in _grid(side, (thing.x, thing.y)))
    light = 1 - np.float32(_LIGHT / 2) * (rows + columns)
    paint = colour * light[..., None]
    if thing.finish != "plain":
        share, bright = np.float32(_SECOND), colour.mean() > _BRIGHT
        second = share * colour if bright else 255 - share * (255 - colour)
        paint += _pattern(thing, rows, columns, side)[..., None] * (second - colour)
    picture += cover[..., None] * (paint - picture)


def grained(rng: np.random.Generator, picture: Floats) -> Pixels:
    """Return a picture, in 0 to 255, with noise and as bytes."""
    noise = rng.standard_normal(picture.shape, np.float32)
    return np.clip(np.rint(picture + np.float32(_NOISE) * noise), 0, 255).astype(np.uint8)


def _pattern(thing: Thing, rows: Floats, columns: Floats, side: int) -> Floats:
    """Return how much of the second colour there is at every pixel, in [0, 1], with soft edges."""
    cos, sin = np.float32(np.cos(thing.angle)), np.float32(np.sin(thing.angle))
    across, along = cos * columns + sin * rows, cos * rows - sin * columns
    wave = np.cos(np.float32(np.pi * _BANDS) * along)
    if thing.finish == "dotted":
        wave = np.sin(np.float32(np.pi * _BANDS) * along) * np.sin(np.float32(np.pi * _BANDS) * across)
    sharp = np.float32(side * thing.radius / (np.pi * _BANDS))  # the slope of one level in a pixel
    return np.asarray(np.clip(np.float32(0.5) + sharp * (wave - np.float32(_MORE)), 0, 1), np.float32)


def _grid(side: int, origin: tuple[float, float]) -> tuple[Floats, Floats]:
    """Return how far below and to the right of a place (x, y) the pixels lie, in shares of the side."""
    centres = (np.arange(side, dtype=np.float32) + np.float32(0.5)) / np.float32(side)
    return (centres - np.float32(origin[1]))[:, None], (centres - np.float32(origin[0]))[None, :]
