"""An entry of a store as JSON, or as text for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forensics.provenance.store import Entry

__all__ = ["Json", "entry_json", "entry_line", "entry_text"]

Json = dict[str, Any]


def entry_json(entry: Entry) -> Json:
    """Return an entry without the bytes of its manifest store."""
    record = entry.record
    mark = record.mark
    return {
        "number": entry.number,
        "manifest_id": record.manifest_id,
        "created": record.created.isoformat(),
        "media_type": record.media_type,
        "asset_sha256": record.asset_sha256,
        "pixel_sha256": record.pixel_sha256 or None,
        "mark": {"scheme": mark.scheme, "key": mark.key, "payload": mark.payload} if mark else None,
        "fingerprints": [
            {"kind": code.kind, "quality": code.quality, "code": code.hex} for code in record.fingerprints
        ],
        "model": record.model or None,
        "extra": dict(record.extra),
        "manifest_bytes": len(record.manifest),
        "placement": record.placement is not None,
        "skeleton_bytes": len(record.skeleton),
        "revoked": entry.revoked,
        "revocations": [
            {"number": one.number, "created": one.created.isoformat(), "reason": one.reason}
            for one in entry.revocations
        ],
    }


def entry_line(entry: Entry) -> str:
    """Return an entry as one line."""
    from forensics.report.safe import printable

    record = entry.record
    words = [f"#{entry.number}", record.manifest_id, record.media_type, record.created.isoformat()[:10]]
    if record.model:
        words.append(f"by {record.model}")
    if entry.revoked:
        words.append(f"REVOKED: {entry.revocations[-1].reason}")
    return printable("  ".join(words), 600)


def entry_text(entry: Entry) -> str:
    """Return all of an entry as lines."""
    from forensics.report.safe import printable

    record = entry.record
    mark = record.mark
    facts = {
        "media type": record.media_type,
        "file": f"SHA-256 {record.asset_sha256}",
        "pixels": f"SHA-256 {record.pixel_sha256}" if record.pixel_sha256 else "no picture",
        "mark": f"{mark.scheme}, key {mark.key or 'none'}, says {mark.payload}" if mark else "none",
        "fingerprints": ", ".join(code.kind for code in record.fingerprints) or "none",
        "model": record.model or "not said",
        "extra": str(dict(record.extra)) if record.extra else "nothing",
        "manifest": f"{len(record.manifest)} bytes",
        "placement": "known" if record.placement else "none: it cannot be put back alone",
        "skeleton": f"{len(record.skeleton)} bytes" if record.skeleton else "none",
    }
    lines = [entry_line(entry), *(f"  {name:13} {printable(said, 600)}" for name, said in facts.items())]
    lines += [
        f"  {'revoked':13} #{one.number}, {one.created.isoformat()[:10]}: {printable(one.reason, 600)}"
        for one in entry.revocations
    ]
    return "\n".join(lines)
