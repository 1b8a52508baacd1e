"""The contract of a layout, and the registry of all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from forensics.datasets.layouts.records import Found
from forensics.errors import UsageError
from forensics.media.hashing import file_sha256
from forensics.registry import Registry

__all__ = ["LAYOUTS", "Archive", "Checked", "Layout", "check_archives", "read_layout"]


@dataclass(frozen=True)
class Archive:
    """A file that a set is given out as, with a checksum that somebody published.

    Attributes:
        name: Of the file.
        sha256: In hex.
        source: Who published it.
    """

    name: str
    sha256: str
    source: str


@dataclass(frozen=True)
class Layout:
    """How a published set lies on disk.

    Attributes:
        name: Registered name.
        title: Its name in papers.
        about: One line: what it holds.
        licence: Under which terms it is given out, as far as they are known.
        where: Where it is to be had.
        source: Paper.
        expects: The tree, as its publishers unpack it; "..." for more of the kind.
        read: From its folder to what it holds; nothing where the tree is not like that.
        archives: Those with a published checksum; of most sets there are none.
    """

    name: str
    title: str
    about: str
    licence: str
    where: str
    source: str
    expects: str
    read: Callable[[Path], Found]
    archives: tuple[Archive, ...] = ()


@dataclass(frozen=True)
class Checked:
    """An archive that was compared with its published checksum.

    Attributes:
        path: Where it is.
        holds: Whether it is the file that was published.
    """

    path: Path
    holds: bool


_HERE = __name__.rpartition(".")[0]

LAYOUTS: Registry[Layout] = Registry(
    "forensics.layouts",
    builtin=tuple(
        f"{_HERE}.{module}"
        for module in (
            "casia",
            "columbia",
            "comofod",
            "cyclegan",
            "deeperforensics",
            "deepfaketimit",
            "dfdc",
            "diffusionforensics",
            "dresden",
            "eyes",
            "faceforensics",
            "forensynths",
            "genimage",
            "stargan",
            "uadfv",
            "vision",
        )
    ),
)


def read_layout(name: str, folder: Path) -> Found:
    """Return what a folder holds of a published set.

    Args:
        name: Of the layout.
        folder: Where it was unpacked.

    Raises:
        RegistryError: There is no such layout.
        UsageError: There is no such folder, it cannot be read, or its tree is another one.
    """
    layout = LAYOUTS.get(name)
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder", expected="a folder", actual=str(folder))
    try:
        found = layout.read(folder)
    except OSError as error:
        raise UsageError(f"{folder} cannot be read: {error.strerror or error}", actual=str(folder)) from None
    if not found.records:
        message = f"{folder} does not look like {layout.title}: expected {layout.expects}"
        raise UsageError(message, expected=layout.expects, actual=str(folder))
    return found


def check_archives(name: str, folder: Path) -> tuple[Checked, ...]:
    """Compare the archives of a set that lie in a folder, by their names, with their published checksums.

    Raises:
        RegistryError: There is no such layout.
    """
    there = ((folder / archive.name, archive.sha256) for archive in LAYOUTS.get(name).archives)
    return tuple(Checked(path, file_sha256(path) == digest) for path, digest in there if path.is_file())
