"""The frames of a clip one after the other, as luminance and upright."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from forensics.errors import CorruptMedia
from forensics.media import Kind, Media

__all__ = ["MOST_SECONDS", "Look", "frames_of", "rate_of"]

Pixels = npt.NDArray[np.uint8]

_PLANAR = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "gray")
MOST_SECONDS = 180.0  # of a clip that are looked at
_MOST_WORK = 20.0  # seconds that it may take


@dataclass(frozen=True)
class Look:
    """One frame.

    Attributes:
        seconds: From the first one.
        luma: (H, W) uint8, turned as it is to be looked at.
    """

    seconds: float
    luma: Pixels = field(repr=False)


def frames_of(media: Media, most: float = MOST_SECONDS) -> Iterator[Look]:
    """Yield every frame of the first seconds of a clip, until `media.limits` has no time left.

    Of an animation, which is decoded whole, at most `media.limits.frames`.

    Args:
        media: A clip or an animation.
        most: Seconds of it.

    Raises:
        MediaError: It cannot be decoded.
        MissingExtra: PyAV is not installed.
    """
    if media.container.kind is not Kind.VIDEO:
        from forensics.media.image import luma_of

        for frame in media.frames():
            yield Look(frame.seconds, luma_of(frame.pixels))
        return
    end = time.monotonic() + min(_MOST_WORK, media.limits.seconds)
    turns = (media.video.rotation // 90) % 4 if media.video else 0
    with media.clip() as container:
        if not container.streams.video or container.streams.video[0].codec_context is None:
            raise CorruptMedia("the clip has no video stream that an installed decoder reads")
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = 2
        rate = float(stream.average_rate or 25)
        first = None
        for number, shown in enumerate(container.decode(stream)):
            at = number / rate if shown.time is None else float(shown.time)
            first = at if first is None else first
            if at - first > most or time.monotonic() > end:
                return
            yield Look(at - first, np.ascontiguousarray(np.rot90(_luma(shown), turns)))


def rate_of(seconds: npt.NDArray[np.float64]) -> float:
    """Return frames per second, by the median of the steps in time; 0 for fewer than two frames.

    Args:
        seconds: (T,) time of each frame.
    """
    steps = np.diff(seconds)
    steps = steps[steps > 0]
    return float(1 / np.median(steps)) if len(steps) else 0.0


def _luma(frame: Any) -> Pixels:
    """Return the luminance of a frame: its own plane where that has eight bits, as stored."""
    if frame.format.name not in _PLANAR:
        return np.asarray(frame.to_ndarray(format="gray"), np.uint8)
    plane = frame.planes[0]
    return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: frame.height, : frame.width]
