"""Folders, with all that is in them, in the order of names."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from forensics.errors import MediaError
from forensics.files import encodable
from forensics.media.source import open_plain
from forensics.scan.items import Item, Locator
from forensics.scan.reading.reasons import reason_of
from forensics.scan.sources.archives import Archive, archived, is_archive_name
from forensics.scan.sources.choosing import Choice
from forensics.scan.sources.listing import Left
from forensics.scan.sources.names import address, refused
from forensics.scan.sources.patterns import Pattern, parsed, verdict

__all__ = ["IGNORE_FILE", "found_at", "walked"]

IGNORE_FILE = ".forensicsignore"
_MOST_IGNORE_BYTES = 1 << 18
_MOST_PATTERNS = 2000  # in force at once: each is held against each name

_Found = Item | Left | Iterator[Item | Left]


class _Rules(NamedTuple):
    """Patterns of one ignore file: they are about what lies below its folder."""

    start: int  # how much of a path from the source is the folder's own
    patterns: tuple[Pattern, ...]


class _Folder(NamedTuple):
    path: str
    relative: str  # from the source, with `/` at its end; "" for the source
    rules: tuple[_Rules, ...]
    heeded: bool = True  # whether its own ignore file could be


@dataclass
class _Walk:
    choice: Choice
    visited: set[tuple[int, int]] = field(default_factory=set)


def walked(path: str, choice: Choice) -> Iterator[Item | Left]:
    """List a folder and all below it.

    Args:
        path: The folder.
        choice: What is wanted of it.
    """
    walk = _Walk(choice)
    stack = [_inside(walk, _Folder(path, "", ()))]
    while stack:
        one = next(stack[-1], None)
        if one is None:
            stack.pop()
        elif isinstance(one, _Folder):
            stack.append(_inside(walk, one))
        elif isinstance(one, Item | Left):
            yield one
        else:
            yield from one


def found_at(path: str, relative: str, status: os.stat_result, choice: Choice) -> _Found:
    """Return what a path is that is no folder: an item, the members of an archive, or nothing that is wanted.

    Args:
        path: The file.
        relative: Its path from the source.
        status: What the system says of it.
        choice: What is wanted.
    """
    if not stat.S_ISREG(status.st_mode):
        message = "this is a device, a pipe or a socket, not a file"
        return refused(address(path), choice.source, "special_file", message)
    if choice.how.archives and is_archive_name(path):
        members = archived(Archive(path, f"{relative}/", status.st_mtime, status.st_size), choice)
        if members is not None:
            return members
    if reason := choice.against(relative) or ("older" if choice.too_old(status.st_mtime) else ""):
        return Left(reason, choice.source, address(path))
    locator = Locator("file", path, length=status.st_size)
    name = encodable(os.path.basename(path))
    return Item(address(path), choice.source, locator, name, status.st_size, status.st_mtime)


def _inside(walk: _Walk, folder: _Folder) -> Iterator[_Found | _Folder]:
    try:
        if walk.choice.how.follow_links and not _first_visit(walk, folder.path):
            yield Left("repeated", walk.choice.source, f"{address(folder.path)}/")
            return
        with os.scandir(folder.path) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except (OSError, ValueError) as error:
        yield _unreadable(f"{address(folder.path).rstrip('/')}/", error, walk.choice.source)
        return
    names = {entry.name for entry in entries}
    if walk.choice.how.ignore_files and IGNORE_FILE in names:
        folder = _ruled(folder)
    stems = {name.rpartition(".")[0] for name in names if not _is_store(name)} if _any_store(names) else set()
    for entry in entries:
        sidecar = _is_store(entry.name) and entry.name.rpartition(".")[0] in stems
        try:
            yield _one(walk, folder, entry, sidecar)
        except OSError as error:
            yield _unreadable(address(entry.path), error, walk.choice.source)


def _first_visit(walk: _Walk, path: str) -> bool:
    status = os.stat(path)
    key = (status.st_dev, status.st_ino)
    new = key not in walk.visited
    walk.visited.add(key)
    return new


def _unreadable(where: str, error: OSError | ValueError, source: str) -> Item:
    said = getattr(error, "strerror", None) or str(error)
    return refused(where, source, reason_of(error), f"the system does not let this be read: {said}")


def _is_store(name: str) -> bool:
    return name.endswith(".c2pa")


def _any_store(names: set[str]) -> bool:
    return any(_is_store(name) for name in names)


def _one(walk: _Walk, folder: _Folder, entry: os.DirEntry[str], sidecar: bool) -> _Found | _Folder:
    choice, how = walk.choice, walk.choice.how
    if not folder.heeded and entry.name == IGNORE_FILE:
        message = "this ignore file is not heeded: it cannot be read, or has too many patterns"
        return refused(address(entry.path), choice.source, "ignore_rules", message)
    is_folder = entry.is_dir(follow_symlinks=how.follow_links)
    relative = folder.relative + entry.name
    reason = _left(folder, choice, entry.name, is_folder)
    if not reason and not how.follow_links and entry.is_symlink():
        reason = "link"
    if reason or (sidecar and not is_folder):
        return Left(reason or "sidecar", choice.source, address(entry.path) + "/" * is_folder)
    if is_folder:
        return _Folder(entry.path, f"{relative}/", folder.rules)
    return found_at(entry.path, relative, entry.stat(follow_symlinks=how.follow_links), choice)


def _left(folder: _Folder, choice: Choice, name: str, is_folder: bool) -> str:
    """Why a name is left out before the system is asked about it; "" if it is not."""
    if choice.how.ignore_files and name == IGNORE_FILE and not is_folder:
        return "ignore_file"
    if not choice.how.hidden and name.startswith("."):
        return "hidden"
    relative = folder.relative + name
    for start, patterns in reversed(folder.rules):
        said = verdict(patterns, relative[start:], is_folder)
        if said is not None:
            return "ignored" if said else ""
    return "excluded" if is_folder and verdict(choice.exclude, relative, True) else ""


def _ruled(folder: _Folder) -> _Folder:
    """Add the rules of its own ignore file to a folder, if they can be read and are not too many."""
    path = os.path.join(folder.path, IGNORE_FILE)
    if os.path.islink(path) or os.path.isdir(path):
        return folder
    try:
        with open_plain(Path(path)) as file:
            data = file.read(_MOST_IGNORE_BYTES + 1)
    except MediaError:
        return folder._replace(heeded=False)
    text = data.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    patterns = parsed(text.split("\n")) if len(data) <= _MOST_IGNORE_BYTES else ()
    count = len(patterns) + sum(len(rules.patterns) for rules in folder.rules)
    if len(data) > _MOST_IGNORE_BYTES or count > _MOST_PATTERNS:
        return folder._replace(heeded=False)
    return folder._replace(rules=(*folder.rules, _Rules(len(folder.relative), patterns)))
