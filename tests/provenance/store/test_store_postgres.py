"""The same store in PostgreSQL: a server of its own, started here, where one is installed."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from types import ModuleType

import pytest

from forensics.cli.main import main
from forensics.errors import StoreConflict, StoreError, StoreLocked, StoreMissing
from forensics.provenance.store import ManifestStore, index

# What is so for SQLite is so here: these tests run again, with the fixtures of this file.
from .test_store import (  # noqa: F401
    test_a_record_is_found_by_all_that_names_it,
    test_bare_records_come_back_as_they_were,
    test_chance_limits_what_is_returned,
    test_revocations_are_entries_and_remove_nothing,
    test_the_same_is_added_once_and_another_not_at_all,
)
from .test_store_processes import (  # noqa: F401
    test_eight_writers_of_which_four_are_killed_lose_nothing,
)

pytestmark = pytest.mark.extra
NUMBERS = count()


def program(name: str) -> str:
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = str(places[-1]) if places else shutil.which(name)
    if not found:
        pytest.skip("PostgreSQL is not installed (Debian: postgresql)")
    return found


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Start a server that listens on a socket only; it refuses to run as root, so `nobody` runs it there."""
    pytest.importorskip("psycopg")
    initdb, control = program("initdb"), program("pg_ctl")
    user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    if user:
        os.chown(folder, user.pw_uid, user.pw_gid)
    data = folder / "data"

    def run(*command: object) -> None:
        words = [str(word) for word in command]
        subprocess.run(words, check=True, cwd=folder, stdout=subprocess.DEVNULL, timeout=300, **as_user)

    run(initdb, "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-sync")
    options = f"-k {folder} -c listen_addresses= -c fsync=off"
    run(control, "-D", data, "-w", "-t", "240", "-l", folder / "log", "-o", options, "start")
    yield f"postgresql+psycopg://tester@/postgres?host={folder}"
    run(control, "-D", data, "-w", "-m", "immediate", "stop")
    shutil.rmtree(folder)


@pytest.fixture
def place(server: str) -> str:
    """Make an empty database of the server, and return its address."""
    from sqlalchemy import create_engine

    name = f"test{next(NUMBERS)}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return server.replace("/postgres?", f"/{name}?")


@pytest.fixture
def store(place: str) -> Iterator[ManifestStore]:
    with ManifestStore(place, create=True) as made:
        yield made


def test_all_of_a_store_works_on_a_server(
    server: str, make: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlalchemy import create_engine
    from sqlalchemy.exc import DBAPIError

    monkeypatch.setattr(index, "STRETCH", 8)
    with pytest.raises(StoreMissing, match="store init"):
        ManifestStore(server)
    with ManifestStore(server, create=True, index=tmp_path / "index") as store:
        assert store.add_many(make.record(number) for number in range(20)) == 20
        assert not store.add(make.record(3))
        with pytest.raises(StoreConflict):
            store.add(make.record(3, model="another"))
        (entry,) = store.by_payload("spread", "0011223344556677", "000003")
        assert entry.record == make.record(3)
        assert store.by_asset(make.record(3).asset_sha256) == (entry,)
        found = store.nearest(make.moved(make.code(4), 9), 1)
        assert [(m.entry.number, m.chance.distance) for m in found] == [(5, 9)]
        assert len(list((tmp_path / "index").iterdir())) == 2
        store.revoke(entry.record.manifest_id, "key stolen")
        assert store.verify(store.stats().head).intact

        engine = create_engine(server)
        with engine.connect() as other, pytest.raises(DBAPIError, match="only grows"):
            other.exec_driver_sql("DELETE FROM forensics_records")
        with engine.begin() as other:
            other.exec_driver_sql("ALTER TABLE forensics_records DISABLE TRIGGER ALL")
            other.exec_driver_sql("UPDATE forensics_records SET payload = 'forged' WHERE number = 2")
        assert any("entry 2 " in problem for problem in store.verify().problems)
        engine.dispose()


def test_writers_take_turns_and_a_lock_is_told(server: str, make: ModuleType) -> None:
    from sqlalchemy import create_engine

    with ManifestStore(server, create=True, wait=60) as store:
        before = store.stats().records
        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(lambda n: store.add(make.record(1000 + n)), range(40)))
        assert store.stats().records == before + 40
    engine = create_engine(server)
    with ManifestStore(server, wait=0.2) as store, engine.begin() as other:
        other.exec_driver_sql(f"SELECT pg_advisory_xact_lock({0x666F7265})")
        with pytest.raises(StoreLocked):
            store.add(make.record(5000))
    engine.dispose()


def test_the_commands_work_on_a_server(
    place: str, make: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORENSICS_STORE", place)

    def said(*command: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as stop:
            main(["store", *command])
        out, err = capsys.readouterr()
        return int(stop.value.code or 0), out or err

    name = make.record(3).manifest_id
    status, told = said("stats")
    assert (status, "store init" in told, len(told.splitlines())) == (2, True, 1)
    assert said("init")[0] == 0
    with ManifestStore(place) as store:
        store.add(make.record(3))
    assert said("show", "x\udcff")[0] == 2
    assert said("revoke", name, "--reason", "signed by mistake")[0] == 0
    (match,) = json.loads(said("find", "--payload", "spread", "0011223344556677", "000003", "--json")[1])[
        "matches"
    ]
    assert (match["entry"]["manifest_id"], match["entry"]["revoked"]) == (name, True)
    head = json.loads(said("stats", "--json")[1])["head"]
    assert said("verify", "--head", head)[0] == 0
    assert said("verify", "--head", "0" * 64)[0] == 1


def test_a_server_that_goes_away_is_told(place: str, store: ManifestStore, make: ModuleType) -> None:
    from sqlalchemy import create_engine

    store.add(make.record(1))
    engine = create_engine(place)
    with engine.begin() as other:  # cuts the connection that the store keeps
        other.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
            "AND datname = current_database()"
        )
    engine.dispose()
    with pytest.raises(StoreError):
        store.add(make.record(2))
    assert store.add(make.record(2))  # the next call connects again
    assert store.verify().intact


def test_a_server_that_is_not_there_is_told_without_its_password() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(StoreError) as error:
        ManifestStore("postgresql://user:secret@127.0.0.1:1/name")
    assert "secret" not in str(error.value)
