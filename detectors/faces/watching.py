"""From a clip to what the eyes in it did, and why nothing can be said of some clips."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from forensics.detectors.faces.blinks import Blinks, find_blinks
from forensics.detectors.faces.eyes import EyeStates
from forensics.detectors.faces.people import Clip, Person, crops_of, people_in
from forensics.detectors.faces.reading import frames_of, rate_of
from forensics.media import Media

__all__ = ["LEAST_RATE", "Refusal", "Watched", "people_of", "states_of", "watch"]

Floats = npt.NDArray[np.float64]

LEAST_RATE = 18.0  # frames per second: with fewer, blinks of 100 ms fall between two frames
LEAST_SECONDS = 2.0  # that somebody is followed
LEAST_SIDE = 56.0  # of a face in pixels: the eyes are then twelve wide
LEAST_KNOWN, LEAST_FOUND = 0.7, 0.5  # shares of frames
MOST_UNSURE = 0.25  # share of frames in which the eyes are neither open nor closed


@dataclass(frozen=True)
class Refusal:
    """Why nothing is said.

    Attributes:
        reason: One sentence.
    """

    reason: str


@dataclass(frozen=True, eq=False)
class Watched:
    """What the eyes of the person did who is seen longest.

    Attributes:
        seconds: (T,) time of each frame.
        closed: (T,) probability that both eyes are closed; not a number where they are not known.
        blinks: What that makes.
        rate: Frames per second.
        side: Of the face in pixels, the median.
        people: Number of persons followed.
        finder: What found the face.
    """

    seconds: Floats = field(repr=False)
    closed: Floats = field(repr=False)
    blinks: Blinks
    rate: float
    side: float
    people: int
    finder: str


class _Memo:
    """Who is in a clip that is still open, so that several detectors look only once."""

    def __init__(self) -> None:
        self._found: WeakKeyDictionary[Media, Clip] = WeakKeyDictionary()
        self._lock = Lock()

    def __call__(self, media: Media) -> Clip:
        with self._lock:
            if media not in self._found:
                self._found[media] = people_in(frames_of(media))
            return self._found[media]


people_of = _Memo()
"""Return the people of a clip (`people_in`), found once for as long as the file is open."""


def watch(media: Media, network: EyeStates | None = None) -> Watched | Refusal:
    """Look at the eyes of the person who is longest in a clip.

    Args:
        media: A clip or an animation.
        network: What knows the state of eyes; what ships if None.

    Raises:
        MediaError: It cannot be decoded.
        MissingExtra: PyAV or ONNX Runtime is not installed.
        UsageError: There is nothing to find faces with.
    """
    clip = people_of(media)
    rate = rate_of(clip.seconds)
    refusal = _refused(clip, rate)
    if refusal:
        return Refusal(refusal)
    person = clip.people[0]
    closed = states_of(person, network or EyeStates())
    unsure = np.nanmean((closed > 0.25) & (closed < 0.75))
    if unsure > MOST_UNSURE:
        return Refusal(f"In {unsure:.0%} of the frames it cannot be told whether the eyes are open.")
    blinks = find_blinks(person.seconds, closed)
    side = float(np.median(person.sizes))
    return Watched(person.seconds, closed, blinks, rate, side, len(clip.people), clip.finder)


def states_of(person: Person, network: EyeStates) -> Floats:
    """Return the probability that the eyes of a person are closed, the mean of both.

    Args:
        person: Whose.
        network: What knows the state of eyes.

    Returns:
        (T,), not a number in frames in which it is not known where the eyes are.
    """
    seen = person.seen
    out = np.full(len(seen), np.nan)
    crops = crops_of(person, network.side)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], seen, [False]]).astype(np.int8)))
    for begin, end in edges.reshape(-1, 2):
        out[begin:end] = network.closed(crops[:, begin:end]).mean(axis=0)
    return out


def _refused(clip: Clip, rate: float) -> str:
    """Return why a clip says nothing of eyes, "" if it may."""
    if len(clip.seconds) < 2:
        return "One frame shows no blinks."
    if rate < LEAST_RATE:
        return f"{rate:.1f} frames per second: blinks fall between frames below {LEAST_RATE:g}."
    person = clip.people[0] if clip.people else None
    if person is None or len(person.frames) < LEAST_SECONDS * rate:
        return f"No face that looks at the camera for {LEAST_SECONDS:g} seconds."
    side = float(np.median(person.sizes))
    if side < LEAST_SIDE:
        return f"The face is {side:.0f} pixels wide; the eyes are too small below {LEAST_SIDE:g}."
    known, found = float(person.seen.mean()), person.found / person.looked
    if known < LEAST_KNOWN or found < LEAST_FOUND:
        return f"The eyes are found in {found:.0%} of the looks only: glasses, hair, or a head turned away."
    return ""
