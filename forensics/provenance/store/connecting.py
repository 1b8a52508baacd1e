"""Connections to the database of a store: transactions that wait their turn, errors with a name."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from forensics.errors import MissingExtra, StoreError, StoreFull, StoreLocked, UsageError

__all__ = ["Database", "database_url"]

_LOCK = 0x666F7265  # PostgreSQL's advisory lock of all writers
_BUSY, _LOCKED, _IOERR_WRITE, _FULL, _CANTOPEN = 5, 6, 778, 13, 14
_PLACES = "a path, sqlite:///PATH or postgresql+psycopg://..."
_NOT_OURS = (11, 26)  # damaged, no database


def database_url(place: str | os.PathLike[str]) -> URL:
    """Return the address of a store from a path or URL.

    Args:
        place: A path, or `sqlite:///path`, or `postgresql+psycopg://...`.

    Raises:
        UsageError: It is an address of another kind, or of something that is gone when the program ends.
    """
    said = os.fspath(place)
    if not said or "\0" in said or said.endswith(":memory:"):
        raise UsageError(f"a store is {_PLACES}", actual=said)
    if "://" not in said:
        return URL.create("sqlite", database=str(Path(said).expanduser()))
    try:
        url = make_url(said)
    except ArgumentError as error:
        raise UsageError(f"no address of a store: {error}") from None
    kind = url.get_backend_name()
    if kind not in ("sqlite", "postgresql") or not url.database or (kind == "sqlite" and url.query):
        raise UsageError(f"a store is {_PLACES}", actual=url.render_as_string())
    return url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url


class Database:
    """The database of a store, for all threads of a process; a forked child gets connections of its own.

    Args:
        place: A path or URL.
        wait: Seconds to wait for other writers.

    Attributes:
        place: Where it is, without a password.
        path: The file of SQLite; None for a server.
    """

    def __init__(self, place: str | os.PathLike[str], wait: float) -> None:
        self._url = database_url(place)
        self._wait = wait
        self.path = Path(self._url.database or "") if self._url.get_backend_name() == "sqlite" else None
        self.place = str(self.path) if self.path else self._url.render_as_string(hide_password=True)
        self._process = 0
        self._made: Engine | None = None

    def present(self) -> bool:
        """Return whether there is a file; of a server nobody knows before asking it.

        Raises:
            UsageError: It is a folder, a device or a pipe.
            StoreError: It cannot be looked at.
        """
        if self.path is None:
            return True
        try:
            mode = self.path.stat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise StoreError(f"cannot open {self.path}: {error.strerror or error}") from error
        if not stat.S_ISREG(mode):
            raise UsageError(f"{self.path} is a folder, device or pipe; a store is a file of SQLite")
        return True

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the store.

        Raises:
            StoreError: The store cannot be reached.
        """
        with self._translated(), self._engine().connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give the one connection that may write; what it did is on the disk when this ends without an error.

        Raises:
            StoreLocked: Others wrote for longer than was waited.
            StoreFull: There is no room left.
            StoreError: The store cannot be reached.
        """
        with self._translated(), self._engine().connect() as connection:
            connection.execution_options(forensics_write=True)
            with connection.begin():
                if self.path is None:
                    connection.execute(text(f"SET LOCAL lock_timeout = {max(1, int(1000 * self._wait))}"))
                    connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
                yield connection

    def prepare(self) -> None:
        """Let readers and writers of a SQLite file not wait for one another, for good.

        Raises:
            StoreError: The file cannot be made or is no database.
        """
        if self.path is None:
            return
        with self._translated():
            until = time.monotonic() + self._wait
            while True:
                try:
                    with closing(sqlite3.connect(self.path, timeout=self._wait)) as connection:
                        connection.execute("PRAGMA journal_mode = WAL")
                    return
                except sqlite3.Error as error:  # two that make one store: the change does not wait by itself
                    busy = getattr(error, "sqlite_errorcode", 0) & 0xFF in (_BUSY, _LOCKED)
                    if not busy or time.monotonic() > until:
                        raise
                    time.sleep(0.05)

    def close(self) -> None:
        """Close all connections of this process."""
        if self._made is not None and self._process == os.getpid():
            self._made.dispose()
        self._made = None

    def _engine(self) -> Engine:
        if self._made is None or self._process != os.getpid():
            if self._made is not None:
                self._made.dispose(close=False)  # they belong to the parent
            self._made, self._process = self._new(), os.getpid()
        return self._made

    def _new(self) -> Engine:
        if self.path is None:
            try:
                return create_engine(self._url)
            except (ModuleNotFoundError, NoSuchModuleError) as error:
                raise MissingExtra("a store in PostgreSQL", "postgres") from error
        engine = create_engine(self._url, connect_args={"timeout": self._wait})
        event.listen(engine, "connect", _settle)
        event.listen(engine, "begin", _begin)
        return engine

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise self._named(error.orig or error) from error
        except sqlite3.Error as error:
            raise self._named(error) from error
        except UnicodeEncodeError as error:  # bytes of a command line that are not UTF-8
            raise UsageError("a store keeps and looks for text in UTF-8 only") from error

    def _named(self, error: BaseException) -> StoreError:
        number = getattr(error, "sqlite_errorcode", 0)
        state = getattr(error, "sqlstate", "") or ""
        if number & 0xFF in (_BUSY, _LOCKED) or state == "55P03":
            return StoreLocked(
                f"others wrote to {self.place} for more than {self._wait:g} s; try again, or wait longer"
            )
        if number in (_IOERR_WRITE, _FULL) or number & 0xFF == _FULL or state == "53100":
            return StoreFull(f"no room left to write {self.place}; nothing was added; make room, then again")
        if number & 0xFF in _NOT_OURS:
            return StoreError(f"{self.place} is no manifest store, or is damaged: {error}")
        if number & 0xFF == _CANTOPEN:
            return StoreError(f"cannot open {self.place}: is the folder there and may it be written?")
        return StoreError(f"{self.place}: {' '.join(str(error).split())[:300]}")


def _settle(connection: sqlite3.Connection, _: Any) -> None:
    """Leave transactions to us; wait for the disk at every commit, so that nothing acknowledged is lost."""
    connection.isolation_level = None
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin(connection: Connection) -> None:
    write = connection.get_execution_options().get("forensics_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
