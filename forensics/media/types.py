"""What is known about a file: plain frozen records, filled by the other modules of this folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt

__all__ = [
    "Container",
    "Frame",
    "ImageInfo",
    "JpegStructure",
    "Kind",
    "Limits",
    "Metadata",
    "Pixels",
    "QuantTable",
    "Tag",
    "VideoInfo",
]

Pixels = npt.NDArray[np.uint8]


class Kind(StrEnum):
    """Broad class of a file."""

    IMAGE = "image"
    ANIMATION = "animation"
    VIDEO = "video"


@dataclass(frozen=True)
class Limits:
    """What reading one file may cost.

    Attributes:
        pixels: Most pixels of one frame; decoding takes about 8 bytes for each. AVIF may have half and WebP
            a third of it, because their decoders keep further copies.
        file_bytes: Largest file that is opened at all.
        frames: Most frames that are decoded from an animation or clip.
        seconds: Most wall-clock seconds of decoding, checked between frames, scans and strips.
        metadata_bytes: Longest single metadata value that is kept; longer ones are cut and marked.
        metadata_total: Most bytes of metadata that are read from one file, expanded where they are
            compressed. What lies behind them is left out, and the problems of the metadata say so.
    """

    pixels: int = 200_000_000
    file_bytes: int = 8 << 30
    frames: int = 64
    seconds: float = 30.0
    metadata_bytes: int = 1 << 20
    metadata_total: int = 12 << 20


@dataclass(frozen=True)
class Container:
    """The type of a file by its content.

    Attributes:
        format: Lower-case name, such as "jpeg", "png", "heif", "mp4", "matroska".
        mime: Media type.
        kind: Image, animation or video (by signature; an animation may turn out to have one frame).
        extensions: Usual file-name extensions, with the dot.
    """

    format: str
    mime: str
    kind: Kind
    extensions: tuple[str, ...]


@dataclass(frozen=True)
class ImageInfo:
    """How a picture is stored.

    Attributes:
        width: Stored width in pixels, before any orientation is applied.
        height: Stored height in pixels.
        mode: Storage: "grey", "rgb", "cmyk", "palette", "bilevel" or "lab".
        bits: Bits per sample as stored.
        alpha: Whether there is an alpha channel or a transparent colour.
        orientation: EXIF orientation 1-8, 1 where none is given. It is recorded, never applied.
        icc: Description of the ICC profile, None where there is none.
        frames: Number of frames the file declares.
    """

    width: int
    height: int
    mode: str
    bits: int
    alpha: bool
    orientation: int
    icc: str | None
    frames: int


@dataclass(frozen=True)
class VideoInfo:
    """How a clip is stored.

    Attributes:
        width: Coded width in pixels.
        height: Coded height in pixels.
        codec: Name of the video codec.
        pixel_format: Name of the pixel format.
        fps: Mean frames per second, 0 where unknown.
        duration: Seconds, 0 where unknown.
        frames: Number of frames, 0 where unknown.
        audio: Names of the audio codecs.
        rotation: Display rotation in degrees, recorded and not applied.
    """

    width: int
    height: int
    codec: str
    pixel_format: str
    fps: float
    duration: float
    frames: int
    audio: tuple[str, ...]
    rotation: int


@dataclass(frozen=True)
class Frame:
    """One decoded frame of an animation or clip.

    Attributes:
        index: Number of the frame in display order, from 0.
        seconds: Presentation time.
        pixels: (H, W, 3) uint8 RGB.
    """

    index: int
    seconds: float
    pixels: Pixels = field(repr=False)


@dataclass(frozen=True)
class Tag:
    """One metadata entry.

    Attributes:
        group: "exif", "gps", "xmp", "iptc", "png", "comment", "icc", "container" (clips) or "jfif".
        name: Field name as its standard writes it, such as "Model", "Software",
            "Iptc4xmpExt:DigitalSourceType", "parameters" or "workflow".
        value: Text form of the value.
    """

    group: str
    name: str
    value: str


@dataclass(frozen=True)
class Metadata:
    """All metadata of a file, in file order.

    Attributes:
        tags: The entries.
        problems: Sentences about blocks that were broken, cut or contradictory.
    """

    tags: tuple[Tag, ...] = ()
    problems: tuple[str, ...] = ()

    def get(self, group: str, name: str) -> str | None:
        """Return the first value of a field, None where it is missing.

        Example:
            >>> Metadata((Tag("exif", "Model", "NIKON D70"),)).get("exif", "Model")
            'NIKON D70'
        """
        return next((t.value for t in self.tags if t.group == group and t.name == name), None)

    def group(self, group: str) -> tuple[Tag, ...]:
        """Return the entries of one group."""
        return tuple(t for t in self.tags if t.group == group)


@dataclass(frozen=True)
class QuantTable:
    """A JPEG quantisation table.

    Attributes:
        identifier: Number of the slot, 0-3.
        bits: 8 or 16.
        values: 64 entries, row by row (not in zig-zag order).
    """

    identifier: int
    bits: int
    values: tuple[int, ...]


@dataclass(frozen=True)
class JpegStructure:
    """What the markers of a JPEG say, read without decoding.

    Attributes:
        width: Columns by the frame header.
        height: Rows by the frame header.
        components: Number of colour components.
        sampling: (horizontal, vertical) factors of each component.
        subsampling: Usual name: "4:4:4", "4:2:2", "4:2:0", "4:1:1", "4:4:0", "grey" or "other".
        tables: Quantisation tables in the order of definition.
        quality: Quality of the libjpeg (IJG) scale whose tables are nearest, 1-100.
        quality_exact: Whether the tables are exactly libjpeg's at that quality.
        progressive: Whether the frame is progressive.
        arithmetic: Whether it is arithmetically coded.
        restart_interval: MCUs between restart markers, 0 for none.
        scans: Number of scans.
        markers: Names of the segments in order, such as "SOI", "APP1:Exif", "DQT", "SOF0".
        adobe_transform: Colour transform of an Adobe APP14 segment, None without one.
        jfif: Whether a JFIF segment is present.
        thumbnail: The embedded EXIF thumbnail as JPEG bytes, None where there is none.
        trailing: Number of bytes after the end-of-image marker.
        trailing_type: What those bytes look like ("mpf", "mp4", "zeros", "unknown", ...), "" for none.
        complete: Whether the end-of-image marker was found.
    """

    width: int
    height: int
    components: int
    sampling: tuple[tuple[int, int], ...]
    subsampling: str
    tables: tuple[QuantTable, ...]
    quality: int
    quality_exact: bool
    progressive: bool
    arithmetic: bool
    restart_interval: int
    scans: int
    markers: tuple[str, ...]
    adobe_transform: int | None
    jfif: bool
    thumbnail: bytes | None = field(repr=False)
    trailing: int
    trailing_type: str
    complete: bool
