"""Who is in a clip: for each person the face in every frame, held still, and where its eyes are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from forensics.detectors.faces.align import eye_crops, steady, warped
from forensics.detectors.faces.finding import EyeFinder, FaceFinder
from forensics.detectors.faces.geometry import Box
from forensics.detectors.faces.reading import Look
from forensics.detectors.faces.tracking import Track, Tracker

__all__ = ["SIDE", "THUMB", "Clip", "Person", "crops_of", "people_in"]

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

SIDE = 128  # of a face that is kept, in pixels
THUMB = 96  # longer side of a frame that is kept, in pixels
_LOOK_FOR_EYES = 6  # frames
_MOST_FRAMES = 6000  # of all persons together: bounds the memory


@dataclass(frozen=True, eq=False)
class Person:
    """One person, for as long as the face was followed.

    Attributes:
        number: From 0.
        frames: (T,) numbers of the frames in which it was.
        seconds: (T,) their times.
        faces: (T, SIDE, SIDE) uint8: the square of the face, held still.
        sizes: (T,) side of the face in the clip, in pixels.
        boxes: (T, 3) left, top and side of the face in the clip, in pixels.
        eyes: (T, 2, 2) x, y of both eyes in sides of the square; not a number where they are not known.
        looked: Frames in which eyes were looked for.
        found: Those in which they were found.
    """

    number: int
    frames: npt.NDArray[np.int64]
    seconds: Floats
    faces: Pixels = field(repr=False)
    sizes: Floats = field(repr=False)
    boxes: Floats = field(repr=False)
    eyes: Floats = field(repr=False)
    looked: int
    found: int

    @property
    def seen(self) -> npt.NDArray[np.bool_]:
        """(T,) whether it is known where the eyes are."""
        return np.asarray(np.isfinite(self.eyes).all(axis=(1, 2)))


@dataclass(frozen=True, eq=False)
class Clip:
    """What a clip shows of people.

    Attributes:
        seconds: (T,) time of every frame.
        shape: Rows and columns of a frame.
        people: Longest followed first.
        finder: What found them.
        thumbs: (T, h, w) uint8: every frame, scaled down to `THUMB` pixels on its longer side.
    """

    seconds: Floats
    shape: tuple[int, int]
    people: tuple[Person, ...]
    finder: str
    thumbs: Pixels = field(repr=False)


class _Notes:
    """What is written down of one track while the clip runs."""

    def __init__(self) -> None:
        self.frames: list[int] = []
        self.seconds: list[float] = []
        self.faces: list[Pixels] = []
        self.boxes: list[tuple[float, float, float]] = []
        self.eyes: list[Floats] = []
        self.looked = self.found = 0

    def add(self, number: int, look: Look, track: Track, finder: EyeFinder) -> None:
        face = warped(look.luma, track.place, SIDE)
        eyes = None
        if len(self.frames) % _LOOK_FOR_EYES == 0:
            eyes = finder.find(face) if track.eyes is None else track.eyes
            self.looked += 1
            self.found += eyes is not None
        box: Box = track.box
        self.frames.append(number)
        self.seconds.append(look.seconds)
        self.faces.append(face)
        self.boxes.append((box.left, box.top, box.side))
        self.eyes.append(np.full((2, 2), np.nan) if eyes is None else eyes)

    def person(self, number: int) -> Person:
        seconds, boxes = np.array(self.seconds), np.array(self.boxes)
        return Person(
            number, np.array(self.frames), seconds, np.stack(self.faces), boxes[:, 2], boxes,
            steady(seconds, np.stack(self.eyes)), self.looked, self.found,
        )  # fmt: skip


def people_in(looks: Iterable[Look], finder: FaceFinder | None = None, most: int = 2) -> Clip:
    """Follow the people of a clip.

    Args:
        looks: Its frames, in order.
        finder: Of faces; the usual one if None.
        most: Persons at a time.

    Raises:
        UsageError: There is nothing to find faces with.
    """
    faces, eyes = finder or FaceFinder(), EyeFinder()
    tracker = Tracker(faces, most)
    notes: dict[int, _Notes] = {}
    seconds: list[float] = []
    thumbs: list[Pixels] = []
    shape, kept = (0, 0), 0
    for number, look in enumerate(looks):
        if look.luma.shape != shape:  # a new stream, or the first frame: whoever was there is another now
            shape, tracker = look.luma.shape, Tracker(faces, most, tracker.made)
        seconds.append(look.seconds)
        thumbs.append(_thumb(look.luma, thumbs[0].shape if thumbs else None))
        for track in tracker.follow(look.luma):
            if kept < _MOST_FRAMES:
                notes.setdefault(track.number, _Notes()).add(number, look, track, eyes)
                kept += 1
    people = sorted((note.person(i) for i, note in notes.items()), key=lambda p: (-len(p.frames), p.number))
    small = np.stack(thumbs) if thumbs else np.empty((0, 0, 0), np.uint8)
    return Clip(np.array(seconds), (int(shape[0]), int(shape[1])), tuple(people), faces.name, small)


def _thumb(luma: Pixels, shape: tuple[int, ...] | None) -> Pixels:
    """Return a frame scaled down, to a shape if one is given."""
    import cv2

    if shape is None:
        factor = min(1.0, THUMB / max(luma.shape))
        shape = tuple(max(1, round(n * factor)) for n in luma.shape)
    return np.asarray(cv2.resize(luma, shape[::-1], interpolation=cv2.INTER_AREA), np.uint8)


def crops_of(person: Person, side: int) -> Pixels:
    """Return both eyes of a person over time, (2, T, side, side) uint8; black where they are not known.

    Args:
        person: Whose.
        side: Rows and columns of a crop.
    """
    out = np.zeros((2, len(person.frames), side, side), np.uint8)
    for number in np.flatnonzero(person.seen):
        out[:, number] = eye_crops(person.faces[number], person.eyes[number] * SIDE - 0.5, side)
    return out
