"""The cameras that a user has enrolled: one SQLite file.

Fingerprints are kept as bytes of a 21st of a standard deviation, which costs them a hundredth of a percent
of their correlation, and their signs beside them, through which a million cameras are looked at in chunks.
"""

from __future__ import annotations

import heapq
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from forensics.detectors.prnu.digest import BYTES, Bytes, agreement, signs_of
from forensics.detectors.prnu.fingerprint import Fingerprint
from forensics.detectors.prnu.records import Camera, camera_of, checked_name, row_of
from forensics.errors import CameraError, UsageError

__all__ = ["VARIABLE", "CameraDatabase", "own_database"]

VARIABLE = "FORENSICS_CAMERAS"
_SCHEMA = 1
_APPLICATION = 0x50524E55  # "PRNU", in the header of the file
_PER_SIGMA = 21.0
_CHUNK = 16  # signs looked at together: half a megabyte, which a cache holds
_TABLES = """
CREATE TABLE cameras (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, make TEXT NOT NULL, model TEXT NOT NULL,
    serial TEXT NOT NULL, software TEXT NOT NULL, height INTEGER NOT NULL, width INTEGER NOT NULL,
    pictures INTEGER NOT NULL, strength REAL NOT NULL, flags TEXT NOT NULL, created TEXT NOT NULL
) STRICT;
CREATE TABLE planes (
    camera INTEGER PRIMARY KEY REFERENCES cameras ON DELETE CASCADE, data BLOB NOT NULL
) STRICT;
CREATE TABLE signs (
    camera INTEGER PRIMARY KEY REFERENCES cameras ON DELETE CASCADE,
    height INTEGER NOT NULL, width INTEGER NOT NULL, data BLOB NOT NULL
) STRICT;
CREATE TABLE strangers (
    camera INTEGER NOT NULL REFERENCES cameras ON DELETE CASCADE,
    other INTEGER NOT NULL REFERENCES cameras ON DELETE CASCADE, z REAL NOT NULL
) STRICT;
CREATE INDEX cameras_by_size ON cameras (height, width);
"""


def own_database(path: str | os.PathLike[str] | None = None) -> Path:
    """Return where the cameras are: the path given, else $FORENSICS_CAMERAS, else the user's own place."""
    import click

    named = path or os.environ.get(VARIABLE)
    return Path(named) if named else Path(click.get_app_dir("forensics")) / "cameras.sqlite"


