"""IPTC digital source types in plain metadata.

IPTC Photo Metadata Standard 2025.1, "Digital Source Type" (Iptc4xmpExt:DigitalSourceType), a URI of the
vocabulary http://cv.iptc.org/newscodes/digitalsourcetype/. The bare term is accepted as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from forensics.detectors.metadata.rules import leaf, read_table
from forensics.evidence import Origin
from forensics.media import Metadata, Tag

__all__ = ["SourceTypeFound", "find_source_types", "origin_of"]

_FIELDS = ("digitalsourcetype", "digitalsourcefiletype")


@dataclass(frozen=True)
class SourceTypeFound:
    """One digital source type.

    Attributes:
        tag: The entry.
        term: The term of the vocabulary, "" if it is none of them.
        origin: What it says, None if it says nothing.
    """

    tag: Tag
    term: str
    origin: Origin | None


@cache
def _vocabulary() -> dict[str, tuple[str, Origin | None]]:
    table = read_table("digital_source_types.toml")
    return {k.lower(): (k, None if v == "unclear" else Origin(v)) for k, v in table.items()}


def origin_of(value: str) -> tuple[str, Origin | None]:
    """Return (term, origin) of a URI or bare term, ("", None) for anything else.

    Example:
        >>> origin_of("http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture")[0]
        'digitalCapture'
    """
    match = re.fullmatch(
        r"\s*(?:https?://(?:cv\.iptc|c2pa)\.org/\S{0,200}/)?([A-Za-z]{4,60})/?\s*", value[:400]
    )
    return _vocabulary().get(match[1].lower(), ("", None)) if match else ("", None)


def find_source_types(metadata: Metadata) -> Iterator[SourceTypeFound]:
    """Yield every digital source type, unknown ones too."""
    for tag in metadata.tags:
        if tag.group in ("xmp", "iptc", "container", "png") and leaf(tag.name) in _FIELDS:
            term, origin = origin_of(tag.value)
            yield SourceTypeFound(tag, term, origin)
