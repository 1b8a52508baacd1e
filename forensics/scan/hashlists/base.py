"""The contract of a format of hash lists, and the registry of all of them.

A format of somebody else is a class in the entry-point group `forensics.hashlists`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from forensics.errors import LimitExceeded, NotAFile
from forensics.registry import Registry
from forensics.scan.hashlists.entries import Entry, Problem

__all__ = ["FORMATS", "Line", "ListFormat", "Source"]

LONGEST = 1 << 16  # bytes of a line
LARGEST = 1 << 32  # bytes of a list
HEAD = 1 << 12  # bytes by which a format is told


@dataclass(frozen=True)
class Line:
    """One line of a list.

    Attributes:
        number: From 1.
        text: Without its end; None where it is not UTF-8.
    """

    number: int
    text: str | None


class Source:
    """The file of a list, read line by line within limits.

    Args:
        path: The file.
        kind: What its hashes are, where the caller says so; "" otherwise.

    Raises:
        NotAFile: It is no file, or cannot be opened.
        LimitExceeded: It is larger than 4 GiB.
    """

    def __init__(self, path: Path, kind: str = "") -> None:
        self.path, self.kind = path, kind
        try:
            if not path.is_file():
                raise NotAFile(f"{path}: there is no such file")
            self.size = path.stat().st_size
            with path.open("rb") as stream:
                self.head = stream.read(HEAD).decode("utf-8-sig", "replace")
        except OSError as error:
            raise NotAFile(f"{path}: {error.strerror or error}") from error
        if self.size > LARGEST:
            raise LimitExceeded(f"{path}: the list is too large", expected=LARGEST, actual=self.size)

    @property
    def suffix(self) -> str:
        """Its extension in lower case, without the dot."""
        return self.path.suffix.lower().removeprefix(".")

    def lines(self) -> Iterator[Line]:
        """Yield its lines.

        Raises:
            LimitExceeded: One is longer than 64 KiB.
            NotAFile: It can no longer be read.
        """
        number = 0
        try:
            with self.path.open("rb") as stream:
                while raw := stream.readline(LONGEST + 1):
                    number += 1
                    if len(raw) > LONGEST:
                        raise LimitExceeded(
                            f"{self.path}:{number}: the line is too long", expected=LONGEST, actual=len(raw)
                        )
                    yield Line(number, _text(raw, first=number == 1))
        except OSError as error:
            raise NotAFile(f"{self.path}: {error.strerror or error}") from error


def _text(raw: bytes, first: bool) -> str | None:
    try:
        return raw.decode("utf-8-sig" if first else "utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        return None


class ListFormat(ABC):
    """One format. A line that is none of it becomes a problem: nothing is passed over without a word.

    Attributes:
        title: One line: what it is.
        built_in: Whether it comes with the suite; those of others are asked first whether a list is theirs.
    """

    title: ClassVar[str]
    built_in: ClassVar[bool] = False

    @abstractmethod
    def claims(self, source: Source) -> bool:
        """Return whether a file is of this format, by its name and first lines."""

    @abstractmethod
    def read(self, source: Source) -> Iterator[Entry | Problem]:
        """Yield what a list holds, in its order.

        Raises:
            ForensicsError: The list as a whole cannot be read.
        """


FORMATS: Registry[type[ListFormat]] = Registry(
    "forensics.hashlists",
    (
        "forensics.scan.hashlists.plain",
        "forensics.scan.hashlists.records",
        "forensics.scan.hashlists.tables",
    ),
)
"""Formats of hash lists by name."""
