"""Frame by frame from one container to another: decoded, turned, marked and coded; sound as it is."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from forensics.errors import UsageError
from forensics.watermark.clips.marking import FrameMarker
from forensics.watermark.watermarker import LEAST_SIDE, Watermarker

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer

__all__ = ["Coding", "Copying"]

_FULL_RANGE = 2  # AVCOL_RANGE_JPEG
_NO_MATRIX = 2  # AVCOL_SPC_UNSPECIFIED, where the source is RGB: 0
_COLOURS = ("color_range", "color_primaries", "color_trc")
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


class Copying:
    """One clip on its way from file to file.

    Args:
        source: The clip.
        out: The container of the copy.
        marker: Key, layout and strength.
        payload: Identity in hexadecimal digits.
        coding: How often to mark and how well to code.
        turned: By how many quarter turns, counter-clockwise, it is shown.

    Attributes:
        frames: Frames written so far.
        marked: Those marked.
        audio: The streams of the copy by the index of those in the clip.

    Raises:
        UsageError: Its size does not fit.
    """

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
        coded.codec_context.colorspace = before.colorspace or _NO_MATRIX
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
        marked.color_range, marked.colorspace = plain.color_range, plain.colorspace or _NO_MATRIX
        return marked


def _turn(planes: Any, height: int, turns: int) -> Any:
    """Turn Y over U over V, (H * 3/2, W), by quarters counter-clockwise."""
    if not turns:
        return planes
    width, quarter = planes.shape[1], height * planes.shape[1] // 4
    flat = planes.reshape(-1)
    colours = [flat[4 * quarter + n * quarter :][:quarter].reshape(height // 2, width // 2) for n in (0, 1)]
    parts = (np.rot90(plane, turns).reshape(-1) for plane in (planes[:height], *colours))
    return np.concatenate(list(parts)).reshape(-1, height if turns % 2 else width)


def _check_size(shape: tuple[int, ...]) -> None:
    if min(shape) < LEAST_SIDE or shape[0] % 2 or shape[1] % 2:
        size = f"{shape[1]}x{shape[0]} px"
        raise UsageError(f"a clip of {size} cannot be marked: even sides from {LEAST_SIDE} on", actual=size)
