"""What a folder or a tar archive holds, one way for both: names first, bytes when they are asked for."""

from __future__ import annotations

import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from forensics.errors import LimitExceeded, TruncatedMedia, UsageError
from forensics.media.source import open_plain

__all__ = ["Member", "members_of", "texts_of", "with_suffix"]

_DAMAGE = (tarfile.TarError, OSError, EOFError, ValueError, OverflowError, zlib.error, lzma.LZMAError)


@dataclass(frozen=True)
class Member:
    """One file.

    Attributes:
        parts: Folders and name, inside of the source.
        position: Where it lies in an archive; what is read in this order is read fast. 0 in a folder.
        read: Returns its bytes, if they are not more than a number; raises a `MediaError` otherwise.
    """

    parts: tuple[str, ...]
    position: int
    read: Callable[[int], bytes]


@contextmanager
def members_of(source: str | Path, names: Sequence[str]) -> Iterator[list[Member]]:
    """List the plain files of a folder and of those in it, or of a tar archive, in the order of their names.

    Links of an archive are left out. Nothing is unpacked, and no name in it is ever used as a path.

    Args:
        source: The folder or archive.
        names: What might have been meant instead, for the message.

    Raises:
        UsageError: The source is neither, or a damaged archive.
    """
    path = Path(source)
    if path.is_dir():
        yield [_filed(path, file) for file in sorted(p for p in path.rglob("*") if p.is_file())]
    elif _is_archive(path):
        with tarfile.open(path) as archive:
            yield sorted(_packed(path, archive), key=lambda member: member.parts)
    else:
        known = ", ".join(names)
        message = f"{source} is neither a folder, nor a tar archive, nor one of: {known}"
        raise UsageError(message, expected=known, actual=str(source))


def with_suffix(members: Sequence[Member], suffixes: tuple[str, ...]) -> list[Member]:
    """Return those whose names end in one of some suffixes, in lower case, with the dot."""
    return [m for m in members if PurePosixPath(m.parts[-1]).suffix.lower() in suffixes]


def texts_of(members: Sequence[Member]) -> dict[tuple[str, ...], Member]:
    """Return the texts by the name that they share with what they describe: its parts without the suffix."""
    texts = with_suffix(members, (".txt",))
    return {(*m.parts[:-1], PurePosixPath(m.parts[-1]).stem): m for m in texts}


def _is_archive(path: Path) -> bool:
    try:
        return path.is_file() and tarfile.is_tarfile(path)
    except (EOFError, zlib.error) as error:  # compressed, and broken off in the first header
        raise UsageError(f"{path} is a damaged archive: {error}", actual=str(path)) from error
    except OSError:
        return False


def _filed(folder: Path, file: Path) -> Member:
    def read(most: int) -> bytes:
        with open_plain(file) as stream:
            return _bounded(stream.read(most + 1), most)

    return Member(file.relative_to(folder).parts, 0, read)


def _packed(path: Path, archive: tarfile.TarFile) -> list[Member]:
    try:
        infos = [info for info in archive if info.isreg()]
        _check_end(archive)
    except _DAMAGE as error:
        raise UsageError(f"{path} is a damaged archive: {error}", actual=str(path)) from error
    return [_member(archive, info) for info in infos if _parts(info.name)]


def _check_end(archive: tarfile.TarFile) -> None:
    """Refuse an archive that ends in the middle: `tarfile` takes a broken header for its end."""
    if archive.fileobj is not None:
        archive.fileobj.seek(archive.offset)
        block = archive.fileobj.read(tarfile.BLOCKSIZE)
        if block.strip(b"\0") or len(block) % tarfile.BLOCKSIZE:
            raise tarfile.ReadError(f"no header of a file at byte {archive.offset}")


def _member(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Member:
    def read(most: int) -> bytes:
        _bounded(b"", most, info.size)
        try:
            file = archive.extractfile(info)
            return file.read() if file is not None else b""
        except _DAMAGE as error:
            raise TruncatedMedia(f"the archive is damaged here: {error}") from error

    return Member(_parts(info.name), info.offset_data, read)


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part for part in PurePosixPath(name).parts if part not in ("/", "..", "."))


def _bounded(data: bytes, most: int, size: int | None = None) -> bytes:
    size = len(data) if size is None else size
    if size > most:
        raise LimitExceeded(f"the file has more than {most} bytes", expected=f"<= {most} bytes", actual=size)
    return data
