"""Files to pixels, bounded and typed: content decides, never the name."""

from forensics.media._media import Media, open_bytes, open_media
from forensics.media.types import (
    Container,
    Frame,
    ImageInfo,
    JpegStructure,
    Kind,
    Limits,
    Metadata,
    Pixels,
    QuantTable,
    Tag,
    VideoInfo,
)

__all__ = [
    "Container",
    "Frame",
    "ImageInfo",
    "JpegStructure",
    "Kind",
    "Limits",
    "Media",
    "Metadata",
    "Pixels",
    "QuantTable",
    "Tag",
    "VideoInfo",
    "open_bytes",
    "open_media",
]
