"""IPTC digital source types in plain metadata.

IPTC Photo Metadata Standard 2025.1, "Digital Source Type" (Iptc4xmpExt:DigitalSourceType), a URI of the
vocabulary in `forensics.source_types`. The bare term is accepted as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from forensics.detectors.metadata.rules import leaf
from forensics.evidence import Origin
from forensics.media import Metadata, Tag
from forensics.source_types import find_term

__all__ = ["SourceTypeFound", "find_source_types"]

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


def find_source_types(metadata: Metadata) -> Iterator[SourceTypeFound]:
    """Yield every digital source type, unknown ones too."""
    for tag in metadata.tags:
        if tag.group in ("xmp", "iptc", "container", "png") and leaf(tag.name) in _FIELDS:
            term = find_term(tag.value)
            yield SourceTypeFound(tag, term.name if term else "", term.origin if term else None)
