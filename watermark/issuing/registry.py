"""The register of issued decoders: who has which identity, and which of them count no more."""

from __future__ import annotations

import contextlib
import datetime
import os
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from forensics.errors import StoreError, UsageError
from forensics.watermark.payload import LAYOUTS

__all__ = ["VARIABLE", "Holder", "Registry", "registry_place"]

VARIABLE = "FORENSICS_ISSUED"
_APPLICATION = 0x46495344  # of the file: it is none of another program
_WAIT = 10.0  # seconds for others who write
_TABLE = """
CREATE TABLE IF NOT EXISTS issued (
    number INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    layout TEXT NOT NULL,
    identity TEXT NOT NULL,
    name TEXT NOT NULL,
    model TEXT NOT NULL,
    issued TEXT NOT NULL,
    revoked TEXT,
    reason TEXT NOT NULL DEFAULT '',
    UNIQUE (key, layout, identity),
    UNIQUE (key, name)
)
"""


@dataclass(frozen=True)
class Holder:
    """Somebody who has a decoder.

    Attributes:
        name: Unique under a key.
        identity: In hexadecimal digits; unique under a key and a layout.
        key: Id of the key.
        layout: Name of the layout.
        model: SHA-256, in hex, of the network that the decoder is for.
        issued: Time, ISO 8601, UTC.
        revoked: Time; empty if it counts.
        reason: Why it does not.
    """

    name: str
    identity: str
    key: str
    layout: str
    model: str
    issued: str
    revoked: str = ""
    reason: str = ""


class Registry:
    """A file of SQLite; several processes may use it at once.

    Args:
        path: The file; it is made if it is not there.

    Raises:
        StoreError: It cannot be opened, or is something else.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with _told(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            new = not path.exists()
            self._connection = sqlite3.connect(path, timeout=_WAIT, isolation_level=None)
            with contextlib.suppress(OSError):
                os.chmod(path, 0o600)
            application = self._connection.execute("PRAGMA application_id").fetchone()[0]
            if application not in (0, _APPLICATION) or (application == 0 and not new and self._others()):
                self._connection.close()
                raise StoreError(f"{path} is no register of issued decoders")
            self._connection.execute(f"PRAGMA application_id = {_APPLICATION}")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute(_TABLE)

    def __enter__(self) -> Registry:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._connection.close()

    def add(self, names: Sequence[str], key: str, layout: str, model: str) -> list[Holder]:
        """Give identities to people, to all or to none.

        Args:
            names: Of the holders.
            key: Id of the key.
            layout: Name of the layout.
            model: SHA-256, in hex, of the network that the decoders are for.

        Raises:
            UsageError: A name is taken, empty, or occurs twice.
            StoreError: The file cannot be written.
        """
        now = _now()
        with _told(self.path), self._at_once():
            taken = {holder.name for holder in self.holders(key)}
            for name in names:
                if not name.strip() or not name.isprintable():
                    raise UsageError(f"a holder has a name that can be read, not {name!r}", actual=name)
                if name in taken:
                    raise UsageError(f"there is a decoder of {name!r} already", actual=name)
                taken.add(name)
            found = []
            for name in names:
                one = Holder(name, self._fresh(key, layout), key, layout, model, now)
                self._connection.execute(
                    "INSERT INTO issued (key, layout, identity, name, model, issued) "
                    "VALUES (?, ?, ?, ?, ?, ?)",
                    (one.key, one.layout, one.identity, one.name, one.model, one.issued),
                )
                found.append(one)
        return found

    def revoke(self, name: str, key: str, reason: str = "") -> Holder:
        """Say that a decoder counts no more; whoever was revoked stays so.

        Raises:
            UsageError: There is none of that name.
            StoreError: The file cannot be written.
        """
        with _told(self.path), self._at_once():
            self._connection.execute(
                "UPDATE issued SET revoked = ?, reason = ? WHERE key = ? AND name = ? AND revoked IS NULL",
                (_now(), reason, key, name),
            )
        found = [holder for holder in self.holders(key) if holder.name == name]
        if not found:
            raise UsageError(f"there is no decoder of {name!r}", actual=name)
        return found[0]

    def holders(self, key: str = "") -> list[Holder]:
        """Return everybody who has a decoder, in the order in which they got it.

        Args:
            key: Id of a key; all keys if empty.

        Raises:
            StoreError: The file cannot be read.
        """
        with _told(self.path):
            rows = self._connection.execute(
                "SELECT name, identity, key, layout, model, issued, coalesce(revoked, ''), reason "
                "FROM issued WHERE ? IN ('', key) ORDER BY number",
                (key,),
            ).fetchall()
        return [Holder(*row) for row in rows]

    def _others(self) -> bool:
        """Return whether the file has tables of something else."""
        rows = self._connection.execute("SELECT name FROM sqlite_master").fetchall()
        return any(name != "issued" and not name.startswith("sqlite_") for (name,) in rows)

    def _fresh(self, key: str, layout: str) -> str:
        """Return an identity by chance that nobody has."""
        chosen = LAYOUTS[layout]
        while True:
            identity = f"{secrets.randbits(chosen.identity):0{chosen.digits}x}"
            known = self._connection.execute(
                "SELECT 1 FROM issued WHERE key = ? AND layout = ? AND identity = ?", (key, layout, identity)
            ).fetchone()
            if known is None:
                return identity

    @contextmanager
    def _at_once(self) -> Iterator[None]:
        """Do all of something or nothing, while nobody else writes."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")


def registry_place(given: Path | None = None) -> Path:
    """Return where the register is: as given, as $FORENSICS_ISSUED says, or in the user's folder."""
    import click

    named = os.environ.get(VARIABLE)
    return given or (Path(named) if named else Path(click.get_app_dir("forensics")) / "issued.db")


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Say in a word what the register cannot do.

    Raises:
        StoreError: It cannot be opened, read or written.
    """
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"the register {path}: {error}", actual=str(path)) from error
