"""From a clip to a marked copy of it, frame by frame."""

from __future__ import annotations

import math
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forensics.errors import CorruptMedia, MissingExtra, UsageError
from forensics.media import Media, open_media
from forensics.watermark.clips.marking import FrameMarker
from forensics.watermark.spread.codec import SPREAD
from forensics.watermark.watermarker import LEAST_SIDE, Watermarker

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer

__all__ = ["Coding", "MarkedClip", "embed_clip"]

_FORMATS = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
_FULL_RANGE = 2  # AVCOL_RANGE_JPEG
_COLOURS = ("color_range", "color_primaries", "color_trc", "colorspace")
_OWN_TAGS = {"major_brand", "minor_version", "compatible_brands", "encoder"}  # the new container has its own


@dataclass(frozen=True)
class Coding:
    """How a marked clip is written.

    Attributes:
        every: Mark every so many frames; all if 1.
        crf: Constant rate factor of the encoder; larger is smaller and worse.
    """

    every: int = 1
    crf: int = 18


@dataclass(frozen=True)
class MarkedClip:
    """A marked clip.

    Attributes:
        path: Where it stands.
        frames: Number of frames written.
        marked: Number of those marked.
        audio: Number of audio streams that were copied.
        psnr: Peak signal-to-noise ratio of the marked frames' luma before coding, over all, in dB.
    """

    path: Path
    frames: int
    marked: int
    audio: int
    psnr: float


def embed_clip(
    source: str | Path,
    target: str | Path,
    marker: Watermarker,
    payload: str = "0",
    coding: Coding | None = None,
    *,
    overwrite: bool = False,
    advance: Callable[[], None] = lambda: None,
) -> MarkedClip:
    """Write a marked copy of a clip: H.264, or VP9 for WebM, 8 bits, 4:2:0; audio is copied as it is.

    Frames are read, turned as they are shown, marked and written one by one, whatever the length. Tags of
    the container, of colours and the times of all frames are kept; subtitles and data are not.

    Args:
        source: The clip.
        target: Where to; .mp4, .mov, .mkv or .webm.
        marker: Key, layout and strength, of the codec `spread`.
        payload: Identity in hexadecimal digits.
        coding: How often to mark and how well to code; the defaults if None.
        overwrite: Replace an existing target.
        advance: Called after each frame.

    Raises:
        MediaError: The clip cannot be decoded, or its audio does not fit into the target.
        MissingExtra: PyAV is not installed.
        UsageError: The target, the payload, the codec or the size does not fit.
    """
    place, how = Path(target), coding or Coding()
    marker.payload(payload)
    if marker.codec != SPREAD:
        raise UsageError(f"clips are marked with the codec spread, not {marker.codec.name}")
    _check(Path(source), place, how, overwrite=overwrite)
    media = open_media(source)
    library = _library()
    part = place.with_name(f".{place.name[:40]}.{secrets.token_hex(6)}.part")
    try:
        with (
            library.open(str(part), "w", format=_FORMATS[place.suffix.lower()]) as out,
            media.clip() as inside,
        ):
            job = _Copying(inside, out, marker, payload, how, turned=_turned(media))
            job.run(advance)
        os.replace(part, place)
    except library.FFmpegError as error:
        raise CorruptMedia(f"the clip cannot be coded again: {error}") from error
    finally:
        part.unlink(missing_ok=True)
    return MarkedClip(place, job.frames, job.marked, len(job.audio), job.psnr)


