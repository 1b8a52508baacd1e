"""Attacks on clips: codecs through PyAV, lost frames, cuts, another rate; and picture attacks on every frame.

Clips are iterators of frames, one frame at a time in memory; what a codec writes goes to a temporary file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from fractions import Fraction
from itertools import chain, islice
from tempfile import SpooledTemporaryFile
from types import ModuleType
from typing import IO, Any

import numpy as np

from forensics.errors import MissingExtra, UsageError
from forensics.media.types import Pixels
from forensics.watermark.attacks.base import attack, whole
from forensics.watermark.attacks.pictures import checked
from forensics.watermark.attacks.specs import Attack, Step, random_numbers

__all__ = [
    "Codec",
    "attack_frames",
    "cut_frames",
    "drop_frames",
    "h264",
    "h265",
    "retime",
    "transcode",
    "vp9",
]

# x265 writes outside its buffers where a picture has no more than 32 rows: small ones are padded.
_LEAST_CODED = 64  # px: one coding tree unit
_IN_MEMORY = 64 << 20  # bytes of a coded clip, before it goes to the disk


class Codec(StrEnum):
    """A video codec by the name of its encoder."""

    H264 = "libx264"
    H265 = "libx265"
    VP9 = "libvpx-vp9"


# One thread: the same bytes on every machine. Their own logs would go to stderr.
_OPTIONS: dict[Codec, dict[str, str]] = {
    Codec.H264: {"preset": "medium"},
    Codec.H265: {"preset": "medium", "x265-params": "log-level=none:pools=1:frame-threads=1"},
    Codec.VP9: {"deadline": "good", "cpu-used": "4", "b": "0"},
}
_LARGEST = {Codec.H264: 51, Codec.H265: 51, Codec.VP9: 63}


def transcode(frames: Iterable[Pixels], codec: Codec, crf: int, fps: float = 25.0) -> Iterator[Pixels]:
    """Code a clip with loss and yield what a player shows.

    Colours are stored as YUV 4:2:0; of an odd side the last row or column is lost.

    Args:
        frames: (H, W, 3) uint8 each, all of one size.
        codec: The codec.
        crf: Its constant rate factor: 0 to 51, for VP9 to 63; larger is worse.
        fps: Frames in a second, above 0.

    Returns:
        As many frames.

    Raises:
        MissingExtra: PyAV is not installed.
        UsageError: A number is out of its range, a frame is none or of another size, there are no frames, or
            this build of FFmpeg lacks the encoder.
    """
    av = _library()
    if not 0 <= crf <= _LARGEST[codec]:
        raise UsageError(f"crf is 0 to {_LARGEST[codec]}, not {crf}", expected=_LARGEST[codec], actual=crf)
    if not 0 < fps <= 1000:
        raise UsageError(f"a clip has above 0 and at most 1000 frames a second, not {fps}", actual=fps)
    if codec not in av.codecs_available:
        raise UsageError(f"this build of FFmpeg has no encoder {codec}", expected=codec.value)
    return _transcoded(av, frames, codec, {**_OPTIONS[codec], "crf": str(crf)}, fps)


def _library() -> ModuleType:
    try:
        import av
    except ImportError as error:
        raise MissingExtra("attacks by video codecs", "video") from error
    module: ModuleType = av
    return module


def _transcoded(
    av: ModuleType, frames: Iterable[Pixels], codec: Codec, options: dict[str, str], fps: float
) -> Iterator[Pixels]:
    with SpooledTemporaryFile(_IN_MEMORY) as file:
        rows, columns = _encode(av, file, frames, codec, options, fps)
        file.seek(0)
        with av.open(file, "r", format="matroska") as container:
            for frame in container.decode(video=0):
                pixels: Pixels = frame.to_ndarray(format="rgb24")
                yield np.ascontiguousarray(pixels[:rows, :columns])


def _encode(
    av: ModuleType,
    file: IO[bytes],
    frames: Iterable[Pixels],
    codec: Codec,
    options: dict[str, str],
    fps: float,
) -> tuple[int, int]:
    """Write a clip; return the sides that hold pictures, without the padding."""
    shape: tuple[int, ...] = ()
    rate = Fraction(fps).limit_denominator(1001)
    with av.open(file, "w", format="matroska") as container:
        stream: Any = container.add_stream(codec.value, rate=rate, options=options)
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        for number, pixels in enumerate(frames):
            if not shape:
                shape = checked(pixels).shape
                stream.height, stream.width = (max(_LEAST_CODED, n // 2 * 2) for n in shape[:2])
            if pixels.shape != shape:
                message = f"a clip has frames of one size, not {pixels.shape} after {shape}"
                raise UsageError(message, expected=shape, actual=pixels.shape)
            picture = av.VideoFrame.from_ndarray(_padded(pixels), format="rgb24")
            picture.pts, picture.time_base = number, 1 / rate
            container.mux(_timed(stream.encode(picture)))
        if not shape:
            raise UsageError("a clip has at least one frame", expected=">= 1", actual=0)
        container.mux(_timed(stream.encode(None)))
    return shape[0] // 2 * 2, shape[1] // 2 * 2


def _timed(packets: list[Any]) -> list[Any]:
    """Return packets that are decoded before they are shown: x265 says any time for a clip of one frame."""
    for packet in packets:
        packet.dts = min(packet.dts, packet.pts)
    return packets


def _padded(pixels: Pixels) -> Pixels:
    """Return a frame with even sides that a codec can take: cut by one, or its edge repeated."""
    even = pixels[: len(pixels) // 2 * 2, : pixels.shape[1] // 2 * 2]
    missing = [(0, max(0, _LEAST_CODED - n)) for n in even.shape[:2]]
    return np.ascontiguousarray(np.pad(even, [*missing, (0, 0)], mode="edge"))


def _streamed(codec: Codec) -> Callable[..., Iterator[Pixels]]:
    def stream(frames: Iterable[Pixels], crf: int) -> Iterator[Pixels]:
        return transcode(frames, codec, crf)

    return stream


@attack("h264", whole("crf", 23, 0, 51), source="ITU-T H.264; VideoSeal", stream=_streamed(Codec.H264))
def h264(pixels: Pixels, rng: np.random.Generator, crf: int) -> Pixels:
    """Code as one frame of H.264, 4:2:0."""
    return next(transcode([pixels], Codec.H264, crf))


@attack("h265", whole("crf", 28, 0, 51), source="ITU-T H.265; VideoSeal", stream=_streamed(Codec.H265))
def h265(pixels: Pixels, rng: np.random.Generator, crf: int) -> Pixels:
    """Code as one frame of H.265, 4:2:0."""
    return next(transcode([pixels], Codec.H265, crf))


@attack("vp9", whole("crf", 32, 0, 63), source="VP9; VideoSeal", stream=_streamed(Codec.VP9))
def vp9(pixels: Pixels, rng: np.random.Generator, crf: int) -> Pixels:
    """Code as one frame of VP9, 4:2:0."""
    return next(transcode([pixels], Codec.VP9, crf))


def attack_frames(frames: Iterable[Pixels], attack: Attack, seed: int = 0) -> Iterator[Pixels]:
    """Attack a clip: codecs act on all of it, other operations on every frame in the same way.

    Places are the same in every frame; noise is drawn anew.

    Args:
        frames: (H, W, 3) uint8 each.
        attack: What is done, one step after the other.
        seed: Of the random numbers, 0 or more.

    Raises:
        UsageError: A frame is none, or too small for this attack.
        MissingExtra: A codec is asked for and PyAV is not installed.
    """
    current: Iterator[Pixels] = map(checked, frames)
    for index, step in enumerate(attack.steps):
        if step.operation.stream is not None:
            current = step.operation.stream(current, *step.values)
        else:
            current = _each(current, step, seed, index)
    return current


def _each(frames: Iterable[Pixels], step: Step, seed: int, index: int) -> Iterator[Pixels]:
    for number, pixels in enumerate(frames):
        place = (index, number) if step.operation.fresh else (index,)
        result = step.operation.apply(pixels, random_numbers(seed, *place), *step.values)
        yield np.ascontiguousarray(checked(result))


def drop_frames(frames: Iterable[Pixels], share: float, seed: int = 0) -> Iterator[Pixels]:
    """Yield a clip without a random share of its frames, each lost on its own.

    Args:
        frames: The clip.
        share: Chance of a frame to be lost, in [0, 1).
        seed: Of the random numbers, 0 or more.

    Raises:
        UsageError: A number is out of its range.
    """
    if not 0 <= share < 1:
        raise UsageError(
            f"the share of lost frames is in [0, 1), not {share}", expected="[0, 1)", actual=share
        )
    rng = random_numbers(seed)
    return (pixels for pixels in frames if rng.random() >= share)


def cut_frames(frames: Iterable[Pixels], start: int, stop: int) -> Iterator[Pixels]:
    """Yield a clip without the frames from `start` on to before `stop`.

    Raises:
        UsageError: The numbers are negative or out of order.
    """
    if not 0 <= start <= stop:
        raise UsageError(f"a cut is 0 <= start <= stop, not {start} to {stop}", actual=(start, stop))
    rest = iter(frames)
    return chain(islice(rest, start), islice(rest, stop - start, None))


def retime(frames: Iterable[Pixels], speed: float) -> Iterator[Pixels]:
    """Yield a clip at another speed: frames are left out above 1, shown again below.

    Args:
        frames: The clip.
        speed: From 0.1 to 10.

    Raises:
        UsageError: The speed is out of its range.
    """
    if not 0.1 <= speed <= 10:
        raise UsageError(f"the speed is 0.1 to 10, not {speed}", expected="0.1 to 10", actual=speed)
    return _retimed(frames, speed)


def _retimed(frames: Iterable[Pixels], speed: float) -> Iterator[Pixels]:
    shown = 0
    for index, pixels in enumerate(frames):
        while int(shown * speed) <= index:
            yield pixels
            shown += 1
