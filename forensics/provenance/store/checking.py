"""Walking the chain of a store from its beginning: is the past as it was written?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, Table, func, select

from forensics.errors import ForensicsError
from forensics.provenance.store.record import START, content_digest, link
from forensics.provenance.store.results import Verification
from forensics.provenance.store.rows import entries
from forensics.provenance.store.tables import fingerprints, log, records, revocations

__all__ = ["check", "revocation_digest"]

_MOST = 100
_STEP = 100  # records in memory at a time


def revocation_digest(manifest_id: str, reason: str) -> str:
    """Return the SHA-256 over what a revocation says, in hex."""
    return hashlib.sha256(f"{len(manifest_id)}:{manifest_id}{reason}".encode()).hexdigest()


def check(connection: Connection, head: str | None) -> Verification:
    """Check every entry against the chain, and the chain against a head noted earlier.

    Args:
        connection: One that sees one state of the store.
        head: Hash of the entry that was once the newest; None if none was noted.
    """
    problems: list[str] = []
    seen = head is None
    previous, count = START, 0
    for count, (row, digest) in enumerate(_rows(connection), 1):
        fields = (str(row.kind), str(row.manifest_id), str(row.created), str(row.digest))  # whatever is there
        if row.number != count or row.hash != link(previous, row.number, fields):
            problems.append(f"entry {row.number} does not follow from the one before it")
        if digest != row.digest:
            problems.append(f"entry {row.number} ({row.manifest_id}) is not what was registered")
        previous = str(row.hash)
        seen = seen or row.hash == head
        if len(problems) >= _MOST:
            break
    else:
        problems += _strangers(connection)
    if not seen and len(problems) < _MOST:
        problems.append("the head that was noted is not among the entries: newer ones were cut off")
    return Verification(count, previous, tuple(problems[:_MOST]))


def _rows(connection: Connection) -> Iterator[tuple[Row[Any], str]]:
    """Yield each row of the chain with the digest of what it stands for now, "" where that is gone."""
    start = -1
    while True:
        part = connection.execute(
            select(log).where(log.c.number > start).order_by(log.c.number).limit(_STEP)
        ).all()
        if not part:
            return
        digests = _digests(connection, [row.number for row in part])
        yield from ((row, digests.get(row.number, "")) for row in part)
        start = part[-1].number


def _digests(connection: Connection, numbers: list[int]) -> dict[int, str]:
    try:
        digests = {entry.number: content_digest(entry.record) for entry in entries(connection, numbers)}
    except (ForensicsError, ValueError):  # a row was changed into what no record can be: one by one, then
        if len(numbers) == 1:
            return {}
        half = len(numbers) // 2
        return _digests(connection, numbers[:half]) | _digests(connection, numbers[half:])
    withdrawn = connection.execute(select(revocations).where(revocations.c.number.in_(numbers)))
    return digests | {row.number: revocation_digest(row.manifest_id, row.reason) for row in withdrawn}


def _strangers(connection: Connection) -> list[str]:
    """Rows that no entry of the chain stands for."""

    def loose(table: Table, column: str, above: Table) -> int:
        known = select(above.c.number)
        query = select(func.count()).select_from(table).where(table.c[column].not_in(known))
        return connection.execute(query).scalar_one()

    counts = {
        "records": loose(records, "number", log),
        "revocations": loose(revocations, "number", log),
        "fingerprints": loose(fingerprints, "record", records),
    }
    return [f"{count} {name} stand outside the chain" for name, count in counts.items() if count]
