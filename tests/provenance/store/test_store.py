"""The store: what goes in comes out, nothing is changed unseen, and neighbours are those of a full search."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from forensics.errors import StoreConflict, StoreError, StoreMissing, UsageError
from forensics.fingerprints import Fingerprint, distance
from forensics.provenance.restoring import Family, Placement
from forensics.provenance.store import ManifestStore, Mark, index
from forensics.provenance.store.record import content_digest


def altered(place: Path, *statements: str) -> None:
    """Change a store behind its back."""
    connection = sqlite3.connect(place)
    for name, kind in connection.execute("SELECT name, type FROM sqlite_master").fetchall():
        if kind == "trigger":
            connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_a_record_is_found_by_all_that_names_it(store: ManifestStore, make: ModuleType) -> None:
    assert store.add_many(make.record(number) for number in range(6)) == 6
    entry = store.get("urn:c2pa:00000003")
    assert entry is not None
    assert entry.record == make.record(3)
    assert entry.record.created == datetime(2026, 5, 1, 12, tzinfo=UTC)
    assert entry.number == 4
    assert store.by_payload("spread", "0011223344556677", "000003") == (entry,)
    assert store.by_payload("spread", "another key", "000003") == ()
    assert store.by_asset(make.record(3).asset_sha256.upper()) == (entry,)
    assert [e.number for e in store.by_pixels(make.record(3).pixel_sha256)] == [3, 4]
    assert store.by_pixels("") == ()
    assert store.get("no such") is None


def test_bare_records_come_back_as_they_were(store: ManifestStore, make: ModuleType) -> None:
    zero = make.record(2, mark=Mark("tree-ring", "0011", ""))
    store.add(zero)
    assert [entry.record for entry in store.by_payload("tree-ring", "0011", "")] == [zero]
    bare = make.record(
        1, mark=None, placement=None, skeleton=b"", fingerprints=(), pixel_sha256="", model="", extra={}
    )
    store.add(bare)
    entry = store.get(bare.manifest_id)
    assert entry is not None
    assert entry.record == bare


def test_the_same_is_added_once_and_another_not_at_all(store: ManifestStore, make: ModuleType) -> None:
    assert store.add(make.record(1))
    assert not store.add(make.record(1, created=datetime.now(UTC)))
    for changes in ({"manifest": b"other"}, {"extra": {"job": 2}}, {"fingerprints": ()}, {"mark": None}):
        with pytest.raises(StoreConflict):
            store.add_many([make.record(7), make.record(1, **changes)])
    with pytest.raises(StoreConflict):
        store.add_many([make.record(8), make.record(8, model="another")])
    assert store.stats().records == 1


def test_revocations_are_entries_and_remove_nothing(store: ManifestStore, make: ModuleType) -> None:
    store.add(make.record(1))
    assert store.revoke("urn:c2pa:00000001", "key stolen") == 2
    store.revoke("urn:c2pa:00000001", "and again")
    entry = store.get("urn:c2pa:00000001")
    assert entry is not None
    assert entry.revoked
    assert [r.reason for r in entry.revocations] == ["key stolen", "and again"]
    assert entry.record == make.record(1)
    with pytest.raises(UsageError, match="no manifest"):
        store.revoke("urn:c2pa:00000002", "who?")
    with pytest.raises(UsageError, match="reason"):
        store.revoke("urn:c2pa:00000001", " ")
    stats = store.stats()
    assert (stats.entries, stats.records, stats.revocations, stats.fingerprints) == (3, 1, 2, {"dct": 1})


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE forensics_records SET payload = 'ffffff' WHERE number = 2", "entry 2 "),
        ("UPDATE forensics_records SET manifest = x'00' WHERE number = 3", "entry 3 "),
        ("UPDATE forensics_records SET extra = 'no json' WHERE number = 3", "entry 3 "),
        ("UPDATE forensics_fingerprints SET code = zeroblob(128) WHERE record = 1", "entry 1 "),
        ("UPDATE forensics_log SET created = '2020-01-01T00:00:00+00:00' WHERE number = 2", "entry 2 "),
        ("UPDATE forensics_revocations SET reason = 'none'", "entry 5 "),
        ("DELETE FROM forensics_revocations", "entry 5 "),
        ("DELETE FROM forensics_log WHERE number = 3", "entry 4 "),
        ("INSERT INTO forensics_revocations VALUES (99, 'urn:c2pa:00000001', 'forged')", "1 revocations"),
    ],
)
def test_tampering_with_the_past_is_seen(
    statement: str, told: str, store: ManifestStore, place: Path, make: ModuleType
) -> None:
    store.add_many(make.record(number) for number in range(4))
    store.revoke("urn:c2pa:00000001", "key stolen")
    head = store.stats().head
    whole = store.verify(head)
    assert whole.intact
    assert (whole.entries, whole.head) == (5, head)
    altered(place, statement)
    found = store.verify()
    assert not found.intact
    assert any(told in problem for problem in found.problems), found.problems


def test_a_noted_head_shows_a_cut_end(store: ManifestStore, place: Path, make: ModuleType) -> None:
    store.add_many(make.record(number) for number in range(3))
    early, late = store.verify().head, ""
    store.add(make.record(3))
    late = store.stats().head
    tables = (("fingerprints", "record"), ("records", "number"), ("log", "number"))
    statements = (f"DELETE FROM forensics_{table} WHERE {column} = 4" for table, column in tables)  # noqa: S608
    altered(place, *statements)
    assert store.verify().intact  # nothing inside the store can show it
    assert store.verify(early).intact
    assert store.verify(late).problems == (
        "the head that was noted is not among the entries: newer ones were cut off",
    )


@pytest.mark.parametrize(
    "table", [f"forensics_{name}" for name in ("log", "records", "fingerprints", "revocations")]
)
def test_the_database_itself_refuses_changes(
    table: str, store: ManifestStore, place: Path, make: ModuleType
) -> None:
    store.add(make.record(1))
    store.revoke("urn:c2pa:00000001", "reason")
    connection = sqlite3.connect(place)
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET rowid = 7"):  # noqa: S608
        with pytest.raises(sqlite3.IntegrityError, match="only grows"):
            connection.execute(statement)
    connection.close()


def test_neighbours_are_those_of_a_full_search(
    store: ManifestStore, place: Path, make: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "STRETCH", 8)
    store.add_many(make.record(number) for number in range(13))
    queries = [make.code(100), make.moved(make.code(4), 9)]
    bits = {n: min(distance(q, make.code(n)) for q in queries) for n in range(30)}

    def check(opened: ManifestStore, count: int) -> None:
        found = opened.nearest(queries, 5)
        expected = sorted(range(count), key=lambda n: (bits[n], n))[:5]
        assert [m.entry.record.extra["job"] for m in found] == expected
        assert [m.chance.distance for m in found] == [bits[n] for n in expected]
        assert {m.chance.entries for m in found} == {count}
        assert found[0].query == 1

    check(store, 13)
    store.add_many(make.record(number) for number in range(13, 30))
    check(store, 30)
    files = sorted((place.parent / "store.sqlite.fingerprints").iterdir())
    assert [file.name[:10] for file in files] == ["dct-000000", "dct-000001", "dct-000002"]
    with ManifestStore(place) as again:
        check(again, 30)
    files[0].write_bytes(b"broken")
    files[1].unlink()
    with ManifestStore(place) as again:
        check(again, 30)
    assert np.load(files[0]).shape == (17, 8)


def test_a_copy_that_does_not_fit_is_no_answer(
    store: ManifestStore, place: Path, make: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "STRETCH", 2)
    store.add_many(make.record(number) for number in range(2))
    store.nearest(make.code(0))
    (file,) = (place.parent / "store.sqlite.fingerprints").iterdir()
    block = np.load(file)
    block[1:] = 0
    np.save(file, block)
    with ManifestStore(place) as again, pytest.raises(StoreError, match="does not fit"):
        again.nearest(make.code(0))


def test_chance_limits_what_is_returned(store: ManifestStore, make: ModuleType) -> None:
    assert store.nearest(make.code(1)) == ()
    store.add_many(make.record(number) for number in range(3))
    assert [m.entry.record.extra["job"] for m in store.nearest(make.code(1), p=1e-3)] == [1]
    assert len(store.nearest(make.code(1), 2)) == 2
    eight = store.nearest([make.code(1)] * 8, 1)[0].chance
    nine = store.nearest([make.code(1)] * 9, 1)[0].chance  # another look
    assert nine.p_value == pytest.approx(2 * eight.p_value)
    with pytest.raises(UsageError, match="probability"):
        store.nearest(make.code(1), p=float("nan"))
    flat = replace(make.code(1), quality=0.1)
    for wrong in ([], [make.code(1), Fingerprint("pdq", bytes(32), 1.0)], flat):
        with pytest.raises(UsageError):
            store.nearest(wrong)


def test_a_newer_store_and_what_is_none_are_told(store: ManifestStore, place: Path, tmp_path: Path) -> None:
    altered(place, "UPDATE forensics_meta SET value = '3' WHERE name = 'schema'")
    with pytest.raises(StoreError, match="newer version") as error:
        ManifestStore(place)
    assert (error.value.expected, error.value.actual) == (2, 3)
    with pytest.raises(StoreMissing, match="store init"):
        ManifestStore(tmp_path / "missing.sqlite")
    text = tmp_path / "notes.txt"
    text.write_text("not a database, but long enough to look like one" * 40)
    with pytest.raises(StoreError, match="no manifest store"):
        ManifestStore(text)
    sqlite3.connect(tmp_path / "other.sqlite").execute("CREATE TABLE x (y)").connection.close()
    with pytest.raises(StoreError, match="no manifest store"):
        ManifestStore(tmp_path / "other.sqlite")
    with pytest.raises(StoreError, match="cannot open"):
        ManifestStore(tmp_path / "no" / "folder.sqlite", create=True)
    for address in ("mysql://host/name", "sqlite://", "://"):
        with pytest.raises(UsageError):
            ManifestStore(address)
    with ManifestStore(f"sqlite:///{tmp_path}/url.sqlite", create=True) as made:
        assert made.stats().entries == 0


def test_an_older_store_is_brought_up_to_date_and_keeps_its_past(
    store: ManifestStore, place: Path, make: ModuleType
) -> None:
    store.add_many(make.record(number) for number in range(3))
    head = store.stats().head
    for name in ("width", "height"):
        altered(place, f"ALTER TABLE forensics_records DROP COLUMN {name}")
    altered(place, "UPDATE forensics_meta SET value = '1' WHERE name = 'schema'")
    with pytest.raises(StoreError, match=r"older version.*store init"):
        ManifestStore(place)
    for _ in range(2):
        with ManifestStore(place, create=True) as newer:
            assert newer.stats().schema == 2
    with ManifestStore(place) as newer:
        assert newer.verify(head).intact
        newer.add(make.record(7, width=640, height=480))
        (entry,) = newer.by_asset(make.record(7).asset_sha256)
        assert (entry.record.width, entry.record.height) == (640, 480)
        assert newer.verify(head).intact


@pytest.mark.parametrize(
    "changes",
    [
        {"width": 640},
        {"width": 640, "height": -1},
        {"manifest_id": ""},
        {"manifest_id": "x" * 1001},
        {"manifest": b""},
        {"asset_sha256": "ABC"},
        {"pixel_sha256": "0" * 63},
        {"created": datetime(2026, 1, 1)},
        {"extra": {"a": float("nan")}},
        {"extra": {"a": object()}},
        {"mark": Mark("", "0011", "c0ffee")},
        {"mark": Mark("spread", "\0", "c0ffee")},
        {"mark": Mark("spread", "0011", "\udcff")},
        {"model": "x" * 1001},
        {"placement": Placement(family=Family.PNG, start=1, length=2, sha256="1" * 64, store_sha256="")},
    ],
)
def test_records_that_make_no_sense_are_refused(changes: dict[str, object], make: ModuleType) -> None:
    with pytest.raises(UsageError):
        make.record(1, **changes)


def test_the_digest_covers_everything_but_the_time(make: ModuleType) -> None:
    changed = [
        {"manifest": b"x"}, {"media_type": "image/png"}, {"asset_sha256": "0" * 64}, {"pixel_sha256": ""},
        {"placement": None}, {"placement": make.placement(9)}, {"skeleton": b""},
        {"mark": None}, {"fingerprints": ()}, {"model": ""}, {"extra": {}},
        {"manifest_id": "urn:other"}, {"width": 3, "height": 4}, {"width": 4, "height": 3},
    ]  # fmt: skip
    digests = {content_digest(make.record(1, **changes)) for changes in changed}
    assert len(digests | {content_digest(make.record(1))}) == len(changed) + 1
    assert content_digest(make.record(1)) == content_digest(make.record(1, created=datetime.now(UTC)))


def test_an_entry_counts_only_with_what_belongs_to_it(store: ManifestStore, make: ModuleType) -> None:
    with pytest.raises(OSError, match="not moved"), store.adding(make.record(1)):
        raise OSError("not moved")
    assert (store.get("urn:c2pa:00000001"), store.stats().entries) == (None, 0)
    with store.adding(make.record(1)) as new:
        assert new
    with store.adding(make.record(1)) as new:
        assert not new
    with pytest.raises(StoreConflict), store.adding(make.record(1, model="another")):
        pytest.fail("the block is not entered")
    assert store.stats().entries == 1
    assert store.verify().intact
