"""Records to fill stores with."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from forensics.fingerprints import Fingerprint
from forensics.provenance.restoring import Family, Placement
from forensics.provenance.store import Mark, Record


def code(number: int) -> Fingerprint:
    return Fingerprint("dct", np.random.default_rng(number).bytes(128), 0.9)


def moved(fingerprint: Fingerprint, bits: int) -> Fingerprint:
    """Change the first bits of every window."""
    words = bytearray(fingerprint.code)
    for bit in range(bits):
        for window in range(len(words) // 32):
            words[32 * window + bit // 8] ^= 1 << bit % 8
    return replace(fingerprint, code=bytes(words))


def placement(number: int) -> Placement:
    store = hashlib.sha256(b"store").hexdigest()
    return Placement(family=Family.JPEG, start=20, length=4000 + number, wrapping=b"\xff", store_sha256=store)


def record(number: int, **changes: Any) -> Record:
    made = Record(
        manifest_id=f"urn:c2pa:{number:08d}",
        manifest=b"jumb" + number.to_bytes(4, "big"),
        media_type="image/jpeg",
        asset_sha256=hashlib.sha256(b"asset%d" % number).hexdigest(),
        pixel_sha256=hashlib.sha256(b"pixels%d" % (number // 2)).hexdigest(),
        placement=placement(number),
        skeleton=b"FSKEL%d" % number,
        mark=Mark("spread", "0011223344556677", f"{number:06x}"),
        fingerprints=(code(number),),
        model="sketch-1",
        extra={"job": number, "name": "Zoë"},
        created=datetime(2026, 5, 1, 12, tzinfo=UTC),
    )
    return replace(made, **changes)