class _Copying:
    """One clip on its way from file to file."""

    def __init__(
        self,
        source: InputContainer,
        out: OutputContainer,
        marker: Watermarker,
        payload: str,
        coding: Coding,
        *,
        turned: int,
    ) -> None:
        self.source, self.out, self.every, self.turned = source, out, coding.every, turned
        self.stream: Any = source.streams.video[0]
        codec: Any = self.stream.codec_context
        self.sides = (codec.height, codec.width)
        self.shape = self.sides[::-1] if turned % 2 else self.sides
        _check_size(self.shape)
        self.marking = FrameMarker(marker, payload, self.shape)
        self.frames = self.marked = 0
        self.error = 0.0
        self.coded = self._video("libvpx-vp9" if out.format.name == "webm" else "libx264", coding.crf)
        self.audio: dict[int, Any] = {
            track.index: out.add_stream_from_template(track) for track in source.streams.audio
        }
        tags = {name: text for name, text in source.metadata.items() if name not in _OWN_TAGS}
        out.metadata.update(tags)

    @property
    def psnr(self) -> float:
        """Ratio over all marked frames."""
        return 10 * math.log10(255**2 / (self.error / max(self.marked, 1))) if self.error else math.inf

    def run(self, advance: Callable[[], None]) -> None:
        """Copy the clip."""
        for packet in self.source.demux(self.stream, *self.source.streams.audio):
            if packet.stream.index in self.audio:
                if packet.dts is not None:
                    packet.stream = self.audio[packet.stream.index]
                    self.out.mux(packet)
                continue
            for frame in packet.decode():
                self.out.mux(self.coded.encode(self._frame(frame)))
                advance()
        self.out.mux(self.coded.encode(None))

    def _video(self, codec: str, crf: int) -> Any:
        """Add the stream of the marked frames."""
        options = {"crf": str(crf)} if codec == "libx264" else {"crf": str(crf), "row-mt": "1"}
        coded: Any = self.out.add_stream(
            codec, rate=self.stream.average_rate or Fraction(25), options=options
        )
        coded.height, coded.width = self.shape
        coded.pix_fmt = "yuv420p"
        coded.time_base = coded.codec_context.time_base = self.stream.time_base
        before = self.stream.codec_context
        for name in _COLOURS:
            setattr(coded.codec_context, name, getattr(before, name))
        aspect = before.sample_aspect_ratio
        if aspect:
            coded.codec_context.sample_aspect_ratio = 1 / aspect if self.turned % 2 else aspect
        return coded

    def _frame(self, frame: Any) -> Any:
        plain = frame.reformat(width=self.sides[1], height=self.sides[0], format="yuv420p")
        planes = _turn(plain.to_ndarray(), plain.height, self.turned)
        if self.frames % self.every == 0:
            full = frame.color_range == _FULL_RANGE
            self.error += self.marking.mark(planes[: self.shape[0]], full=full)
            self.marked += 1
        self.frames += 1
        marked = type(frame).from_ndarray(planes, format="yuv420p")
        marked.pts, marked.time_base = frame.pts, frame.time_base
        marked.color_range, marked.colorspace = plain.color_range, plain.colorspace
        return marked


def _turned(media: Media) -> int:
    """Return by how many quarter turns, counter-clockwise, a clip is shown: they are done, not noted."""
    return (media.video.rotation // 90) % 4 if media.video else 0


def _turn(planes: Any, height: int, turns: int) -> Any:
    """Turn Y over U over V, (H * 3/2, W), by quarters counter-clockwise."""
    if not turns:
        return planes
    width, quarter = planes.shape[1], height * planes.shape[1] // 4
    flat = planes.reshape(-1)
    colours = [flat[4 * quarter + n * quarter :][:quarter].reshape(height // 2, width // 2) for n in (0, 1)]
    parts = (np.rot90(plane, turns).reshape(-1) for plane in (planes[:height], *colours))
    return np.concatenate(list(parts)).reshape(-1, height if turns % 2 else width)


def _check(source: Path, place: Path, how: Coding, *, overwrite: bool) -> None:
    if place.suffix.lower() not in _FORMATS:
        names = ", ".join(_FORMATS)
        raise UsageError(f"{place}: a clip is written as {names}", expected=names, actual=place.suffix)
    if place.exists() and not overwrite:
        raise UsageError(f"{place} exists; it is not replaced")
    if place.exists() and place.samefile(source):
        raise UsageError(f"{place} is the source itself")
    if how.every < 1:
        raise UsageError(f"every is a number of frames, not {how.every}", actual=how.every)


def _check_size(shape: tuple[int, ...]) -> None:
    if min(shape) < LEAST_SIDE or shape[0] % 2 or shape[1] % 2:
        size = f"{shape[1]}x{shape[0]} px"
        raise UsageError(f"a clip of {size} cannot be marked: even sides from {LEAST_SIDE} on", actual=size)


def _library() -> Any:
    try:
        import av
    except ImportError as error:
        raise MissingExtra("marking clips", "video") from error
    return av
