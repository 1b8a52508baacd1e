"""The opened file: everything else is read from it on demand and kept."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from forensics.media.types import (
    Container,
    Frame,
    ImageInfo,
    JpegStructure,
    Limits,
    Metadata,
    Pixels,
    VideoInfo,
)

__all__ = ["Media"]


class Media:
    """One file, opened and identified by its content.

    Nothing is decoded before it is asked for, and what was decoded is kept, so that detectors share it.
    Every property may raise a `MediaError`.

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

    @property
    def extension_matches(self) -> bool:
        """Whether the file name ends as its content suggests."""
        raise NotImplementedError

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the file, in hex."""
        raise NotImplementedError

    @cached_property
    def pixel_sha256(self) -> str:
        """SHA-256 over "HxWx3:" and the pixels of the first frame, in hex."""
        raise NotImplementedError

    @cached_property
    def pixels(self) -> Pixels:
        """The first frame on its stored grid: (H, W, 3) uint8 RGB, read-only."""
        raise NotImplementedError

    @cached_property
    def luma(self) -> Pixels:
        """The stored luminance, (H, W) uint8, read-only.

        For a JPEG this is the decoder's own Y plane, which its quantisation left traces in; for anything
        else it is Rec. 601 luma of `pixels`.
        """
        raise NotImplementedError

    @cached_property
    def image(self) -> ImageInfo | None:
        """How a picture is stored; None for a clip."""
        raise NotImplementedError

    @cached_property
    def video(self) -> VideoInfo | None:
        """How a clip is stored; None for a picture."""
        raise NotImplementedError

    @cached_property
    def jpeg(self) -> JpegStructure | None:
        """The marker structure; None for anything that is not a JPEG."""
        raise NotImplementedError

    @cached_property
    def metadata(self) -> Metadata:
        """EXIF, XMP, IPTC, PNG text and comments."""
        raise NotImplementedError

    def frames(self, count: int | None = None) -> Iterator[Frame]:
        """Decode up to `count` frames (default: `limits.frames`), evenly spread over the whole length."""
        raise NotImplementedError
