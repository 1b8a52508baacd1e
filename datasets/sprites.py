"""Clips of simple things before a ground: they bounce, orbit and sway, turn, and cover one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from forensics.datasets.outlines import REACH
from forensics.datasets.scenes import Thing, scene
from forensics.datasets.shapes import grained, ground_of, tints, with_things

__all__ = ["MOTIONS", "Motion", "motion", "places", "sprite"]

Pixels = npt.NDArray[np.uint8]
Doubles = npt.NDArray[np.float64]

MOTIONS = ("bounce", "orbit", "sway")
_SPEED = (0.012, 0.05)  # sides that a thing moves from frame to frame, on average
_SPIN = 0.12  # radians that it turns at most


@dataclass(frozen=True)
class Motion:
    """How one thing moves. Lengths are shares of the side.

    Attributes:
        kind: One of `MOTIONS`: straight on and back from the edges, round a circle, or to and fro.
        start: Place (x, y) of the first frame, or what it is around.
        step: (x, y) from frame to frame of what bounces; how far (x, y) of the others at most.
        turn: Radians of its circle, or of its swing, from frame to frame.
        phase: Radians at the first frame.
        spin: Radians that the thing turns from frame to frame.
    """

    kind: str
    start: tuple[float, float]
    step: tuple[float, float]
    turn: float
    phase: float
    spin: float


def sprite(rng: np.random.Generator, side: int, frames: int) -> Pixels:
    """Return a clip of things that move, (frames, side, side, 3) uint8; no frame depends on how many follow.

    Args:
        rng: Draws it.
        side: In pixels, at least 8.
        frames: At least 1.
    """
    shown = scene(rng)
    moves = [motion(rng, thing.radius) for thing in shown.things]
    colours = tints(rng, shown)
    ground = ground_of(rng, shown.ground, colours[-1], side)
    paths = [places(m, thing.radius, frames) for m, thing in zip(moves, shown.things, strict=True)]
    clip = np.empty((frames, side, side, 3), np.uint8)
    for number in range(frames):
        things = _moved(shown.things, moves, [path[number] for path in paths], number)
        clip[number] = grained(rng, with_things(ground, things, colours))
    return clip


def motion(rng: np.random.Generator, radius: float) -> Motion:
    """Draw how a thing of some radius moves."""
    kind = MOTIONS[int(rng.integers(len(MOTIONS)))]
    speed, angle, phase = rng.uniform(*_SPEED), rng.uniform(0, 2 * np.pi), rng.uniform(0, 2 * np.pi)
    spin = rng.uniform(-_SPIN, _SPIN) * rng.integers(2)
    margin = REACH * radius
    if kind == "bounce":
        x, y = rng.uniform(margin, 1 - margin, 2)
        return Motion(kind, (x, y), (speed * np.cos(angle), speed * np.sin(angle)), 0.0, 0.0, spin)
    reach = rng.uniform(0.4, 1.0) * (0.5 - margin)
    x, y = rng.uniform(margin + reach, 1 - margin - reach, 2)
    turn = float(speed / reach * rng.choice([-1, 1]))
    both = (reach, reach) if kind == "orbit" else (reach * np.cos(angle), reach * np.sin(angle))
    return Motion(kind, (x, y), both, turn, phase, spin)


def places(how: Motion, radius: float, frames: int) -> Doubles:
    """Return where a thing is in each frame, (frames, 2): x and y. It never leaves the picture."""
    t = np.arange(frames)[:, None]
    start, step = np.array(how.start), np.array(how.step)
    if how.kind == "bounce":
        margin = REACH * radius
        room = 1 - 2 * margin
        along = np.mod(start + step * t - margin, 2 * room)  # there and back
        return np.asarray(margin + room - np.abs(along - room))
    angle = how.phase + how.turn * t
    swing = np.concatenate([np.cos(angle), np.sin(angle)], axis=1) if how.kind == "orbit" else np.sin(angle)
    return np.asarray(start + step * swing)


def _moved(
    things: Sequence[Thing], moves: Sequence[Motion], where: Sequence[Doubles], number: int
) -> list[Thing]:
    """Return the things as they are in one frame."""
    return [
        replace(thing, x=float(x), y=float(y), angle=thing.angle + how.spin * number)
        for thing, how, (x, y) in zip(things, moves, where, strict=True)
    ]
