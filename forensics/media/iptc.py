"""IPTC-IIM 4.2 datasets, as Photoshop resources carry them."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from forensics.media._budget import Budget
from forensics.media.types import Tag

__all__ = ["photoshop_resources", "read_iptc"]

# Record 2 (application), named as in the standard.
_NAMES = {
    3: "ObjectTypeReference", 4: "ObjectAttributeReference", 5: "ObjectName", 7: "EditStatus",
    8: "EditorialUpdate", 10: "Urgency", 12: "SubjectReference", 15: "Category",
    20: "SupplementalCategories", 22: "FixtureIdentifier", 25: "Keywords", 26: "ContentLocationCode",
    27: "ContentLocationName", 30: "ReleaseDate", 35: "ReleaseTime", 37: "ExpirationDate",
    38: "ExpirationTime", 40: "SpecialInstructions", 42: "ActionAdvised", 45: "ReferenceService",
    47: "ReferenceDate", 50: "ReferenceNumber", 55: "DateCreated", 60: "TimeCreated",
    62: "DigitalCreationDate", 63: "DigitalCreationTime", 65: "OriginatingProgram", 70: "ProgramVersion",
    75: "ObjectCycle", 80: "By-line", 85: "By-lineTitle", 90: "City", 92: "Sub-location",
    95: "Province-State", 100: "Country-PrimaryLocationCode", 101: "Country-PrimaryLocationName",
    103: "OriginalTransmissionReference", 105: "Headline", 110: "Credit", 115: "Source",
    116: "CopyrightNotice", 118: "Contact", 120: "Caption-Abstract", 122: "Writer-Editor",
    130: "ImageType", 131: "ImageOrientation", 135: "LanguageIdentifier",
}  # fmt: skip


def photoshop_resources(block: bytes, budget: Budget) -> Iterator[tuple[int, bytes]]:
    """Yield number and data of each image resource of a block of 8BIM records, as far as the budget goes."""
    position = 0
    while position < len(block) and budget.take_entries():
        if block[position : position + 4] != b"8BIM" or position + 12 > len(block):
            return
        number, name = struct.unpack_from(">HB", block, position + 4)
        position += 6 + ((name + 2) & ~1)  # a counted name, padded to an even length
        if position + 4 > len(block):
            return
        size = struct.unpack_from(">I", block, position)[0]
        yield number, block[position + 4 : position + 4 + size]
        position += 4 + size + (size & 1)


def read_iptc(block: bytes, budget: Budget) -> list[Tag]:
    """Read the datasets of the application record.

    Args:
        block: IIM datasets one after the other.
        budget: How many of them may be read, and how long a value may be.
    """
    tags: list[Tag] = []
    position = 0
    most = budget.value_bytes
    while position + 5 <= len(block) and block[position] == 0x1C and budget.take_entries():
        record, dataset, size = struct.unpack_from(">BBH", block, position + 1)
        position += 5
        if size & 0x8000:  # an extended dataset: the size stands in the next bytes
            width = size & 0x7FFF
            size = int.from_bytes(block[position : position + width], "big")
            position += width
        if record == 2 and dataset != 0:
            name = _NAMES.get(dataset, f"2:{dataset}")
            tags.append(Tag("iptc", name, _text(block[position : position + min(size, most)])))
        position += size
    return tags


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8").strip("\x00")
    except UnicodeDecodeError:
        return raw.decode("latin-1").strip("\x00")
