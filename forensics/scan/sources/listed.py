"""From sources to items: what each SOURCE is, and who lists it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

from forensics.errors import MediaError, MissingExtra, UsageError
from forensics.files import encodable
from forensics.media.source import open_plain
from forensics.scan.items import Item
from forensics.scan.reading.reasons import reason_of
from forensics.scan.reading.urls import is_url, redacted
from forensics.scan.sources.archives import Archive, archived
from forensics.scan.sources.braces import expanded
from forensics.scan.sources.choosing import Choice
from forensics.scan.sources.folders import found_at, walked
from forensics.scan.sources.listing import Left, Listing
from forensics.scan.sources.lists import listed_in
from forensics.scan.sources.names import address, refused, unrepeated
from forensics.scan.sources.remote import check_named, found_remotely, one_url
from forensics.scan.sources.tables import is_table_name, rows_of

__all__ = ["listed"]


def listed(sources: Sequence[str], how: Listing, *, stdin: BinaryIO | None = None) -> Iterator[Item | Left]:
    """List everything that sources hold, in an order that stays the same from run to run.

    A source is a file, a folder, a ZIP or TAR, a table (Parquet, CSV, TSV, JSONL), `@list.txt`, `-` for a
    list on standard input, or a URL. Braces are expanded: `shard-{000..099}.tar`. What cannot be had becomes
    an item of its own, refused with a reason; nothing but a misunderstanding raises.

    Args:
        sources: What the user named.
        how: What is wanted of it.
        stdin: Where `-` is read from.

    Returns:
        Items, and what was left out by a rule, as it is found. No two items have the same id.

    Raises:
        UsageError: A URL is named without `network`, a list cannot be opened, or `-` is named twice.
        MissingExtra: A package for what is named is not installed.
    """
    named = [one for source in sources for one in _expanded(source)]
    if named.count("-") > 1 or ("-" in named and stdin is None):
        raise UsageError("there is one list on standard input at most")
    for name in named:
        _check(name, how)
    found = (one for name in named for one in _listed(name, how, stdin))
    lists = len(named) > 1 or any(name == "-" or name.startswith("@") for name in named)
    return unrepeated(found) if lists else found


def _expanded(source: str) -> list[str]:
    literal = "{" not in source or source.startswith("@") or os.path.lexists(source)
    return [source] if literal else expanded(source)


def _check(name: str, how: Listing) -> None:
    if is_url(name):
        check_named(name, how)
    elif name.lower().endswith(".parquet") and find_spec("pyarrow") is None:
        raise MissingExtra("reading Parquet files", "scan")
    elif name.startswith("@"):
        try:
            with open_plain(Path(name[1:])):
                pass
        except MediaError as error:
            raise UsageError(f"cannot read the list {encodable(name[1:])}: {error}") from None


def _listed(name: str, how: Listing, stdin: BinaryIO | None) -> Iterator[Item | Left]:
    choice = Choice(how, redacted(name) if is_url(name) else encodable(name))
    if name == "-" and stdin is not None:
        yield from _entries(stdin, choice)
    elif name.startswith("@"):
        with open_plain(Path(name[1:])) as stream:
            yield from _entries(stream, choice)
    elif is_url(name):
        yield from found_remotely(name, choice)
    elif is_table_name(name) and os.path.isfile(name):
        yield from rows_of(name, choice)
    else:
        yield from _path(name, os.path.basename(name), choice, look_inside=True)


def _entries(stream: BinaryIO, choice: Choice) -> Iterator[Item | Left]:
    empty = True
    for entry in listed_in(stream):
        empty = False
        if is_url(entry):
            yield one_url(entry, choice)
        else:
            yield from _path(entry, entry.lstrip("/"), choice, look_inside=False)
    if empty:
        yield Left("empty", choice.source, choice.source)


def _path(path: str, relative: str, choice: Choice, *, look_inside: bool) -> Iterator[Item | Left]:
    """List what stands at a path.

    Args:
        path: As it was named.
        relative: What patterns are matched against.
        choice: What is wanted.
        look_inside: An archive is told by its content, not by its name.
    """
    try:
        status = os.stat(path)
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or str(error)
        message = f"the system does not let this be read: {said}"
        yield refused(address(path), choice.source, reason_of(error), message)
        return
    if stat.S_ISDIR(status.st_mode):
        yield from walked(path.rstrip("/") or "/", choice)
        return
    if look_inside and choice.how.archives and stat.S_ISREG(status.st_mode):
        members = archived(Archive(path, "", status.st_mtime, status.st_size), choice)
        if members is not None:
            yield from members
            return
    found = found_at(path, relative, status, choice)
    yield from (found,) if isinstance(found, Item | Left) else found
