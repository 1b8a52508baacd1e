"""Clips: every frame carries the same mark, and detection adds the frames up.

The tiles stand still while the scene moves. So the mean of many frames' residuals shows the mark alone,
however many frames were dropped, cut or shown at another rate.
"""

from __future__ import annotations

import math
import os
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from forensics.errors import CorruptMedia, MissingExtra, UsageError
from forensics.media import Limits, Media, Pixels, open_media
from forensics.watermark.detection import Detection
from forensics.watermark.keys import Key
from forensics.watermark.payload import Payload
from forensics.watermark.spread import codec as spread
from forensics.watermark.spread.analysis import normalised, octave, reduced
from forensics.watermark.spread.embedding import Placement
from forensics.watermark.spread.views import views_of
from forensics.watermark.watermarker import LEAST_SIDE, RATE, Watermarker

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer

__all__ = ["Coding", "MarkedClip", "detect_clip", "detect_frames", "embed_clip"]

Floats = npt.NDArray[np.float32]

_DEVIATION = 16.0  # grey levels that the mean residual is given, to look like a picture
_PART, _MOST_PARTS = 16, 8  # frames of a part, and parts; more frames are counted to the last
_SECONDS = 600.0  # that decoding a clip may take
_LIMITED = 219.0 / 255.0  # ITU-R BT.601: luma of clips usually has 219 steps from 16 on
_FULL_RANGE = 2  # AVCOL_RANGE_JPEG


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
        psnr: Mean peak signal-to-noise ratio of the marked frames' luma before coding, in dB.
    """

    path: Path
    frames: int
    marked: int
    audio: int
    psnr: float


def detect_clip(
    media: Media | str | Path, keys: Sequence[Key], *, rate: float = RATE, frames: int = 64
) -> Detection:
    """Look for the marks of some keys in a clip.

    Args:
        media: The clip.
        keys: At least one.
        rate: False-alarm rate for all keys together.
        frames: Number of frames looked at, spread over the clip.

    Raises:
        MediaError: The clip cannot be decoded.
        MissingExtra: PyAV is not installed.
        UsageError: There is no key.
    """
    opened = media if isinstance(media, Media) else open_media(media, Limits(frames=frames, seconds=_SECONDS))
    return detect_frames((frame.pixels for frame in opened.frames(frames)), keys, rate=rate)


def detect_frames(frames: Iterable[Pixels], keys: Sequence[Key], *, rate: float = RATE) -> Detection:
    """Look for the marks of some keys in frames of one clip, all together and part by part.

    Args:
        frames: (H, W, 3) uint8 RGB each; those of another size than the first are left out.
        keys: At least one.
        rate: False-alarm rate for all keys together.

    Raises:
        UsageError: There is no key or no frame.
    """
    if not keys:
        raise UsageError("detection needs a key")
    sums: list[Floats] = []
    halved = count = 0
    for pixels in frames:
        luma = _luma(pixels)
        halved = halved if sums else octave(*luma.shape)
        residual = normalised(reduced(luma, halved))
        if sums and residual.shape != sums[0].shape:
            continue
        if count % _PART == 0 and len(sums) < _MOST_PARTS:
            sums.append(residual)
        else:
            sums[-1] += residual
        count += 1
    if not sums:
        raise UsageError("there are no frames")
    # Half of the error rate for the whole, half for its parts together.
    found = _detect(np.sum(sums, axis=0), halved, keys, rate / 2)
    tries = [found] if found.detected or len(sums) == 1 else [
        found, *(_detect(part, halved, keys, rate / 2 / len(sums)) for part in sums)
    ]  # fmt: skip
    best = min(tries, key=lambda d: d.log10_p if d is found else d.log10_p + math.log10(len(sums)))
    log10_p = min(0.0, best.log10_p + math.log10(2 * (1 if best is found else len(sums))))
    return replace(best, log10_p=log10_p, p_value=10.0**log10_p, rate=rate)


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
    """Write a marked copy of a clip: H.264, or VP9 for WebM; audio is copied as it is.

    Frames are read, marked and written one by one, whatever the length.

    Args:
        source: The clip.
        target: Where to; .mp4, .mov, .mkv or .webm.
        marker: Key, layout and strength.
        payload: Identity in hexadecimal digits.
        coding: How often to mark and how well to code; the defaults if None.
        overwrite: Replace an existing target.
        advance: Called after each frame.

    Raises:
        MediaError: The clip cannot be decoded.
        MissingExtra: PyAV is not installed.
        UsageError: The target, the payload or the size does not fit.
    """
    place, wanted = Path(target), marker.payload(payload)
    format_name, codec = _container(place)
    if place.exists() and not overwrite:
        raise UsageError(f"{place} exists; it is not replaced")
    if place.exists() and place.samefile(source):
        raise UsageError(f"{place} is the source itself")
    how = coding or Coding()
    if how.every < 1:
        raise UsageError(f"every is a number of frames, not {how.every}", actual=how.every)
    media = open_media(source)
    library = _library()
    part = place.with_name(f".{place.name[:40]}.{secrets.token_hex(6)}.part")
    try:
        with library.open(str(part), "w", format=format_name) as out, media.clip() as inside:
            job = _Embedding(inside, out, marker, wanted, how.every)
            job.run(codec, {"crf": str(how.crf)}, advance)
        os.replace(part, place)
    except library.FFmpegError as error:
        raise CorruptMedia(f"the clip cannot be coded again: {error}") from error
    finally:
        part.unlink(missing_ok=True)
    return MarkedClip(place, job.frames, job.marked, len(job.audio), job.psnr)


class _Embedding:
    """One clip on its way from file to file."""

    def __init__(
        self, source: InputContainer, out: OutputContainer, marker: Watermarker, payload: Payload, every: int
    ) -> None:
        self.source, self.out, self.marker, self.payload, self.every = source, out, marker, payload, every
        self.frames = self.marked = 0
        self.error = 0.0
        self.audio: dict[int, Any] = {}
        self.place: Placement | None = None

    @property
    def psnr(self) -> float:
        """Mean ratio of the marked frames."""
        return 10 * math.log10(255**2 / (self.error / max(self.marked, 1))) if self.error else math.inf

    def run(self, codec: str, options: dict[str, str], advance: Callable[[], None]) -> None:
        """Copy the clip."""
        stream = self.source.streams.video[0]
        coded = self._stream(stream, codec, options)
        for track in self.source.streams.audio:
            self.audio[track.index] = self.out.add_stream_from_template(track)
        for packet in self.source.demux(stream, *self.source.streams.audio):
            if packet.stream.index in self.audio:
                if packet.dts is not None:
                    packet.stream = self.audio[packet.stream.index]
                    self.out.mux(packet)
                continue
            for frame in packet.decode():
                self.out.mux(coded.encode(self._frame(frame)))
                advance()
        self.out.mux(coded.encode(None))

    def _stream(self, stream: Any, codec: str, options: dict[str, str]) -> Any:
        shape = stream.codec_context.height, stream.codec_context.width
        if min(shape) < LEAST_SIDE or shape[0] % 2 or shape[1] % 2:
            size = f"{shape[1]}x{shape[0]} px"
            raise UsageError(
                f"a clip of {size} cannot be marked: even sides from {LEAST_SIDE} on", actual=size
            )
        rate = stream.average_rate or Fraction(25)
        coded: Any = self.out.add_stream(codec, rate=rate, options=options)
        coded.height, coded.width = shape
        coded.pix_fmt = "yuv420p"
        coded.time_base = stream.time_base
        coded.codec_context.time_base = stream.time_base
        for name in ("color_range", "color_primaries", "color_trc", "colorspace"):
            setattr(coded.codec_context, name, getattr(stream.codec_context, name))
        return coded

    def _frame(self, frame: Any) -> Any:
        plain = frame.reformat(format="yuv420p")
        planes = plain.to_ndarray()
        if self.frames % self.every == 0:
            self._mark(planes[: frame.height], full=frame.color_range == _FULL_RANGE)
        self.frames += 1
        marked = type(frame).from_ndarray(planes, format="yuv420p")
        marked.pts, marked.time_base = frame.pts, frame.time_base
        marked.color_range, marked.colorspace = plain.color_range, plain.colorspace
        return marked

    def _mark(self, luma: npt.NDArray[np.uint8], *, full: bool) -> None:
        """Add the mark to a plane of luma, in place."""
        shown = luma if full else _widened(luma)
        if self.place is None:
            self.place = spread.placement(self.marker.key, shown)
        added = spread.mark(shown, self.marker.key, self.payload, self.marker.psnr, self.place)
        scale = np.float32(1.0 if full else _LIMITED)
        before = luma.copy()
        for start, strip in added.strips():
            rows = slice(start, start + len(strip))
            luma[rows] = np.clip(np.rint(luma[rows] + strip * scale), 0, 255)
        self.error += float(np.mean((luma.astype(np.float32) - before) ** 2)) / float(scale) ** 2
        self.marked += 1


def _widened(luma: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return luma of 219 steps as luma of 255."""
    wide = (luma - np.float32(16)) / np.float32(_LIMITED)
    return np.asarray(np.clip(wide, 0, 255), np.uint8)


def _container(path: Path) -> tuple[str, str]:
    known = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
    name = known.get(path.suffix.lower())
    if name is None:
        names = ", ".join(known)
        raise UsageError(f"{path}: a clip is written as {names}", expected=names, actual=path.suffix)
    return name, "libvpx-vp9" if name == "webm" else "libx264"


def _detect(total: Floats, halved: int, keys: Sequence[Key], rate: float) -> Detection:
    deviation = max(float(total.std()), 1e-6)
    picture = np.float32(128.0) + total * np.float32(_DEVIATION / deviation)
    return spread.detect_in(views_of(picture, halved), keys, rate)


def _luma(pixels: Pixels) -> npt.NDArray[np.uint8]:
    import cv2

    return np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY), np.uint8)


def _library() -> Any:
    try:
        import av
    except ImportError as error:
        raise MissingExtra("marking clips", "video") from error
    return av
