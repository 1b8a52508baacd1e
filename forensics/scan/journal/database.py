"""The tables of a journal, and its errors as ours."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from forensics.errors import ScanError, ScanFull, ScanLocked, ScanMismatch

__all__ = ["VERSION", "WAIT_VARIABLE", "connected", "guarded", "writing"]

VERSION = 1
WAIT_VARIABLE = "FORENSICS_SCAN_WAIT"
"""Environment variable: seconds to wait for another program that holds a journal."""

_WAIT = "30"

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE items (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    stamp TEXT NOT NULL,
    item TEXT NOT NULL,
    pending INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX items_pending ON items (number) WHERE pending;
CREATE TABLE rows (
    number INTEGER PRIMARY KEY REFERENCES items,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    verdict TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    row BLOB NOT NULL
);
CREATE TABLE previews (number INTEGER PRIMARY KEY REFERENCES items, data BLOB NOT NULL);
CREATE TABLE details (number INTEGER PRIMARY KEY REFERENCES items, data BLOB NOT NULL);
CREATE TABLE left_out (
    source TEXT NOT NULL, reason TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (source, reason)
) WITHOUT ROWID;
CREATE TABLE sessions (number INTEGER PRIMARY KEY, began TEXT NOT NULL, ended TEXT, how TEXT NOT NULL);
"""


def connected(path: Path, *, create: bool, wait: float | None = None) -> sqlite3.Connection:
    """Open a journal, or make one.

    Args:
        path: The file.
        create: Whether it may be made.
        wait: Seconds to wait for somebody else's lock; $FORENSICS_SCAN_WAIT, or 30, if None.

    Raises:
        ScanError: There is none, it is damaged or of a newer version, or cannot be written.
    """
    if not create and not path.is_file():
        raise ScanMismatch(f"{path.parent} holds no scan", actual=str(path))
    seconds = float(os.environ.get(WAIT_VARIABLE, _WAIT)) if wait is None else wait
    with guarded(path):
        connection = sqlite3.connect(path, timeout=seconds, isolation_level=None, check_same_thread=False)
        try:
            _prepared(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def _prepared(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # commits are few: each is on the disk when it returns
    connection.execute("PRAGMA foreign_keys = ON")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise ScanMismatch(f"{path} is of a newer version of this suite", expected=VERSION, actual=version)
    if version == 0:
        with writing(connection, path):
            if connection.execute("PRAGMA user_version").fetchone()[0]:
                return  # somebody else made the tables meanwhile
            for statement in _TABLES.split(";\n"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {VERSION}")


@contextmanager
def writing(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """Make all or none of some changes."""
    with guarded(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


@contextmanager
def guarded(path: Path) -> Iterator[None]:
    """Turn what SQLite raises into errors of ours.

    Raises:
        ScanFull: The disk is full.
        ScanLocked: Somebody else held the journal for longer than was waited.
        ScanError: Anything else.
    """
    try:
        yield
    except sqlite3.Error as error:
        code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            raise ScanFull(f"{path} cannot be written: {error}; make room and resume") from error
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise ScanLocked(f"another program holds {path}; close it and resume") from error
        raise ScanError(f"the journal {path} cannot be used: {error}") from error
