"""What metadata each format has a place for, and what is said about the rest."""

from __future__ import annotations

from dataclasses import replace

from forensics.media.png import decode_text
from forensics.watermark.pictures.baggage import Baggage
from forensics.watermark.pictures.fields import ample
from forensics.watermark.pictures.source import Source

__all__ = ["fitting"]


def fitting(source: Source, format_name: str, notes: list[str]) -> Source:
    """Return the picture without the metadata that a format has no place for.

    Args:
        source: The picture.
        format_name: One of "jpeg", "png", "webp", "avif", "tiff", "bmp".
        notes: Gets a sentence for whatever is dropped.
    """
    baggage = source.baggage
    dropped: list[str] = []
    if format_name != "png" and baggage.texts:
        dropped.append(f"PNG text ({', '.join(_text_names(baggage))[:200]})")
    if format_name in ("webp", "avif", "bmp"):
        named = (("resources", "Photoshop resources"), ("iptc", "IPTC record"), ("comments", "comment"))
        dropped += [words for name, words in named if getattr(baggage, name)]
    if format_name == "bmp":
        named = (("exif", "EXIF"), ("icc", "colour profile"), ("xmp", "XMP"))
        dropped += [words for name, words in named if getattr(baggage, name)]
    if format_name in ("webp", "avif") and baggage.dpi and not baggage.exif:
        dropped.append("print resolution")
    if format_name == "tiff" and baggage.comments:
        dropped.append("comment")
    if format_name != "jpeg" and len(baggage.xmp) > 1:
        dropped.append("extended XMP")
    if dropped:
        notes.append(f"{format_name.upper()} has no place for: {'; '.join(dropped)}")
    if format_name == "bmp" and baggage.orientation != 1:
        notes.append("the orientation is lost with the EXIF: the picture may be shown turned")
    return replace(source, baggage=replace(baggage, icc=_fitting_profile(source, format_name, notes)))


# ICC.1:2022, 7.2.8: the colour space of the samples that a profile describes.
def _fitting_profile(source: Source, format_name: str, notes: list[str]) -> bytes:
    profile = source.baggage.icc
    if profile[16:20] == b"GRAY" and not _stays_grey(source, format_name):
        notes.append("the grey profile was left out: the samples are written as colour")
        return b""
    return profile


def _stays_grey(source: Source, format_name: str) -> bool:
    """Whether grey samples are written as grey."""
    if not source.grey or format_name == "webp" or source.animated:
        return False
    alpha = source.frames[0].shape[2] == 2
    return not alpha or format_name in ("jpeg", "bmp") or (format_name != "avif" and source.bits == 8)


def _text_names(baggage: Baggage) -> list[str]:
    """Return the keywords of the text chunks, which only a PNG can carry."""
    found = []
    for block in baggage.texts:
        try:
            found.append(decode_text(block.kind, block.data, 64, ample()).keyword)
        except ValueError:
            found.append("a broken one")
    return found
