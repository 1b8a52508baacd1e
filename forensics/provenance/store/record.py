"""What is registered of one signed file, and the digests that tie it into the chain."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from forensics.errors import UsageError
from forensics.fingerprints import Fingerprint
from forensics.provenance.restoring import Placement

__all__ = ["LONGEST", "START", "Mark", "Record", "content_digest", "link"]

START = "0" * 64
"""What the first entry is chained to."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
LONGEST = 1000
"""Characters of a text."""


@dataclass(frozen=True)
class Mark:
    """What a watermark of the file says.

    Attributes:
        scheme: Whose watermark it is, such as "spread".
        key: Public id of the key, "" where the scheme has none.
        payload: What it says, as the scheme writes it; "" for one that says only that it is there.
    """

    scheme: str
    key: str
    payload: str


@dataclass(frozen=True)
class Record:
    """One signed file.

    Attributes:
        manifest_id: Name of its active manifest; unique in a store.
        manifest: The whole C2PA manifest store (JUMBF).
        media_type: Type of the file, such as "image/jpeg".
        asset_sha256: SHA-256 of the signed file, in hex.
        pixel_sha256: SHA-256 of its pixels (`media.hashing.pixel_sha256`), "" where it has none.
        width: Of the picture, in pixels; 0 where there is none, or nobody recorded it.
        height: The same.
        placement: Where the manifest store stands in the file, to put it back (`restoring.placed`); None for
            one that stands beside it, or that cannot be put back alone.
        skeleton: All of the file but its coded picture (`restoring.skeleton_of`), as private as the metadata
            in it; b"" where it is not kept.
        mark: What its watermark says; None without one.
        fingerprints: Codes to find it by.
        model: Name of the model that made it, "" if unknown.
        extra: Anything else, as JSON.
        created: When it was made; now by default. Not part of what makes two records the same.

    Raises:
        UsageError: A field is empty, too long, no UTF-8, no hash, or no JSON.
    """

    manifest_id: str
    manifest: bytes = field(repr=False)
    media_type: str
    asset_sha256: str
    pixel_sha256: str = ""
    placement: Placement | None = None
    skeleton: bytes = field(default=b"", repr=False)
    mark: Mark | None = None
    fingerprints: tuple[Fingerprint, ...] = field(default=(), repr=False)
    model: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    created: datetime = field(default_factory=lambda: datetime.now(UTC), compare=False)
    width: int = 0
    height: int = 0

    def __post_init__(self) -> None:
        mark = self.mark or Mark("none", "", "")
        needed = {"manifest id": self.manifest_id, "media type": self.media_type, "scheme": mark.scheme}
        for name, text in needed.items():
            _check_text(name, text, least=1)
        for name, text in {"model": self.model, "key": mark.key, "payload": mark.payload}.items():
            _check_text(name, text, least=0)
        for digest in (self.asset_sha256, self.pixel_sha256 or START):
            if not _SHA256.fullmatch(digest):
                raise UsageError("a SHA-256 is 64 characters of lower-case hex", actual=digest[:80])
        if min(self.width, self.height) < 0 or (self.width == 0) != (self.height == 0):
            raise UsageError("a picture has both a width and a height", actual=(self.width, self.height))
        if not self.manifest:
            raise UsageError("a record without a manifest has nothing to recover")
        if self.created.tzinfo is None:
            raise UsageError("the time of a record needs a time zone", actual=self.created)
        if self.placement and self.placement.sha256 not in ("", self.asset_sha256):
            raise UsageError("the placement is that of another file", actual=self.placement.sha256)
        try:
            json.dumps(dict(self.extra), allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise UsageError(f"the extra fields of a record are JSON: {error}") from None


def _check_text(name: str, text: str, least: int) -> None:
    if not least <= len(text) <= LONGEST or re.search("[\0\ud800-\udfff]", text):
        raise UsageError(
            f"the {name} of a record is {least} to {LONGEST} characters in UTF-8", actual=text[:80]
        )


def content_digest(record: Record) -> str:
    """Return the SHA-256 over everything in a record but its time, in hex."""
    mark, place = record.mark, record.placement
    content = {
        "manifest_id": record.manifest_id,
        "manifest": hashlib.sha256(record.manifest).hexdigest(),
        "media_type": record.media_type,
        "asset": record.asset_sha256,
        "pixels": record.pixel_sha256,
        # Without defaults: a field that placements get one day leaves the digests of today as they are.
        "placement": place.model_dump(mode="json", exclude_defaults=True) if place else None,
        "skeleton": hashlib.sha256(record.skeleton).hexdigest(),
        "mark": [mark.scheme, mark.key, mark.payload] if mark else None,
        "fingerprints": [[f.kind, f.hex, repr(f.quality)] for f in record.fingerprints],
        "model": record.model,
        "extra": dict(record.extra),
        # Only where it is known: records of before sizes were kept have the digests that they had.
        **({"size": [record.width, record.height]} if record.width else {}),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def link(previous: str, number: int, fields: tuple[str, ...]) -> str:
    """Return the hash of an entry of the chain.

    Args:
        previous: Hash of the entry before it; `START` for the first.
        number: Its place, from 1.
        fields: Kind, manifest id, time and digest.
    """
    return hashlib.sha256(json.dumps([previous, number, *fields]).encode()).hexdigest()