class CameraDatabase:
    """Cameras and their fingerprints. Close it, or use it in a `with` statement.

    Args:
        path: The file.
        create: Make it, and its folder, if it is not there, and allow changes.

    Raises:
        UsageError: It is not there.
        CameraError: It is no database of cameras, damaged, of a newer version, or out of reach.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self.path = path
        if not path.exists() and not create:
            raise UsageError(f"there are no cameras: {path} is missing; `forensics camera enroll` makes it")
        with self._careful():
            if create:
                path.parent.mkdir(parents=True, exist_ok=True)
                _made(path)
            mode = "rwc" if create else "ro"
            quoted = path.absolute().as_uri()
            self._connection = sqlite3.connect(f"{quoted}?mode={mode}", uri=True, isolation_level=None)
        try:
            with self._careful():
                self._prepare(create)
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def cameras(self, shape: tuple[int, int] | None = None) -> tuple[Camera, ...]:
        """Return the cameras, by name.

        Args:
            shape: Rows and columns; cameras of any size if None.
        """
        where, values = ("WHERE height = ? AND width = ?", shape) if shape else ("", ())
        with self._careful():
            rows = self._connection.execute(f"SELECT * FROM cameras {where} ORDER BY name", values)  # noqa: S608
            return tuple(camera_of(row) for row in rows.fetchall())

    def named(self, name: str) -> Camera:
        """Return the camera of a name.

        Raises:
            UsageError: There is none.
        """
        found = next((c for c in self.cameras() if c.name == name), None)
        if found is None:
            raise UsageError(f"no camera is called {name!r}; `forensics camera list` names them", actual=name)
        return found

    def fingerprint(self, camera: Camera) -> Fingerprint:
        """Return the fingerprint of a camera.

        Raises:
            CameraError: The file is damaged.
        """
        query = "SELECT data FROM planes WHERE camera = ?"
        with self._careful():
            row = self._connection.execute(query, (camera.number,)).fetchone()
        if row is None or not isinstance(row[0], bytes) or len(row[0]) != camera.height * camera.width:
            raise CameraError(f"{self.path} is damaged: the fingerprint of {camera.name!r} is not whole")
        plane = np.frombuffer(row[0], np.int8).reshape(camera.height, camera.width)
        return Fingerprint(plane.astype(np.float32) / np.float32(_PER_SIGMA), camera.pictures)

    def add(self, camera: Camera, fingerprint: Fingerprint, strangers: dict[int, Sequence[float]]) -> Camera:
        """Keep a camera; all of it or nothing.

        Args:
            camera: What is known of it; its number is given here.
            fingerprint: Its fingerprint.
            strangers: How its pictures score against other cameras, by the numbers of those.

        Raises:
            UsageError: The name is taken or malformed.
        """
        checked_name(camera.name)
        plane = fingerprint.plane
        if any(camera.name == known.name for known in self.cameras()):
            raise UsageError(
                f"there is a camera called {camera.name!r}; take another name, or forget it first",
                actual=camera.name,
            )
        data = np.clip(np.rint(plane * _PER_SIGMA), -127, 127).astype(np.int8)
        signs = signs_of(plane)
        with self._careful(), self._transaction():
            names, values = row_of(camera)
            places = ", ".join("?" * len(values))
            done = self._connection.execute(
                f"INSERT INTO cameras ({names}) VALUES ({places})",  # noqa: S608 - names of our columns
                values,
            )
            number = int(done.lastrowid or 0)
            self._connection.execute("INSERT INTO planes VALUES (?, ?)", (number, data.tobytes()))
            if signs is not None:
                row = (number, *plane.shape, signs.tobytes())
                self._connection.execute("INSERT INTO signs VALUES (?, ?, ?, ?)", row)
            scores = [(other, number, float(z)) for other, found in strangers.items() for z in found]
            self._connection.executemany("INSERT INTO strangers VALUES (?, ?, ?)", scores)
        return replace(camera, number=number)

    def forget(self, name: str) -> Camera:
        """Remove a camera and all that was measured with it.

        Raises:
            UsageError: There is none of that name.
        """
        camera = self.named(name)
        with self._careful(), self._transaction():
            self._connection.execute("DELETE FROM cameras WHERE number = ?", (camera.number,))
        return camera

    def strangers(self, camera: Camera) -> tuple[float, ...]:
        """Return how pictures of other cameras of its model and size scored against it and each other."""
        peers = [c.number for c in self.cameras(camera.shape) if c.label.same_model(camera.label)]
        marks = ", ".join("?" * len(peers))
        query = f"SELECT z FROM strangers WHERE camera IN ({marks}) AND other IN ({marks})"  # noqa: S608
        with self._careful():
            return tuple(float(z) for (z,) in self._connection.execute(query, (*peers, *peers)))

    def nearest(self, shape: tuple[int, int], signs: Bytes, most: int) -> dict[int, float]:
        """Return the cameras of a size whose signs agree best, by number, with the agreement of each.

        Args:
            shape: Rows and columns.
            signs: (32768,) uint8, as `signs_of` gives them.
            most: How many.
        """
        best: list[tuple[float, int]] = []
        for numbers, rows in self._signs(shape):
            heights = agreement(rows, signs)
            best = heapq.nlargest(most, [*best, *zip(heights.tolist(), numbers, strict=True)])
        return {number: height for height, number in best}

    def _signs(self, shape: tuple[int, int]) -> Iterator[tuple[list[int], Bytes]]:
        """Yield the signs of all cameras of a size, some at a time, in rows that the next ones overwrite."""
        query = "SELECT camera, data FROM signs WHERE height = ? AND width = ?"
        rows = np.empty((_CHUNK, BYTES), np.uint8)
        with self._careful():
            cursor = self._connection.execute(query, shape)
            while True:
                numbers = []
                for row, (number, data) in zip(rows, cursor, strict=False):
                    if not isinstance(data, bytes) or len(data) != BYTES:
                        raise CameraError(f"{self.path} is damaged: the signs of a camera are not whole")
                    row[:] = np.frombuffer(data, np.uint8)
                    numbers.append(number)
                if not numbers:
                    return
                yield numbers, rows[: len(numbers)]

    def _prepare(self, create: bool) -> None:
        (tables,) = self._connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if create and not tables:
            # Pages that hold the signs of a camera whole.
            self._connection.execute("PRAGMA page_size = 65536")
            self._connection.executescript(_TABLES)
            self._connection.execute(f"PRAGMA application_id = {_APPLICATION}")
            self._connection.execute(f"PRAGMA user_version = {_SCHEMA}")
        (kind,) = self._connection.execute("PRAGMA application_id").fetchone()
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if kind != _APPLICATION:
            raise CameraError(f"{self.path} is no database of cameras")
        if version != _SCHEMA:
            raise CameraError(f"{self.path} is of version {version}; this program reads version {_SCHEMA}")
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.execute("PRAGMA trusted_schema = OFF")
        self._connection.execute(f"PRAGMA mmap_size = {1 << 36}")  # signs are read without a copy

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    @contextmanager
    def _careful(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise CameraError(f"the database of cameras {self.path} cannot be used: {error}") from error


def _made(path: Path) -> None:
    """Make an empty file that only its owner may read: whoever has a pattern can put it into pictures."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
