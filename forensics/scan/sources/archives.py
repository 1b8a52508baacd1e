"""Members of archives as items. Nothing is unpacked, and no name in an archive is ever used as a path."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from forensics.errors import ArchiveError, MediaError
from forensics.files import encodable
from forensics.media.sniff import CONTAINERS
from forensics.media.source import open_plain
from forensics.scan.items import Item, Locator
from forensics.scan.reading.limits import RATIO_FROM
from forensics.scan.reading.reasons import reason_of
from forensics.scan.reading.tars import Tape, TarEntry, entries
from forensics.scan.reading.zips import ZipEntry, directory, has_end, overlapping, salvaged
from forensics.scan.sources.choosing import Choice
from forensics.scan.sources.listing import Left
from forensics.scan.sources.names import LONGEST_NAME, address, numbered, refused

__all__ = ["Archive", "archived", "is_archive_name"]

_ZIPS = (".zip", ".cbz")
_TARS = (".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".tzst", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst")
_MEDIA = frozenset(extension for container in CONTAINERS for extension in container.extensions)
# What shards of WebDataset keep beside a picture; anything else is looked at, whatever it is called.
_SIDECARS = frozenset(
    ".c2pa .caption .cbor .cls .cls2 .csv .id .inx .index .json .jsonl .mp .msgpack .npy .npz .pickle .pkl"
    " .pt .pth .pyd .ten .text .transcript .tsv .txt .xml .yaml .yml".split()
)
_MOST_SIBLINGS = 64  # members of one sample of a WebDataset shard

MESSAGES = {
    "archive_encrypted": "the member is encrypted",
    "archive_link": "the member is a link; links of archives are not followed",
    "archive_method": "the member is packed in a way that is not read here",
    "archive_nested": "this is an archive in an archive; those are not opened",
    "archive_overlap": "the member shares bytes with another one, as in a bomb",
    "archive_ratio": "the member expands more than is allowed",
    "archive_size": "the member is larger than is allowed",
    "archive_sparse": "the member is a sparse file",
    "archive_special": "the member is a device, a pipe, or of an unknown kind",
    "archive_damaged": "the directory of the archive is wrong about this member",
}


class Archive(NamedTuple):
    """An archive file.

    Attributes:
        path: Where it is.
        relative: Its path from the source, with `/` at its end; "" if it is the source.
        modified: When it was modified, which its members take over.
        size: Its bytes.
    """

    path: str
    relative: str
    modified: float
    size: int


class _Member(NamedTuple):
    name: str
    locator: Locator
    refused: str


class _Flagged(NamedTuple):
    member: _Member
    sidecar: bool = False


def is_archive_name(name: str) -> bool:
    """Whether a name ends as those of archives do."""
    return name.lower().endswith((*_ZIPS, *_TARS))


def archived(archive: Archive, choice: Choice) -> Iterator[Item | Left] | None:
    """Return the members of an archive, None where the file is something else, whatever it is called."""
    try:
        with open_plain(Path(archive.path)) as file:
            if file.read(4) in (b"PK\x03\x04", b"PK\x05\x06"):
                return _listed(archive, choice, _zip_members)
        with Tape(archive.path, choice.how.limits) as tape:
            block = tape.read(512)
        if _is_tar(block, archive.path):
            return _listed(archive, choice, _tar_members)
        with open_plain(Path(archive.path)) as file:  # a program may stand before a ZIP
            is_zip = archive.path.lower().endswith(_ZIPS) and has_end(file)
        return _listed(archive, choice, _zip_members) if is_zip else None
    except ArchiveError as error:  # it is compressed, and damaged from the first byte on
        damaged = refused(address(archive.path), choice.source, error.reason, str(error), archive.size)
        return iter((damaged,)) if is_archive_name(archive.path) else None
    except MediaError:
        return None


def _is_tar(block: bytes, path: str) -> bool:
    """Whether a tar begins with a block; one that is empty is told by its name alone."""
    try:
        tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
        return is_archive_name(path)
    except (tarfile.TarError, ValueError):
        return False
    return True


_Members = Callable[[Archive, Choice], Iterator[_Flagged]]


def _listed(archive: Archive, choice: Choice, members: _Members) -> Iterator[Item | Left]:
    where, taken, count = address(archive.path), set[str](), 0
    most = choice.how.limits.members
    try:
        for member, sidecar in members(archive, choice):
            count += 1
            if count > most:
                raise ArchiveError(f"the archive has more than {most} members", reason="archive_members")
            name = numbered(address(member.name[:LONGEST_NAME]), taken)
            yield _item(archive, choice, member, f"{where}!/{name}", sidecar)
    except MediaError as error:
        yield refused(where, choice.source, reason_of(error), f"the rest of the archive is lost: {error}")
        return
    if not count:
        yield Left("empty", choice.source, where)


def _item(archive: Archive, choice: Choice, member: _Member, where: str, sidecar: bool) -> Item | Left:
    reason = choice.against(archive.relative + member.name[:LONGEST_NAME].strip("/"))
    if not reason and choice.too_old(archive.modified):
        reason = "older"
    if reason or sidecar:
        return Left(reason or "sidecar", choice.source, where)
    nested = "archive_nested" if is_archive_name(member.name) else ""
    if why := member.refused or nested:
        return refused(where, choice.source, why, MESSAGES[why], member.locator.length)
    name = encodable(PurePosixPath(member.name).name[-LONGEST_NAME:])
    return Item(where, choice.source, member.locator, name, member.locator.length, archive.modified)


def _zip_members(archive: Archive, choice: Choice) -> Iterator[_Flagged]:
    with open_plain(Path(archive.path)) as file:
        found, problem = _collected(directory(file), choice.how.limits.members)
        if problem is not None and not found:
            found = list(islice(salvaged(file), choice.how.limits.members + 1))
    shared = overlapping(found)
    for number, entry in enumerate(found):
        if not entry.name.endswith("/"):
            yield _Flagged(_zip_member(archive, choice, entry, number in shared))
    if problem is not None:
        raise problem


def _collected(found: Iterable[ZipEntry], most: int) -> tuple[list[ZipEntry], ArchiveError | None]:
    collected: list[ZipEntry] = []
    try:
        collected.extend(islice(found, 2 * most + 1))  # there are folders among them
    except ArchiveError as error:
        return collected, error
    return collected, None


def _zip_member(archive: Archive, choice: Choice, entry: ZipEntry, shared: bool) -> _Member:
    limits, why = choice.how.limits, entry.refused
    if not why and not 0 <= entry.offset < archive.size:
        why = "archive_damaged"
    elif not why and shared:
        why = "archive_overlap"
    elif not why and entry.size > limits.member_bytes:
        why = "archive_size"
    elif not why and entry.size > RATIO_FROM and entry.size > limits.ratio * max(entry.packed, 1):
        why = "archive_ratio"
    return _Member(entry.name, Locator("zip", archive.path, entry.name, entry.offset, entry.size), why)


def _tar_members(archive: Archive, choice: Choice) -> Iterator[_Flagged]:
    with Tape(archive.path, choice.how.limits) as tape:
        files = (entry for entry in entries(tape) if not entry.folder)
        yield from _with_sidecars(_tar_member(archive, choice, entry) for entry in files)


def _tar_member(archive: Archive, choice: Choice, entry: TarEntry) -> _Member:
    large = "archive_size" if entry.size > choice.how.limits.member_bytes else ""
    locator = Locator("tar", archive.path, entry.name[:LONGEST_NAME], entry.offset, entry.size)
    return _Member(entry.name, locator, entry.refused or large)


def _with_sidecars(members: Iterable[_Member]) -> Iterator[_Flagged]:
    """Flag what accompanies a picture or clip: texts and numbers beside it, of the same name up to a dot."""
    group: list[_Member] = []
    key = ""
    problem: MediaError | None = None
    try:
        for member in members:
            if group and (_key(member.name) != key or len(group) == _MOST_SIBLINGS):
                yield from _flagged(group)
                group = []
            key = _key(member.name)
            group.append(member)
    except MediaError as error:
        problem = error
    yield from _flagged(group)
    if problem is not None:
        raise problem


def _key(name: str) -> str:
    folder, slash, last = name.rpartition("/")
    return f"{folder}{slash}{last.split('.', 1)[0] or last}"


def _flagged(group: list[_Member]) -> Iterator[_Flagged]:
    endings = [PurePosixPath(member.name).suffix.lower() for member in group]
    accompanied = any(ending in _MEDIA for ending in endings)
    for member, ending in zip(group, endings, strict=True):
        yield _Flagged(member, accompanied and ending in _SIDECARS)
