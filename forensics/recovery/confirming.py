"""Marks too weak to be read: an entry that looks alike says which mark to look for.

Looks are half of a proof, and a mark that is looked for by all of its bins is the other half. Its p-value has
to be as small as that of marks that are read, and everything that is asked for is counted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from forensics.errors import UsageError
from forensics.media import Pixels
from forensics.provenance.store import Record
from forensics.recovery.results import Candidate, Change, Way
from forensics.watermark.codecs import available
from forensics.watermark.confirming import Confirmation, confirm
from forensics.watermark.keys import Key
from forensics.watermark.payload import LAYOUTS, SIGNED, VERSION, Layout, Payload, parse_identity
from forensics.watermark.spread.analysis import octave

__all__ = ["MEANT", "RATE", "confirmed", "kept_of"]

RATE = 1e-6  # false alarms per picture at which marks are believed, for all keys together
MEANT = 1e-3  # how often a mark that says something else may be taken for the one that is looked for
_MOST = 10  # entries whose marks are looked for


@dataclass(frozen=True)
class _Known:
    """A mark that may be in a picture.

    Attributes:
        candidate: The entry that suggests it.
        key: Its key.
        codec: Name of its way of marking.
        payload: What it would say.
    """

    candidate: Candidate
    key: Key
    codec: str
    payload: Payload


def confirmed(pixels: Pixels, candidates: Sequence[Candidate], keys: Iterable[Key]) -> Candidate | None:
    """Return the first candidate whose mark is in a picture; None where there is none, or no key for it.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        candidates: Entries that it may be a copy of, the likeliest first.
        keys: The user's.
    """
    ring = {key.id: key for key in keys}
    known = [one for candidate in candidates[:_MOST] for one in _known(candidate, ring)]
    rounds = _rounds(known)
    for some in rounds:
        found = confirm(pixels, some[0].key, [one.payload for one in some], some[0].codec)
        found = _counted(found, len(rounds))
        if found.log10_presence <= math.log10(RATE) and found.log10_meant <= math.log10(MEANT):
            first = next(one for one in some if one.payload == found.payload).candidate
            ways = tuple(way for way in Way if way in (*first.ways, Way.CONFIRMED))
            return replace(first, ways=ways, confirmation=found)
    return None


def kept_of(pixels: Pixels, candidate: Candidate) -> Change:
    """Return what was done to a picture, by the scale of its mark and the size that the entry had.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        candidate: From `confirmed`.
    """
    change, record, found = candidate.change or Change(), candidate.entry.record, candidate.confirmation
    if found is None or not record.width:
        return change
    halved = 0 if found.payload.version == SIGNED else octave(record.height, record.width)
    scale = found.scale / 2.0**halved
    share = pixels.shape[0] * pixels.shape[1] / (scale**2 * record.height * record.width)
    return replace(change, scale=scale, kept=min(1.0, share))


def _known(candidate: Candidate, ring: dict[str, Key]) -> list[_Known]:
    """Return which marks an entry may have; a record that does not say the format may mean several."""
    record = candidate.entry.record
    mark = record.mark
    key = ring.get(mark.key) if mark is not None else None
    if mark is None or key is None or mark.scheme not in available():
        return []
    return [_Known(candidate, key, mark.scheme, one) for one in _payloads(record, mark.payload)]


def _payloads(record: Record, text: str) -> list[Payload]:
    named = LAYOUTS.get(str(record.extra.get("layout")))
    fitting = [one for one in LAYOUTS.values() if len(text) == one.digits]
    layouts = dict.fromkeys([named.name] if named else [*(one.name for one in fitting), "standard"])
    version = record.extra.get("format")
    versions = (version,) if isinstance(version, int) else (SIGNED, VERSION)
    return [
        Payload(name, one, identity, verified=True)
        for name in layouts
        if (identity := _identity(text, LAYOUTS[name])) is not None
        for one in (versions if LAYOUTS[name].version else (0,))
    ]


def _identity(text: str, layout: Layout) -> str | None:
    """Return an identity with all of its digits; None where the layout has no room for it."""
    try:
        return f"{parse_identity(text, layout):0{layout.digits}x}"
    except UsageError:
        return None


def _rounds(known: list[_Known]) -> list[list[_Known]]:
    """Return what to look for together: the likeliest entry alone, as it mostly is the one."""
    first = [one for one in known if one.candidate is known[0].candidate]
    rest: dict[tuple[str, str], list[_Known]] = {}
    for one in known[len(first) :]:
        rest.setdefault((one.key.id, one.codec), []).append(one)
    return [some for some in (first, *rest.values()) if some]


def _counted(found: Confirmation, rounds: int) -> Confirmation:
    more = math.log10(rounds)
    presence, meant = (min(0.0, value + more) for value in (found.log10_presence, found.log10_meant))
    return replace(found, log10_presence=presence, log10_meant=meant)
