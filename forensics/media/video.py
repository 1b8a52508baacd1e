"""Clips through PyAV: how they are stored, their tags, and frames spread over their length."""

from __future__ import annotations

import collections
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from forensics.errors import CorruptMedia, MediaError, MissingExtra
from forensics.media._budget import Budget
from forensics.media._guard import Deadline, check_pixels, decoding
from forensics.media.animation import spread
from forensics.media.mp4 import top_boxes, xmp_packet
from forensics.media.source import Source, open_plain
from forensics.media.types import Frame, Limits, Metadata, Pixels, Tag, VideoInfo
from forensics.media.xmp import read_xmp

if TYPE_CHECKING:
    from av.container import InputContainer

__all__ = ["opened_clip", "video_frames", "video_info", "video_runs", "video_tags"]

# Only the demuxer of the sniffed container: playlists and lists of files never get a chance.
_DEMUXERS = {"mp4": "mov", "mov": "mov", "matroska": "matroska", "webm": "matroska", "avi": "avi"}
_BOXED = ("mp4", "mov")
_SEEK_AHEAD = 2.0  # seconds: nearer frames are reached sooner by decoding on
_MOST_TAGS = 1000
_PROBING = 5.0  # seconds at least: cut short, a whole clip looks like a broken one


@contextmanager
def opened_clip(source: Source, limits: Limits) -> Iterator[InputContainer]:
    """Open a clip for reading packet by packet: as a file object, for FFmpeg takes names for addresses.

    Raises:
        MediaError: The clip cannot be read.
        MissingExtra: PyAV is not installed.
    """
    try:
        import av
    except ImportError as error:
        raise MissingExtra("reading clips", "video") from error
    with _file(source) as file, decoding(source.container.format):
        if source.container.format in _BOXED:
            collections.deque(top_boxes(file), maxlen=0)  # refuses what the demuxer would take minutes for
            file.seek(0)
        with av.open(
            file,
            format=_DEMUXERS[source.container.format],
            **_tolerant(av.__version__),
            options={"protocol_whitelist": "", "max_pixels": str(limits.pixels)},
            timeout=max(_PROBING, limits.seconds),
        ) as container:
            yield cast("InputContainer", container)


def _tolerant(version: str) -> dict[str, Any]:
    """Ask for readable tags whatever their bytes are; PyAV 19 took the option away and leaves surrogates."""
    return {"metadata_errors": "replace"} if int(version.split(".", maxsplit=1)[0]) < 19 else {}


@contextmanager
def _file(source: Source) -> Iterator[BinaryIO]:
    if source.path is None:
        yield io.BytesIO(source.data)
    else:
        with open_plain(source.path) as file:
            yield file


def _video_stream(container: InputContainer) -> Any:
    if not container.streams.video:
        raise CorruptMedia("the clip has no video stream")
    stream = container.streams.video[0]
    if stream.codec_context is None:
        raise CorruptMedia("no installed decoder reads the video stream of this clip")
    return stream


def video_info(source: Source, limits: Limits) -> VideoInfo:
    """Say how a clip is stored.

    Raises:
        MediaError: The clip cannot be read.
        MissingExtra: PyAV is not installed.
    """
    with opened_clip(source, limits) as container:
        stream = _video_stream(container)
        codec = stream.codec_context
        check_pixels(codec.width, codec.height, limits.pixels)
        return VideoInfo(
            width=codec.width,
            height=codec.height,
            codec=codec.name,
            pixel_format=codec.pix_fmt or "",
            fps=float(stream.average_rate or 0),
            duration=_duration(container, stream),
            frames=int(stream.frames or 0),
            audio=tuple(s.codec_context.name for s in container.streams.audio if s.codec_context),
            rotation=_rotation(container),
        )


def video_tags(source: Source, limits: Limits) -> Metadata:
    """Read the tags of a clip and of its streams, and its XMP. Never raises: problems say what is wrong."""
    xmp = _xmp(source, limits)
    try:
        with opened_clip(source, limits) as container:
            sections = [container.metadata, *(s.metadata for s in container.streams)]
            pairs = [(_readable(k), _readable(v)) for section in sections for k, v in section.items()]
            pairs = pairs[:_MOST_TAGS]
    except (MediaError, MissingExtra) as error:
        return Metadata(xmp.tags, (f"the tags of the clip cannot be read: {error}", *xmp.problems))
    most = limits.metadata_bytes
    cut = tuple(f"the tag {name!r} is cut to {most} characters" for name, value in pairs if len(value) > most)
    tags = tuple(Tag("container", name, value[:most]) for name, value in pairs)
    return Metadata(tags + xmp.tags, cut + xmp.problems)


