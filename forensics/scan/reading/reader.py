"""The bytes of items, one at a time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol, Self, cast

from forensics.errors import SourceError
from forensics.media.source import open_plain
from forensics.scan.items import Item
from forensics.scan.reading.ahead import Ahead, read_ahead
from forensics.scan.reading.limits import ArchiveLimits, RemoteLimits
from forensics.scan.reading.remote import Remote
from forensics.scan.reading.tables import Rows
from forensics.scan.reading.tars import Tape, tar_member
from forensics.scan.reading.zips import zip_member

__all__ = ["Content", "Reader"]

_MOST_KEPT = 4


@dataclass(frozen=True)
class Content:
    """The bytes of an item: either a file that holds them, or themselves.

    Attributes:
        path: A plain file; nobody has looked at it yet.
        data: Bytes in memory.
        name: The name of the item, hostile.
    """

    path: Path | None = None
    data: bytes | None = field(default=None, repr=False)
    name: str = ""


class _Kept(Protocol):
    def close(self) -> None: ...


class _File:
    """A plain file that stays open."""

    def __init__(self, path: str) -> None:
        self._stack = ExitStack()
        self.stream: BinaryIO = self._stack.enter_context(open_plain(Path(path)))

    def close(self) -> None:
        self._stack.close()


class Reader:
    """Gets the bytes of items, for one process; archives, tables and connections stay open.

    Items of a compressed TAR, and rows of a table, are read fast in the order in which they were listed.

    Args:
        limits: What a member of an archive or a row of a table may cost.
        remote: What something on the network may cost.
    """

    def __init__(self, limits: ArchiveLimits | None = None, remote: RemoteLimits | None = None) -> None:
        self._limits = limits or ArchiveLimits()
        self._remote_limits = remote or RemoteLimits()
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._ahead = Ahead()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close everything that stayed open."""
        self._ahead.wait()
        while self._kept:
            self._kept.popitem()[1].close()

    def expect(self, item: Item) -> None:
        """Begin to fetch what will be opened next, beside whatever this process does until then."""
        if item.locator.kind == "file":
            read_ahead(Path(item.locator.place))
        elif item.locator.kind == "remote":
            self._ahead.begin(item, self._connections().read)

    def open(self, item: Item) -> Content:
        """Return where the bytes of an item are, or themselves.

        Raises:
            SourceError: They cannot be had; its `reason` says why. An `ArchiveError` is one, too.
            MediaError: The file that holds them cannot be read.
            MissingExtra: A package is not installed.
        """
        where = item.locator
        if where.kind == "file":
            return Content(path=Path(where.place), name=item.name)
        readers: dict[str, Callable[[Item], bytes]] = {
            "zip": self._zip,
            "tar": self._tar,
            "table": self._row,
            "remote": self._remote,
        }
        if where.kind in readers:
            return Content(data=readers[where.kind](item), name=item.name)
        raise SourceError(where.message or "there are no bytes to be had", reason=where.reason or "source")

    def _keep(self, key: str, make: Callable[[], _Kept]) -> _Kept:
        """Return what is open under a key, or open it and close what was not used for longest."""
        if key not in self._kept:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.popitem(last=False)[1].close()
            self._kept[key] = make()
        self._kept.move_to_end(key)
        return self._kept[key]

    def _drop(self, key: str) -> None:
        if key in self._kept:
            self._kept.pop(key).close()

    def _zip(self, item: Item) -> bytes:
        where = item.locator
        file = cast(_File, self._keep(f"zip {where.place}", lambda: _File(where.place)))
        return zip_member(file.stream, where.offset, where.member, where.length, self._limits)

    def _tar(self, item: Item) -> bytes:
        where, key = item.locator, f"tar {item.locator.place}"
        tape = cast(Tape, self._keep(key, lambda: Tape(where.place, self._limits)))
        if tape.passed(where.offset):
            self._drop(key)
            tape = cast(Tape, self._keep(key, lambda: Tape(where.place, self._limits)))
        try:
            return tar_member(tape, where.offset, where.length, self._limits)
        except SourceError as error:
            if error.reason in ("archive_damaged", "archive_ratio", "archive_truncated"):
                self._drop(key)  # nobody knows where it stands
            raise

    def _row(self, item: Item) -> bytes:
        where = item.locator
        key = f"table {where.place} {where.member}"
        rows = cast(Rows, self._keep(key, lambda: Rows(where.place, where.member)))
        return rows.read(where.offset, self._limits)

    def _remote(self, item: Item) -> bytes:
        fetched = self._ahead.taken(item)
        return self._connections().read(item) if fetched is None else fetched

    def _connections(self) -> Remote:
        return cast(Remote, self._keep("remote", lambda: Remote(self._remote_limits)))
