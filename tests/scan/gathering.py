"""What the tests of sources share: everything listed, and what its bytes are."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from forensics.errors import ForensicsError
from forensics.scan.items import Item
from forensics.scan.reading import Reader
from forensics.scan.sources import Left, Listing, listed


def found(*sources: str | Path, how: Listing | None = None) -> list[Item | Left]:
    return list(listed([str(source) for source in sources], how or Listing()))


def items(*sources: str | Path, how: Listing | None = None) -> list[Item]:
    return [one for one in found(*sources, how=how) if isinstance(one, Item)]


def lefts(*sources: str | Path, how: Listing | None = None) -> list[Left]:
    return [one for one in found(*sources, how=how) if isinstance(one, Left)]


def reasons(listed: Sequence[Item]) -> dict[str, str]:
    """Reasons of the refused items, by the last part of their addresses."""
    return {one.id.rpartition("/")[2]: one.locator.reason for one in listed if one.locator.kind == "refused"}


def contents(listed: Sequence[Item]) -> dict[str, bytes | str]:
    """Bytes of all items by address, or the reason why there are none."""
    with Reader() as reader:
        return {item.id: content(reader, item) for item in listed}


def content(reader: Reader, item: Item) -> bytes | str:
    try:
        got = reader.open(item)
    except ForensicsError as error:
        return str(getattr(error, "reason", error.code))
    assert (got.path is None) != (got.data is None)
    return got.path.read_bytes() if got.path is not None else got.data or b""


def tar_of(
    path: Path, members: Mapping[str, bytes], compression: str = "", kind: int = tarfile.PAX_FORMAT
) -> Path:
    with tarfile.open(path, f"w:{compression}", format=kind) as archive:
        for name, data in members.items():
            add(archive, name, data)
    return path


def add(archive: tarfile.TarFile, name: str, data: bytes = b"", **fields: object) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for field, value in fields.items():
        setattr(info, field, value)
    archive.addfile(info, io.BytesIO(data))


def every(data: bytes, step: int) -> Iterator[bytes]:
    """Beginnings of some bytes, each a bit longer."""
    return (data[:end] for end in range(0, len(data), step))
