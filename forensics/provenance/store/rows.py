"""Records as rows and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from forensics.errors import ForensicsError, StoreError
from forensics.fingerprints import Fingerprint
from forensics.provenance.restoring import Placement
from forensics.provenance.store.record import Mark, Record
from forensics.provenance.store.results import Entry, Revocation
from forensics.provenance.store.tables import fingerprints, log, records, revocations

__all__ = ["entries", "fingerprint_rows", "record_row", "timestamp"]

MOST_NAMED = 500  # in one question; SQLite takes 999 values and more


def timestamp(moment: datetime) -> str:
    """Return a time as it is stored: ISO 8601 in UTC."""
    return moment.astimezone(UTC).isoformat()


def record_row(number: int, record: Record) -> dict[str, Any]:
    """Return the row of a record."""
    place, mark = record.placement, record.mark
    return {
        "number": number,
        "manifest_id": record.manifest_id,
        "media_type": record.media_type,
        "asset_sha256": record.asset_sha256,
        "pixel_sha256": record.pixel_sha256,
        "placement": place.model_dump_json(exclude_defaults=True) if place else None,
        "scheme": mark.scheme if mark else None,
        "key": mark.key if mark else None,
        "payload": mark.payload if mark else None,
        "model": record.model,
        "extra": json.dumps(dict(record.extra), sort_keys=True),
        "manifest": record.manifest,
        "skeleton": record.skeleton,
        "width": record.width,
        "height": record.height,
    }


def fingerprint_rows(number: int, record: Record) -> list[dict[str, Any]]:
    """Return the rows of the fingerprints of a record."""
    return [
        {"record": number, "place": place, "kind": code.kind, "quality": code.quality, "code": code.code}
        for place, code in enumerate(record.fingerprints)
    ]


def entries(connection: Connection, numbers: Sequence[int]) -> list[Entry]:
    """Return the entries of some numbers of records, in the order of the numbers given.

    Raises:
        StoreError: A row was changed into what no record can be.
    """
    try:
        return _entries(connection, numbers)
    except (ForensicsError, ValueError, TypeError) as error:
        raise StoreError(
            f"an entry of the store is damaged; `forensics store verify` says which ({type(error).__name__})"
        ) from error


def _entries(connection: Connection, numbers: Sequence[int]) -> list[Entry]:
    found: dict[int, Entry] = {}
    for start in range(0, len(numbers), MOST_NAMED):
        part = list(numbers[start : start + MOST_NAMED])
        codes = _codes(connection, part)
        rows = connection.execute(
            select(records, log.c.created).join(log, log.c.number == records.c.number)
            .where(records.c.number.in_(part))
        ).all()  # fmt: skip
        withdrawn = _revocations(connection, [row.manifest_id for row in rows])
        for row in rows:
            record = _record(row, codes.get(row.number, ()))
            found[row.number] = Entry(row.number, record, withdrawn.get(row.manifest_id, ()))
    return [found[number] for number in numbers if number in found]


def _record(row: Row[Any], codes: Iterable[Fingerprint]) -> Record:
    return Record(
        manifest_id=row.manifest_id,
        manifest=bytes(row.manifest),
        media_type=row.media_type,
        asset_sha256=row.asset_sha256,
        pixel_sha256=row.pixel_sha256,
        placement=None if row.placement is None else Placement.model_validate_json(row.placement),
        skeleton=bytes(row.skeleton),
        mark=Mark(row.scheme, row.key, row.payload) if row.payload is not None else None,
        fingerprints=tuple(codes),
        model=row.model,
        extra=json.loads(row.extra),
        created=datetime.fromisoformat(row.created),
        width=row.width,
        height=row.height,
    )


def _codes(connection: Connection, numbers: Sequence[int]) -> dict[int, tuple[Fingerprint, ...]]:
    table = fingerprints.c
    rows = connection.execute(
        select(fingerprints).where(table.record.in_(numbers)).order_by(table.record, table.place)
    )
    codes: dict[int, tuple[Fingerprint, ...]] = {}
    for row in rows:
        code = Fingerprint(row.kind, bytes(row.code), row.quality)
        codes[row.record] = (*codes.get(row.record, ()), code)
    return codes


def _revocations(connection: Connection, names: Sequence[str]) -> dict[str, tuple[Revocation, ...]]:
    table = revocations.c
    rows = connection.execute(
        select(revocations, log.c.created).join(log, log.c.number == table.number)
        .where(table.manifest_id.in_(names)).order_by(table.number)
    )  # fmt: skip
    withdrawn: dict[str, tuple[Revocation, ...]] = {}
    for row in rows:
        entry = Revocation(row.number, row.reason, datetime.fromisoformat(row.created))
        withdrawn[row.manifest_id] = (*withdrawn.get(row.manifest_id, ()), entry)
    return withdrawn
