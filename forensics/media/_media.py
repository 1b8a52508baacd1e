"""The opened file: everything else is read from it on demand and kept."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forensics.errors import CorruptMedia, UsageError
from forensics.media._once import computed_once, without_locks
from forensics.media.hashing import file_sha256, pixel_sha256
from forensics.media.header import Header
from forensics.media.source import Source, from_bytes, from_path
from forensics.media.types import (
    Container,
    Frame,
    ImageInfo,
    JpegStructure,
    Kind,
    Limits,
    Metadata,
    Pixels,
    VideoInfo,
)

if TYPE_CHECKING:
    from av.container import InputContainer

__all__ = ["Media", "open_bytes", "open_media"]


@computed_once
class Media:
    """One file, opened and identified by its content. Made by `open_media` and `open_bytes`.

    Nothing is decoded before it is asked for, and what was decoded is kept, so that detectors share it.
    Every property may raise a `MediaError`, or `MissingExtra` where a decoder is not installed.

    Attributes:
        path: Where the file is; None for bytes in memory.
        name: Last part of the path or the given name; may be hostile, never use it as a path.
        data: The whole file for pictures; empty for clips, which are read from `path`.
        size: Bytes of the file.
        container: Type by content.
        limits: What reading may cost.
    """

    path: Path | None
    name: str
    data: bytes
    size: int
    container: Container
    limits: Limits

    def __init__(self, source: Source, limits: Limits) -> None:
        self._source = source
        self.path = source.path
        self.name = source.name
        self.data = source.data
        self.size = source.size
        self.container = source.container
        self.limits = limits
        self._header: Header | None = None  # known once the picture was opened

    def __getstate__(self) -> dict[str, Any]:
        return without_locks(vars(self))

    def __repr__(self) -> str:
        return f"Media({self.name!r}, {self.container.mime}, {self.size} bytes)"

    @property
    def extension_matches(self) -> bool:
        """Whether the file name ends as its content suggests; a name without an extension does."""
        extension = Path(self.name).suffix.lower()
        return not extension or extension in self.container.extensions

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the file, in hex."""
        if self.data or self.path is None:
            return hashlib.sha256(self.data).hexdigest()
        return file_sha256(self.path)

    @cached_property
    def pixel_sha256(self) -> str:
        """SHA-256 over "HxWx3:" and the pixels of the first frame, in hex."""
        return pixel_sha256(self.pixels)

    @cached_property
    def pixels(self) -> Pixels:
        """The first frame on its stored grid: (H, W, 3) uint8 RGB, read-only.

        Alpha is dropped and the colour samples stay as stored; sixteen bits become eight by their high byte.
        """
        if self.container.kind is Kind.VIDEO:
            frame = next(self.frames(1), None)
            if frame is None:
                raise CorruptMedia("no frame of this clip can be decoded")
            return frame.pixels
        from forensics.media import image

        if self.jpeg is not None:
            image.check_scans(self.jpeg, self.limits)
        walked = self.jpeg is not None
        picture = image.open_picture(self.data, self.container.format, self.limits, checked=walked)
        self._header = Header.of(picture, self.container.format)
        return _frozen(image.load_rgb(picture, self.container.format, self.data))

    @cached_property
    def luma(self) -> Pixels:
        """The stored luminance, (H, W) uint8, read-only.

        For a JPEG this is the decoder's own Y plane, which its quantisation left traces in; for anything
        else, and for JPEGs that store RGB or plain CMYK, it is Rec. 601 luma of `pixels`. The plane of a YCCK
        JPEG comes as stored, which in files of Adobe programs is a negative.
        """
        from forensics.media import image

        plane = None
        if self.jpeg is not None:
            image.check_scans(self.jpeg, self.limits)
            plane = image.decode_luma(self.data, self.jpeg, self.limits)
        return _frozen(image.luma_of(self.pixels) if plane is None else plane)

    @cached_property
    def image(self) -> ImageInfo | None:
        """How a picture is stored; None for a clip."""
        if self.container.kind is Kind.VIDEO:
            return None
        from forensics.media.describe import describe

        return describe(self.data, self.container.format, self.limits, self._header)

    @cached_property
    def video(self) -> VideoInfo | None:
        """How a clip is stored; None for a picture."""
        if self.container.kind is not Kind.VIDEO:
            return None
        from forensics.media.video import video_info

        return video_info(self._source, self.limits)

    @cached_property
    def jpeg(self) -> JpegStructure | None:
        """The marker structure; None for anything that is not a JPEG."""
        if self.container.format != "jpeg":
            return None
        from forensics.media.jpeg import parse_jpeg

        return parse_jpeg(self.data)

    @cached_property
    def metadata(self) -> Metadata:
        """EXIF, XMP, IPTC, PNG text, comments, tags of clips; its `problems` name what is broken."""
        if self.container.kind is Kind.VIDEO:
            from forensics.media.video import video_tags

            return video_tags(self._source, self.limits)
        from forensics.media.metadata import read_metadata

        return read_metadata(self.data, self.container.format, self.limits)

    def frames(self, count: int | None = None) -> Iterator[Frame]:
        """Decode up to `count` frames (default and most: `limits.frames`), evenly spread over the length.

        A still picture has one. Frames are not kept, so that many of them need no memory.

        Raises:
            UsageError: `count` is not positive.
        """
        if count is not None and count < 1:
            raise UsageError("at least one frame must be asked for", expected=">= 1", actual=count)
        return self._frames(min(count or self.limits.frames, self.limits.frames))

    def runs(self, count: int, length: int) -> Iterator[Iterator[Frame]]:
        """Decode up to `count` runs of `length` frames that follow one another, evenly spread over a clip.

        No frame is in two runs, and all together have at most `limits.frames`. Each run has to be read before
        the next one is asked for; a damaged clip may end it early.

        Raises:
            UsageError: It is no clip, or a number is below 1.
        """
        if min(count, length) < 1:
            raise UsageError("runs have at least one frame", expected=">= 1", actual=min(count, length))
        if self.container.kind is not Kind.VIDEO:
            raise UsageError(f"{self.name} is no clip", actual=self.container.format)
        from forensics.media.video import video_runs

        return video_runs(self._source, min(count, self.limits.frames // length), length, self.limits)

    def clip(self) -> AbstractContextManager[InputContainer]:
        """Open a clip for reading packet by packet, all of it, without a bound on time.

        Raises:
            UsageError: It is no clip.
        """
        if self.container.kind is not Kind.VIDEO:
            raise UsageError(f"{self.name} is no clip", actual=self.container.format)
        from forensics.media.video import opened_clip

        return opened_clip(self._source, self.limits)

    def _frames(self, count: int) -> Iterator[Frame]:
        if self.container.kind is Kind.VIDEO:
            from forensics.media.video import video_frames

            yield from video_frames(self._source, count, self.limits)
        elif self.container.kind is Kind.ANIMATION:
            from forensics.media.animation import animation_frames

            yield from animation_frames(self.data, self.container.format, count, self.limits)
        else:
            yield Frame(0, 0.0, self.pixels)


def open_media(path: str | os.PathLike[str], limits: Limits | None = None) -> Media:
    """Open a file and identify it by its content.

    Args:
        path: A plain file.
        limits: What reading it may cost.

    Raises:
        NotAFile: The path is missing, a folder, a device, a pipe or not permitted.
        EmptyFile: The file holds no bytes.
        UnsupportedMedia: The content is of no supported type.
        LimitExceeded: The file is too large.
    """
    limits = limits or Limits()
    return Media(from_path(path, limits), limits)


def open_bytes(data: bytes, name: str = "", limits: Limits | None = None) -> Media:
    """Identify a file that is in memory.

    Args:
        data: The whole file.
        name: A name to show; it decides nothing.
        limits: What reading it may cost.

    Raises:
        EmptyFile: There are no bytes.
        UnsupportedMedia: The content is of no supported type.
        LimitExceeded: There are too many bytes.
    """
    limits = limits or Limits()
    return Media(from_bytes(data, name, limits), limits)


def _frozen(pixels: Pixels) -> Pixels:
    pixels.flags.writeable = False
    return pixels
