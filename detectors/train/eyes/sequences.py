"""Made-up sequences of an eye that blinks, from still pictures of open and closed ones.

Each sequence shows one person: an open and a closed eye take turns, the lid moves over a frame or two, the
crop trembles as one that was cut by tracking, and light, sharpness, noise and compression are those of some
camera. So a network that saw infra-red pictures only learns not to rely on how they look.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.detectors.train.eyes.crops import Eyes

__all__ = ["Batch", "sequences", "states"]

Floats = npt.NDArray[np.float32]
Generator = np.random.Generator

_STILL = 0.4  # share of sequences in which nothing happens
_OPEN, _SHUT = (2, 30), (2, 9)  # frames that a state lasts


@dataclass(frozen=True)
class Batch:
    """Some sequences.

    Attributes:
        crops: (B, T, side, side) float32 grey levels in 0-255.
        closed: (B, T) share in [0, 1] by which the lid is closed.
    """

    crops: Floats
    closed: Floats


def sequences(eyes: Eyes, count: int, frames: int, side: int, rng: Generator) -> Batch:
    """Make sequences.

    Args:
        eyes: Stills, larger than `side` so that there is room to tremble.
        count: B.
        frames: T.
        side: Rows and columns of a crop.
        rng: All randomness.
    """
    made = [_sequence(eyes, frames, side, rng) for _ in range(count)]
    return Batch(np.stack([crops for crops, _ in made]), np.stack([closed for _, closed in made]))


def states(frames: int, rng: Generator) -> Floats:
    """Return how closed a blinking eye is in each frame, (T,) in [0, 1]: states that last, short ramps.

    Args:
        frames: T.
        rng: All randomness.
    """
    out: list[float] = []
    shut = bool(rng.integers(2))
    out += [float(shut)] * int(rng.integers(1, frames + 1))  # what began before the first frame
    while len(out) < frames:
        shut = not shut
        ramp = np.linspace(0, 1, int(rng.integers(2, 5)))[1:-1]  # none to two frames on the way
        out += list(ramp if shut else 1 - ramp)
        out += [float(shut)] * int(rng.integers(*(_SHUT if shut else _OPEN)))
    return np.array(out[:frames], np.float32)


def _sequence(eyes: Eyes, frames: int, side: int, rng: Generator) -> tuple[Floats, Floats]:
    person = int(rng.choice(np.unique(eyes.subjects)))
    own = np.flatnonzero(eyes.subjects == person)
    shut, ajar = own[eyes.closed[own]], own[~eyes.closed[own]]
    still = rng.random() < _STILL or not len(shut) or not len(ajar)
    if still:
        pool = shut if len(shut) and (not len(ajar) or rng.random() < 0.5) else ajar
        first = second = int(rng.choice(pool))
        closed = np.full(frames, float(eyes.closed[first]), np.float32)
    else:
        first, second = int(rng.choice(ajar)), int(rng.choice(shut))
        closed = states(frames, rng)
    return _filmed(eyes.crops[first], eyes.crops[second], closed, side, rng), closed


def _filmed(
    first: npt.NDArray[np.uint8], second: npt.NDArray[np.uint8], closed: Floats, side: int, rng: Generator
) -> Floats:
    """Return the frames: between both pictures, moved, then seen by a camera."""
    import cv2

    one, other = first.astype(np.float32), second.astype(np.float32)
    other += one.mean() - other.mean()  # the light does not blink
    wide = len(one)
    pose = _pose(rng, wide, side)
    out = np.empty((len(closed), side, side), np.float32)
    for number, share in enumerate(closed):
        mixed = one if share == 0 else other if share == 1 else _between(one, other, float(share))
        matrix = pose.copy()
        matrix[:, 2] += rng.normal(0, 0.015 * side, 2)
        out[number] = cv2.warpAffine(
            mixed, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
        )
    return _seen(out, rng)


def _between(one: Floats, other: Floats, share: float) -> Floats:
    """Return an eye whose lid is on its way: the upper part of the eye is covered already."""
    rows = np.linspace(0, 1, len(one), dtype=np.float32)[:, None]
    lid = np.clip((0.3 + 0.45 * share - rows) / 0.1 + 0.5, 0, 1)
    return lid * other + (1 - lid) * one


def _pose(rng: Generator, wide: int, side: int) -> npt.NDArray[np.float64]:
    """Return the matrix that takes a still to a crop: zoomed, turned, moved and sometimes mirrored."""
    zoom = side / wide * float(np.exp(rng.uniform(np.log(0.85), np.log(1.4))))
    turn = np.deg2rad(rng.normal(0, 7))
    linear = zoom * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    linear[:, 0] *= rng.choice([-1, 1])
    linear[1] *= rng.uniform(0.85, 1.15)
    middle = np.full(2, (wide - 1) / 2)
    to = np.full(2, (side - 1) / 2) + rng.normal(0, 0.06 * side, 2)
    return np.asarray(np.column_stack([linear, to - linear @ middle]))


def _seen(frames: Floats, rng: Generator) -> Floats:
    """Return frames as some camera and some encoder leave them; all of one sequence by the same."""
    side = frames.shape[-1]
    slope = rng.normal(0, 0.25, 2)
    axis = np.linspace(-1, 1, side, dtype=np.float32)
    lit = frames * (1 + slope[0] * axis[:, None] + slope[1] * axis[None]).clip(0.4, 1.6)
    low, high = float(lit.min()), float(lit.max()) + 1e-3
    shares = ((lit - low) / (high - low)).clip(0, 1) ** float(np.exp(rng.normal(0, 0.35)))
    contrast = float(rng.uniform(25, 220))
    grey = np.asarray(shares * contrast + float(rng.uniform(0, 255 - contrast)), np.float32)
    sigma = float(rng.exponential(0.5))
    soft = np.stack([_blurred(frame, sigma) for frame in grey])
    noisy = np.asarray(soft + rng.normal(0, contrast * rng.exponential(0.02), soft.shape), np.float32)
    seen = _saved(noisy, int(rng.integers(40, 95))) if rng.random() < 0.5 else noisy
    return np.clip(seen, 0, 255)


def _blurred(frame: Floats, sigma: float) -> Floats:
    import cv2

    return frame if sigma < 0.3 else np.asarray(cv2.GaussianBlur(frame, (0, 0), sigma), np.float32)


def _saved(frames: Floats, quality: int) -> Floats:
    """Return frames after a JPEG, all below one another."""
    import cv2

    column = np.clip(frames, 0, 255).astype(np.uint8).reshape(-1, frames.shape[-1])
    _, data = cv2.imencode(".jpg", column, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.float32).reshape(frames.shape)
