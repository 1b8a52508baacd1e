"""A picture against the fingerprints of entries that its mark, its credentials or its looks lead to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from forensics.fingerprints import Fingerprint, chance, distance
from forensics.fingerprints.making import VARIANTS
from forensics.provenance.store import Entry, Found
from forensics.recovery.placing import Frame, Part, compared, linear_map, part_of
from forensics.recovery.results import Candidate, Change, Way
from forensics.recovery.subject import Subject
from forensics.recovery.telling import Comparison, judged
from forensics.watermark.detection import Detection, Geometry
from forensics.watermark.payload import SIGNED
from forensics.watermark.spread.analysis import octave
from forensics.watermark.spread.carriers import SIDE

__all__ = ["by_looks", "by_mark", "by_name", "change_of"]

_WIDEST = 1.25  # of the original's sides: beyond that a picture holds what is not the original's
_ASPECT = 1.25  # by which a picture may be stretched, for it to be called another one
_UPRIGHT = 1.0  # degrees to which a picture counts as not turned
_MISSING = 0.3  # share of a picture in which its mark may be missing, for the same

# A file that looks like the entry when it is turned left was turned right.
_CHANGES = {
    VARIANTS[0]: Change(),
    VARIANTS[1]: Change(mirrored=True),
    VARIANTS[2]: Change(mirrored=True, rotation=180),
    VARIANTS[3]: Change(rotation=180),
    VARIANTS[4]: Change(mirrored=True, rotation=90),
    VARIANTS[5]: Change(rotation=-90),
    VARIANTS[6]: Change(rotation=90),
    VARIANTS[7]: Change(mirrored=True, rotation=-90),
}


@dataclass(frozen=True)
class _Seen:
    """An entry with its fingerprint, and the picture as it would lie in it."""

    entry: Entry
    code: Fingerprint
    part: Part
    change: Change
    telling: bool


def by_mark(subject: Subject, mark: Detection, entries: Sequence[Entry]) -> list[Candidate]:
    """Compare a picture with all entries that its mark leads to, by the geometry that the mark shows.

    Args:
        subject: The file.
        mark: What was found in it.
        entries: Those with the payload.

    Returns:
        A candidate for each, the nearest first; without a comparison where there is nothing to compare.
    """
    seen = [_seen(subject, mark, entry) for entry in entries]
    candidates = []
    for entry, one in zip(entries, seen, strict=True):
        if one is None:
            candidates.append(Candidate(entry, (Way.MARK,), _by_positions(subject, entry, len(entries))))
            continue
        candidates.append(Candidate(entry, (Way.MARK,), _judged(one, len(entries)), change=one.change))
    return sorted(candidates, key=lambda c: c.comparison.p_value if c.comparison else 2.0)


def by_name(subject: Subject, entry: Entry) -> Candidate:
    """Compare a picture with the entry of the manifest that it carries itself."""
    comparison = _by_positions(subject, entry, 1)
    change = _position(subject, entry) if comparison and comparison.agrees else None
    return Candidate(entry, (Way.CREDENTIALS,), comparison, change=change)


def by_looks(subject: Subject, found: Found) -> Candidate:
    """Return the candidate that a search by fingerprints found."""
    change = change_of(subject, found.entry, found.position)
    return Candidate(found.entry, (Way.FINGERPRINT,), chance=found.chance, change=change)


def change_of(subject: Subject, entry: Entry, position: str) -> Change:
    """Return what was done to a picture that looks like an entry in one of the eight positions."""
    change, record = _CHANGES[position], entry.record
    if subject.pixels is None or not record.width:
        return change
    height, width = subject.pixels.shape[:2]
    if change.rotation in (90, -90):
        height, width = width, height
    across, down = width / record.width, height / record.height
    return replace(change, scale=across) if abs(across / down - 1) < 0.02 else change


def _seen(subject: Subject, mark: Detection, entry: Entry) -> _Seen | None:
    record, geometry = entry.record, mark.geometry
    code = next((one for one in record.fingerprints if one.kind == "dct" and one.usable), None)
    if subject.pixels is None or subject.plain or geometry is None or code is None or not record.width:
        return None
    signed = mark.payload is not None and mark.payload.version == SIGNED
    halved = 0 if signed else octave(record.height, record.width)
    scale = geometry.tile / (SIDE * 2.0**halved)
    linear = linear_map(
        scale, rotation=geometry.rotation, mirrored=geometry.mirrored, aspect=geometry.aspect,
        shear=geometry.shear,
    )  # fmt: skip
    part = part_of(subject.pixels, linear, Frame(record.width, record.height))
    if part is None:
        return None
    change = Change(geometry.mirrored, geometry.rotation, scale, part.share)
    return _Seen(entry, code, part, change, _telling(part, geometry, mark))


def _judged(one: _Seen, entries: int) -> Comparison:
    """Return what a comparison is worth; the negative of a picture is that picture too."""
    share = one.part.share
    (near,) = compared(one.part, [one.code])
    found = judged(near, share, entries, telling=one.telling)
    if found.agrees:
        return found
    (near,) = compared(Part(-one.part.values, share), [one.code])
    turned = judged(near, share, 2 * entries)
    return turned if turned.agrees else found


def _telling(part: Part, geometry: Geometry, mark: Detection) -> bool:
    """Whether the calibration of copies covers what the mark shows."""
    straight = abs((geometry.rotation + 45) % 90 - 45) < _UPRIGHT and abs(geometry.shear) < _UPRIGHT
    known = max(part.values.shape) <= _WIDEST * 256 and straight and not geometry.perspective
    stretched = max(geometry.aspect, 1 / geometry.aspect) > _ASPECT
    missing = mark.tampering is not None and mark.tampering.share > _MISSING
    return known and not stretched and not missing


def _by_positions(subject: Subject, entry: Entry, entries: int) -> Comparison | None:
    """Compare whole pictures, in eight positions; that never tells of another picture."""
    codes = [code for code in entry.record.fingerprints if code.kind == "dct" and code.usable]
    if not subject.positions or subject.plain or not codes:
        return None
    bits = min(distance(one.fingerprint, code) for one in subject.positions for code in codes)
    return Comparison(float(bits), 1.0, chance("dct", bits, entries).p_value)


def _position(subject: Subject, entry: Entry) -> Change:
    codes = [code for code in entry.record.fingerprints if code.kind == "dct" and code.usable]
    best = min(subject.positions, key=lambda one: min(distance(one.fingerprint, code) for code in codes))
    return change_of(subject, entry, best.position)
