"""Metadata of pictures: EXIF and JPEG comments."""

from __future__ import annotations

from forensics.errors import MediaError
from forensics.media.exif import read_exif
from forensics.media.jpeg import segments
from forensics.media.types import Limits, Metadata, Tag

__all__ = ["read_metadata"]


def read_metadata(data: bytes, format_name: str, limits: Limits) -> Metadata:
    """Read all metadata of a picture; broken blocks become problems."""
    tags: list[Tag] = []
    problems: list[str] = []
    if format_name == "jpeg":
        try:
            for segment in segments(data):
                if segment.marker == 0xE1 and data.startswith(b"Exif\x00", segment.start):
                    block = read_exif(data[segment.start + 6 : segment.end], limits.metadata_bytes)
                    tags.extend(block.tags())
                    problems.extend(block.problems)
                elif segment.marker == 0xFE:
                    text = data[segment.start : segment.end].decode("utf-8", "replace")
                    tags.append(Tag("comment", "Comment", text))
        except MediaError as error:
            problems.append(str(error))
    return Metadata(tuple(tags), tuple(problems))
