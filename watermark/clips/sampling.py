"""Which frames of a clip detection looks at, and how much each counts.

A codec stores few frames whole, and of the others what changed: at low rates the mark is in the former, and
what little of it is left in the latter moves with the scene. So the whole ones are sought out, from all over
the clip, and count most.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from forensics.errors import CorruptMedia
from forensics.media import Media

if TYPE_CHECKING:
    from av.container import InputContainer

__all__ = ["Sample", "samples"]

# Correlation with the mark that frames of the three kinds have after H.264 and H.265 at crf 28, about.
_WEIGHTS = {"I": 8.0, "P": 2.0, "B": 1.0}
_DECODED = 3000  # frames of a clip that is decoded whole; in a longer one only places are
_AHEAD = 16  # frames decoded at each place
_GOLDEN = (5**0.5 - 1) / 2  # places in equal steps of it meet no period of the coder or of the mark
_UNTIMED = 25.0  # frames a second, where nothing is said


@dataclass(frozen=True)
class Sample:
    """One frame.

    Attributes:
        luma: (H, W).
        weight: How much it counts.
    """

    luma: npt.NDArray[np.uint8]
    weight: float = 1.0


def samples(media: Media, count: int) -> Iterator[Sample]:
    """Yield frames from all over a clip: of each of equal parts, the one stored best and any other.

    One frame at a time is in memory, and of a long clip only some places are decoded. When `media.limits` has
    no time left, what was not reached is left out.

    Args:
        media: The clip.
        count: How many frames, about.

    Raises:
        MediaError: The clip cannot be decoded.
        MissingExtra: PyAV is not installed.
    """
    with media.clip() as container:
        walk = _Walk(container, time.monotonic() + media.limits.seconds)
        for number, frames in enumerate(walk.parts(max(1, count // 2))):
            share = (number * _GOLDEN) % 1
            for frame in _chosen(frames, int(share * min(walk.part_frames, _AHEAD))):
                yield Sample(np.asarray(frame.to_ndarray(format="gray"), np.uint8), _weight(frame))


def _chosen(frames: Iterator[Any], place: int) -> Iterator[Any]:
    """Yield the frame that is stored best, and the one at a place if that is another."""
    best = other = None
    for number, frame in enumerate(frames):
        if best is None or _weight(frame) > _weight(best):
            best = frame
        if number == place:
            other = frame
    yield from (frame for frame in {id(f): f for f in (best, other)}.values() if frame is not None)


def _weight(frame: Any) -> float:
    from av.video.frame import PictureType

    return 8.0 if frame.key_frame else _WEIGHTS.get(PictureType(frame.pict_type).name, 1.0)


class _Walk:
    """The way through one clip."""

    def __init__(self, container: InputContainer, end: float) -> None:
        if not container.streams.video or container.streams.video[0].codec_context is None:
            raise CorruptMedia("the clip has no video stream that an installed decoder reads")
        self.container = container
        self.stream: Any = container.streams.video[0]
        self.stream.thread_type = "AUTO"
        self.stream.codec_context.thread_count = 2
        self.end = end
        self.base = float(self.stream.time_base or 0)
        self.start = int(self.stream.start_time or 0)
        self.rate = float(self.stream.average_rate or _UNTIMED)
        self.seconds = self._length()
        self.seen = -1.0
        self.part_frames = 1

    def parts(self, count: int) -> Iterator[Iterator[Any]]:
        """Yield the frames of so many parts of equal length, or the first of each if the clip is long."""
        total = self.seconds * self.rate
        self.part_frames = max(1, round(total / count))
        if total <= _DECODED or not self.base:
            for _, frames in itertools.groupby(self._frames(), lambda pair: int(pair[0] * count / total)):
                yield (frame for _, frame in frames)
            return
        for number in range(count):
            self.container.seek(
                self.start + int(number * self.seconds / count / self.base), stream=self.stream, backward=True
            )
            yield (frame for _, frame in itertools.islice(self._unseen(), _AHEAD))

    def _frames(self) -> Iterator[tuple[int, Any]]:
        """Yield frames with their numbers until the time is over."""
        for number, frame in enumerate(self.container.decode(self.stream)):
            yield number, frame
            if time.monotonic() > self.end:
                return

    def _unseen(self) -> Iterator[tuple[int, Any]]:
        """Yield frames behind the last one seen: one key frame may be the nearest of two places."""
        for number, frame in self._frames():
            if frame.time is None or frame.time > self.seen:
                self.seen = self.seen if frame.time is None else frame.time
                yield number, frame

    def _length(self) -> float:
        """Return the length in seconds: declared, or counted."""
        if self.stream.duration and self.base:
            return float(self.stream.duration) * self.base
        if self.container.duration:
            return float(self.container.duration) / 1_000_000
        packets = sum(packet.size > 0 for packet in self.container.demux(self.stream))
        self.container.seek(self.start, stream=self.stream, backward=True)
        return float(max(1, packets) / self.rate)