def _readable(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _xmp(source: Source, limits: Limits) -> Metadata:
    if source.container.format not in _BOXED:
        return Metadata()
    budget = Budget(limits)
    try:
        with _file(source) as file:
            packet = xmp_packet(file, budget)
    except (MediaError, OverflowError) as error:
        return Metadata(problems=(f"the XMP of the clip cannot be read: {error}",))
    found = read_xmp(packet, budget) if packet else Metadata()
    return Metadata(found.tags, (*found.problems, *([budget.problem] if budget.problem else [])))


def video_frames(source: Source, count: int, limits: Limits) -> Iterator[Frame]:
    """Decode frames evenly spread over a clip.

    Frames far ahead are reached by seeking; their index then follows from their time and the mean rate.

    Raises:
        MediaError: The clip cannot be decoded, or decoding takes too long.
        MissingExtra: PyAV is not installed.
    """
    with _sampled(source, limits) as sampler:
        yield from sampler.frames(count)


def video_runs(source: Source, count: int, length: int, limits: Limits) -> Iterator[Iterator[Frame]]:
    """Decode runs of frames that follow one another, evenly spread over a clip; no frame is in two of them.

    Each run has to be read before the next one is asked for. What is wrongly stored may end it early.

    Raises:
        MediaError: The clip cannot be decoded, or decoding takes too long.
        MissingExtra: PyAV is not installed.
    """
    with _sampled(source, limits) as sampler:
        yield from sampler.runs(count, length)


@contextmanager
def _sampled(source: Source, limits: Limits) -> Iterator[_Sampler]:
    deadline = Deadline(limits.seconds)
    with opened_clip(source, limits) as container:
        stream = _video_stream(container)
        check_pixels(stream.codec_context.width, stream.codec_context.height, limits.pixels)
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = 2
        yield _Sampler(container, stream, limits, deadline)


class _Sampler:
    """Walks through one video stream."""

    def __init__(self, container: InputContainer, stream: Any, limits: Limits, deadline: Deadline) -> None:
        self.container = container
        self.stream = stream
        self.limits = limits
        self.deadline = deadline
        self.base = float(stream.time_base or 0)
        self.start = (stream.start_time or 0) * self.base
        self.rate = float(stream.average_rate or 0)
        self.decoder = container.decode(stream)
        self.index = -1
        self.sought = False

    def frames(self, count: int) -> Iterator[Frame]:
        total = self._total()
        for wanted in spread(total, count):
            frame = self._frame(wanted)
            if frame is None:
                break
            yield frame
        if self.index < 0:
            raise CorruptMedia("no frame of this clip can be decoded")

    def runs(self, count: int, length: int) -> Iterator[Iterator[Frame]]:
        total = self._total()
        for start in spread(total - length + 1, min(count, total // length)):
            yield self._run(start, length)

    def _run(self, start: int, length: int) -> Iterator[Frame]:
        with decoding("clip"):  # the reader asks for them from outside of the fence around the clip
            for number in range(length):
                frame = self._frame(start + number)
                if frame is None:
                    return
                yield frame

    def _total(self) -> int:
        """Frames of the stream: declared, or by length and rate, or counted."""
        if self.stream.frames:
            return int(self.stream.frames)
        estimate = int(_duration(self.container, self.stream) * self.rate)
        if estimate > 0:
            return estimate
        total = 0
        for packet in self.container.demux(self.stream):
            self.deadline.check()
            total += packet.size > 0
        self._restart(0)
        self.sought = False
        return total

    def _frame(self, wanted: int) -> Frame | None:
        """Decode on to the first frame from `wanted` on; None at the end."""
        if self.rate and wanted - self.index > max(_SEEK_AHEAD * self.rate, 1):
            self._restart(int((self.start + wanted / self.rate) / self.base) if self.base else 0)
        for frame in self.decoder:
            self.deadline.check()
            seconds = self._place(frame.time)
            if self.index >= wanted:
                check_pixels(frame.width, frame.height, self.limits.pixels)
                pixels: Pixels = frame.to_ndarray(format="rgb24")
                pixels.flags.writeable = False
                return Frame(self.index, seconds, pixels)
        return None

    def _place(self, time: float | None) -> float:
        """Take the next decoded frame into account; return its seconds from the first one."""
        if self.index < 0 and not self.sought and time is not None:
            self.start = time  # containers declare starts that their first frame misses
        seconds = 0.0 if time is None else time - self.start
        by_time = self.sought and time is not None
        self.index = round(seconds * self.rate) if by_time else self.index + 1
        return seconds

    def _restart(self, timestamp: int) -> None:
        self.container.seek(timestamp, stream=self.stream, backward=True)
        self.decoder = self.container.decode(self.stream)
        self.index = -1
        self.sought = True


def _duration(container: InputContainer, stream: Any) -> float:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return float(container.duration or 0) / 1_000_000


def _rotation(container: InputContainer) -> int:
    """Rotation of the first frame's display matrix, 0 where there is none."""
    frame = next(iter(container.decode(video=0)), None)
    return 0 if frame is None else int(frame.rotation) % 360
