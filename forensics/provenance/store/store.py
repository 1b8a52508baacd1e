"""The manifest store itself: adding, finding, revoking, verifying."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Self

from sqlalchemy import Connection, func, insert, select

from forensics.errors import StoreConflict, StoreError, StoreMissing, UsageError
from forensics.fingerprints import Fingerprint, chance, distance
from forensics.fingerprints.making import VARIANTS
from forensics.provenance.store import tables
from forensics.provenance.store.checking import check, revocation_digest
from forensics.provenance.store.connecting import Database
from forensics.provenance.store.index import FingerprintIndex
from forensics.provenance.store.record import LONGEST, START, Record, content_digest, link
from forensics.provenance.store.results import Entry, Match, Stats, Verification
from forensics.provenance.store.rows import MOST_NAMED, entries, fingerprint_rows, record_row, timestamp
from forensics.provenance.store.tables import fingerprints, log, records, revocations

__all__ = ["ManifestStore"]

PathLike = str | os.PathLike[str]


class ManifestStore:
    """Signed files by the name of their manifest, what their watermark says, their hashes and fingerprints.

    Any number of processes may use one store. What `add` returned from is on the disk.

    Args:
        place: A path or `sqlite:///path` for SQLite; `postgresql+psycopg://...` for a server.
        create: Make the store where there is none.
        wait: Seconds to wait while others write.
        index: Folder for a copy of the fingerprints that a new process reads at once; beside the file for
            SQLite, none for a server, unless it is given.

    Raises:
        StoreMissing: There is no store, and none was to be made.
        StoreError: It is damaged, out of reach, or was made by a newer version.
        UsageError: The address is of no kind that is known.
        MissingExtra: A server is named, and its driver is not installed.
    """

    def __init__(
        self, place: PathLike, *, create: bool = False, wait: float = 10.0, index: PathLike | None = None
    ) -> None:
        self._database = Database(place, wait)
        path = self._database.path
        if not self._database.present() and not create:
            raise StoreMissing(f"there is no manifest store at {path}; `forensics store init` makes one")
        try:
            self._schema = self._opened(create)
        except BaseException:  # nobody holds a store that could be closed
            self._database.close()
            raise
        beside = path.with_name(f"{path.name}.fingerprints") if path is not None else None
        self._index = FingerprintIndex(Path(index) if index is not None else beside)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections of this process."""
        self._database.close()

    def _opened(self, create: bool) -> int:
        if create:
            if self._database.present():
                with self._database.reading() as connection:
                    tables.check_free(connection, self._database.place)
            self._database.prepare()
            with self._database.writing() as connection:
                tables.create(connection)
        with self._database.reading() as connection:
            return tables.check_schema(connection, self._database.place)

    def add(self, record: Record) -> bool:
        """Register a signed file.

        Returns:
            Whether it was new. The same content under the same manifest id is not added twice.

        Raises:
            StoreConflict: The manifest id stands for something else.
            StoreLocked, StoreFull, StoreError: Nothing was added.
        """
        return self.add_many([record]) == 1

    def add_many(self, many: Iterable[Record]) -> int:
        """Register signed files, all of them or none.

        Returns:
            How many were new.

        Raises:
            StoreConflict: A manifest id stands for something else, in the store or among them.
            StoreLocked, StoreFull, StoreError: Nothing was added.
        """
        digests: dict[str, str] = {}
        wanted: dict[str, Record] = {}
        for record in many:
            digest = content_digest(record)
            if digests.setdefault(record.manifest_id, digest) != digest:
                raise StoreConflict(f"two records are called {record.manifest_id}", actual=record.manifest_id)
            wanted[record.manifest_id] = record
        if not wanted:
            return 0
        with self._database.writing() as connection:
            return _append_new(connection, wanted, digests)

    @contextmanager
    def adding(self, record: Record) -> Iterator[bool]:
        """Register a signed file together with something else, such as moving it into its place.

        The entry is written before the block and counts after it: a block that raises leaves none. Other
        writers wait in between, so the block should be short. Whatever the block did has to be undone by the
        caller if leaving it raises.

        Yields:
            Whether it is new, as `add` returns.

        Raises:
            StoreConflict: The manifest id stands for something else.
            StoreLocked, StoreFull, StoreError: Nothing was added.
        """
        digests = {record.manifest_id: content_digest(record)}
        with self._database.writing() as connection:
            yield _append_new(connection, {record.manifest_id: record}, digests) == 1

    def revoke(self, manifest_id: str, reason: str) -> int:
        """Withdraw a manifest: from now on its entry says so. Nothing is removed.

        Returns:
            The number of the new entry.

        Raises:
            UsageError: There is no such manifest, or no reason, or one of more than 1000 characters.
            StoreLocked, StoreFull, StoreError: Nothing was added.
        """
        if not reason.strip():
            raise UsageError("a revocation needs a reason")
        if len(reason) > LONGEST or "\0" in reason:
            raise UsageError(
                f"a reason has at most {LONGEST} characters", expected=LONGEST, actual=len(reason)
            )
        with self._database.writing() as connection:
            if not _known(connection, [manifest_id]):
                raise UsageError(f"the store has no manifest {manifest_id}", actual=manifest_id)
            digest = revocation_digest(manifest_id, reason)
            (number,) = _append(connection, "revocation", [(manifest_id, datetime.now(UTC), digest)])
            connection.execute(
                insert(revocations), [{"number": number, "manifest_id": manifest_id, "reason": reason}]
            )
        return number

    def get(self, manifest_id: str) -> Entry | None:
        """Return the entry of a manifest; None if there is none."""
        found = self._where(records.c.manifest_id == manifest_id)
        return found[0] if found else None

    def by_payload(self, scheme: str, key: str, payload: str) -> tuple[Entry, ...]:
        """Return the entries whose mark says this, oldest first."""
        table = records.c
        return self._where((table.payload == payload) & (table.scheme == scheme) & (table.key == key))

    def by_asset(self, sha256: str) -> tuple[Entry, ...]:
        """Return the entries of this very file, by its SHA-256 in hex, oldest first."""
        return self._where(records.c.asset_sha256 == sha256.lower())

    def by_pixels(self, sha256: str) -> tuple[Entry, ...]:
        """Return the entries with these very pixels, by `media.hashing.pixel_sha256`, oldest first."""
        return self._where(records.c.pixel_sha256 == sha256.lower()) if sha256 else ()

    def nearest(
        self, queries: Fingerprint | Sequence[Fingerprint], most: int = 10, *, p: float = 1.0
    ) -> tuple[Match, ...]:
        """Return the entries whose fingerprints lie nearest, nearest first.

        Args:
            queries: A fingerprint, or several of one kind, such as the eight positions of a picture. Every
                further eight count as a look of their own, and make chances larger.
            most: At most so many.
            p: Only those that chance explains with at most this probability, all entries counted.

        Raises:
            UsageError: No fingerprint was given, they are of different kinds, the picture is too flat, or `p`
                is no probability.
        """
        wanted = [queries] if isinstance(queries, Fingerprint) else list(queries)
        if most < 1 or not wanted or len({query.kind for query in wanted}) != 1:
            raise UsageError("look for one or more fingerprints of one kind, and for at least one entry")
        if not 0 <= p <= 1:
            raise UsageError("a probability lies in [0, 1]", expected="[0, 1]", actual=p)
        if not all(query.usable for query in wanted):
            raise UsageError("the picture is too flat to be told from others by its fingerprint")
        kind = wanted[0].kind
        with self._database.reading() as connection:
            found, searched = self._index.nearest(connection, wanted, most)
            if not found:
                return ()
            by_number = {entry.number: entry for entry in entries(connection, [f.number for f in found])}
        matches, looks = [], -(-len(wanted) // len(VARIANTS))
        for near in found:
            entry = by_number.get(near.number)
            codes = [code for code in entry.record.fingerprints if code.kind == kind] if entry else []
            # The copy of the fingerprints is only a copy: what it says has to be so in the store.
            if entry is None or not any(distance(wanted[near.query], c) == near.distance for c in codes):
                raise StoreError(
                    "the copy of the fingerprints beside the store does not fit it: remove its folder, which "
                    "will be made again; if that does not help, see `forensics store verify`"
                )
            matches.append(Match(entry, near.query, chance(kind, near.distance, searched, looks)))
        return tuple(match for match in matches if match.chance.p_value <= p)

    def verify(self, head: str | None = None) -> Verification:
        """Check the whole past of the store against its chain of hashes.

        Whoever can write the database can also write a new chain. Only a head that was noted elsewhere shows
        that, and that the newest entries were cut off.

        Args:
            head: `Stats.head` of earlier, or None.

        Raises:
            UsageError: That is no head.
        """
        if head is not None and not re.fullmatch("[0-9a-fA-F]{64}", head):
            raise UsageError("a head is 64 characters of hex", actual=head[:80])
        with self._database.reading() as connection:
            return check(connection, head and head.lower())

    def stats(self) -> Stats:
        """Return how much there is."""
        with self._database.reading() as connection:
            kinds = connection.execute(
                select(fingerprints.c.kind, func.count()).group_by(fingerprints.c.kind)
            ).all()
            number, head = _head(connection)
            return Stats(
                place=self._database.place,
                schema=self._schema,
                entries=number,
                records=connection.execute(select(func.count()).select_from(records)).scalar_one(),
                revocations=connection.execute(select(func.count()).select_from(revocations)).scalar_one(),
                fingerprints=dict(sorted((kind, number) for kind, number in kinds)),
                head=head,
            )

    def _where(self, condition: object) -> tuple[Entry, ...]:
        with self._database.reading() as connection:
            query = select(records.c.number).where(condition).order_by(records.c.number)  # type: ignore[arg-type]
            return tuple(entries(connection, connection.execute(query).scalars().all()))


def _known(connection: Connection, names: Sequence[str]) -> list[tuple[str, int, str]]:
    """Return name, number and digest of the records that there are."""
    found = []
    for start in range(0, len(names), MOST_NAMED):
        query = select(log.c.manifest_id, log.c.number, log.c.digest).join(
            records, records.c.number == log.c.number
        )
        rows = connection.execute(query.where(records.c.manifest_id.in_(names[start : start + MOST_NAMED])))
        found += [(row.manifest_id, row.number, row.digest) for row in rows]
    return found


def _append_new(connection: Connection, wanted: dict[str, Record], digests: dict[str, str]) -> int:
    """Add the records that are not there, and return how many those are."""
    for name, number, digest in _known(connection, list(wanted)):
        if digest != digests[name]:
            raise StoreConflict(
                f"{name} is entry {number} of the store, with other content; ids are given once", actual=name
            )
        del wanted[name]
    _append_records(connection, [(record, digests[name]) for name, record in wanted.items()])
    return len(wanted)


def _append_records(connection: Connection, made: list[tuple[Record, str]]) -> None:
    if not made:
        return
    links = [(record.manifest_id, record.created, digest) for record, digest in made]
    numbered = list(zip(_append(connection, "record", links), (r for r, _ in made), strict=True))
    connection.execute(insert(records), [record_row(number, record) for number, record in numbered])
    codes = [row for number, record in numbered for row in fingerprint_rows(number, record)]
    if codes:
        connection.execute(insert(fingerprints), codes)


def _append(connection: Connection, kind: str, made: list[tuple[str, datetime, str]]) -> list[int]:
    """Add entries to the chain; writers take turns, so that numbers have no gaps and are in order."""
    newest, previous = _head(connection)
    rows = []
    for number, (name, created, digest) in zip(count(newest + 1), made, strict=False):
        moment = timestamp(created)
        previous = link(previous, number, (kind, name, moment, digest))
        rows.append(
            {
                "number": number,
                "kind": kind,
                "manifest_id": name,
                "created": moment,
                "digest": digest,
                "hash": previous,
            }
        )
    connection.execute(insert(log), rows)
    return [row["number"] for row in rows]  # type: ignore[misc]


def _head(connection: Connection) -> tuple[int, str]:
    row = connection.execute(select(log.c.number, log.c.hash).order_by(log.c.number.desc()).limit(1)).first()
    return (row.number, str(row.hash)) if row else (0, START)
