"""What there is to do, what was done and what came of it, in one SQLite file that survives a crash."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Self, TypeVar

from forensics.scan.items import Item, Locator
from forensics.scan.journal.database import connected, guarded, writing
from forensics.scan.packed import Packed, unpacked_record, unpacked_row
from forensics.scan.row import ScanRow

__all__ = ["Counts", "Entry", "Journal"]

T = TypeVar("T")

_BATCH = 2000


@dataclass(frozen=True)
class Entry:
    """An item with its number.

    Attributes:
        number: Its place in the listing, which no run changes.
        item: What it is.
    """

    number: int
    item: Item


@dataclass(frozen=True)
class Counts:
    """How far a scan is. Listed is always the sum of done and pending.

    Attributes:
        listed: Items that were found.
        pending: Those without a row.
        bytes: Of those with a row.
        states: Rows by state.
        verdicts: Rows by verdict; "" is that of rows without one.
        reasons: Rows by reason where the state is not ok.
        left_out: Seen and left out while listing, by reason.
    """

    listed: int
    pending: int
    bytes: int
    states: dict[str, int]
    verdicts: dict[str, int]
    reasons: dict[str, int]
    left_out: dict[str, int]

    @property
    def done(self) -> int:
        """Items with a row."""
        return sum(self.states.values())


class Journal:
    """The journal of one scan. Use it from one thread at a time.

    Args:
        path: The file.
        create: Whether it may be made.

    Raises:
        ScanError: It cannot be used; of all methods as well.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self.path = path
        self._connection = connected(path, create=create)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def get(self, key: str) -> Any:
        """Return a value that `put` kept, None if there is none."""
        found = self._rows("SELECT value FROM meta WHERE key = ?", (key,))
        return json.loads(found[0][0]) if found else None

    def put(self, key: str, value: Any) -> None:
        """Keep a value that JSON takes."""
        with writing(self._connection, self.path):
            self._put(key, value)

    def add(self, items: Iterable[Item]) -> int:
        """Add items that are new, and those again whose size, time or version changed.

        Returns:
            How many are new or changed, and so have to be worked on.
        """
        changed, stream = 0, iter(items)
        while batch := list(islice(stream, _BATCH)):
            with writing(self._connection, self.path):
                changed += sum(self._add(item) for item in batch)
        with writing(self._connection, self.path):
            self._drop_pending()
        return changed

    def listed(self, left_out: Mapping[tuple[str, str], int]) -> None:
        """Note that the listing is complete.

        Args:
            left_out: How much was seen and left out, by source and reason; it takes the place of what an
                earlier listing left out.
        """
        with writing(self._connection, self.path):
            self._connection.execute("DELETE FROM left_out")
            rows = [(source, reason, count) for (source, reason), count in left_out.items()]
            self._connection.executemany("INSERT INTO left_out VALUES (?, ?, ?)", rows)
            self._put("listed", True)

    def pending(self) -> Iterator[Entry]:
        """Yield what has no row, in the order of the listing; what is added meanwhile as well."""
        last = -1
        while True:
            found = self._rows(
                "SELECT number, item FROM items WHERE pending AND number > ? ORDER BY number LIMIT ?",
                (last, _BATCH),
            )
            if not found:
                return
            for number, record in found:
                last = number
                yield Entry(number, _item(record))

    def item(self, number: int) -> Item:
        """Return the item with a number."""
        return _item(self._rows("SELECT item FROM items WHERE number = ?", (number,))[0][0])

    def sessions(self) -> list[tuple[str, str | None]]:
        """Return when each run began and ended; None for one that was cut short."""
        return self._rows("SELECT began, ended FROM sessions ORDER BY number")

    def finish(self, outcomes: Sequence[tuple[int, Packed]]) -> None:
        """Keep what came of some items, all of it or nothing."""
        with writing(self._connection, self.path):
            for number, packed in outcomes:
                self._finish(number, packed)

    def again(self, reasons: Iterable[str], states: Iterable[str] = ()) -> int:
        """Have rows with one of some reasons or states worked on again.

        Returns:
            How many there are.
        """
        wanted, kinds = json.dumps(list(reasons)), json.dumps(list(states))
        with writing(self._connection, self.path):
            cursor = self._connection.execute(
                "UPDATE items SET pending = 1 WHERE number IN (SELECT number FROM rows WHERE "
                "reason IN (SELECT value FROM json_each(?)) OR state IN (SELECT value FROM json_each(?)))",
                (wanted, kinds),
            )
            self._drop_pending()
        return cursor.rowcount

    def counts(self) -> Counts:
        """Return how far the scan is."""
        listed, pending = self._rows("SELECT count(*), coalesce(sum(pending), 0) FROM items")[0]
        grouped = {
            column: dict(self._rows(f"SELECT {column}, count(*) FROM rows GROUP BY {column}"))  # noqa: S608
            for column in ("state", "verdict", "reason")
        }
        grouped["reason"].pop("", None)
        size = self._rows("SELECT coalesce(sum(bytes), 0) FROM rows")[0][0]
        left = dict(self._rows("SELECT reason, sum(count) FROM left_out GROUP BY reason"))
        return Counts(listed, pending, size, grouped["state"], grouped["verdict"], grouped["reason"], left)

    def rows(self) -> Iterator[ScanRow]:
        """Yield all rows in the order of the listing."""
        for _, row in self.numbered_rows():
            yield row

    def numbered_rows(self) -> Iterator[tuple[int, ScanRow]]:
        """Yield all rows with their numbers, in the order of the listing."""
        return self._numbered(unpacked_row)

    def numbered_records(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield all rows as values that JSON takes, with their numbers, in the order of the listing."""
        return self._numbered(unpacked_record)

    def _numbered(self, unpacked: Callable[[bytes], T]) -> Iterator[tuple[int, T]]:
        last = -1
        while True:
            found = self._rows(
                "SELECT number, row FROM rows WHERE number > ? ORDER BY number LIMIT ?", (last, _BATCH)
            )
            if not found:
                return
            for number, packed in found:
                last = number
                yield number, unpacked(packed)

    def preview(self, id_: str) -> bytes | None:
        """Return the preview of an item, None if there is none."""
        return self._kept("previews", id_)

    def detail(self, id_: str) -> bytes | None:
        """Return the packed detail of an item, None if there is none."""
        return self._kept("details", id_)

    def begin_session(self, how: dict[str, Any]) -> int:
        """Note that a run begins; return its number."""
        with writing(self._connection, self.path):
            cursor = self._connection.execute(
                "INSERT INTO sessions (began, how) VALUES (?, ?)", (_now(), json.dumps(how))
            )
        return cursor.lastrowid or 0

    def end_session(self, number: int) -> None:
        """Note that a run ended by itself."""
        with writing(self._connection, self.path):
            self._connection.execute("UPDATE sessions SET ended = ? WHERE number = ?", (_now(), number))

    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        with guarded(self.path):
            return self._connection.execute(query, values).fetchall()

    def _kept(self, table: str, id_: str) -> bytes | None:
        found = self._rows(
            f"SELECT data FROM {table} JOIN items USING (number) WHERE id = ?",  # noqa: S608 - ours
            (id_,),
        )
        return found[0][0] if found else None

    def _put(self, key: str, value: Any) -> None:
        self._connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, json.dumps(value)))

    def _add(self, item: Item) -> int:
        cursor = self._connection.execute(
            "INSERT INTO items (id, stamp, item) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
            "stamp = excluded.stamp, item = excluded.item, pending = 1 WHERE stamp != excluded.stamp",
            (item.id, f"{item.size} {item.modified!r} {item.version}", _record(item)),
        )
        return cursor.rowcount

    def _finish(self, number: int, packed: Packed) -> None:
        values = (number, packed.state, packed.reason, packed.verdict, packed.size, packed.row)
        self._connection.execute("INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?, ?)", values)
        for table, data in (("previews", packed.preview), ("details", packed.detail)):
            self._connection.execute(f"DELETE FROM {table} WHERE number = ?", (number,))  # noqa: S608
            if data is not None:
                self._connection.execute(f"INSERT INTO {table} VALUES (?, ?)", (number, data))  # noqa: S608
        self._connection.execute("UPDATE items SET pending = 0 WHERE number = ?", (number,))

    def _drop_pending(self) -> None:
        """Drop the rows of what is worked on again, so that listed stays the sum of done and pending."""
        for table in ("rows", "previews", "details"):
            self._connection.execute(
                f"DELETE FROM {table} WHERE number IN (SELECT number FROM items WHERE pending)"  # noqa: S608
            )


def _record(item: Item) -> str:
    return json.dumps({**vars(item), "locator": item.locator.as_record()})


def _item(record: str) -> Item:
    values = json.loads(record)
    return Item(**{**values, "locator": Locator.from_record(values["locator"])})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
