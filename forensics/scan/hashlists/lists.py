"""A list of hashes in memory: what was read, what was not, and looking hashes up."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Self

import numpy as np
import numpy.typing as npt

from forensics.errors import LimitExceeded, UsageError
from forensics.files import encodable
from forensics.scan.hashlists.base import FORMATS, ListFormat, Source
from forensics.scan.hashlists.entries import FLAT, KINDS, Entry, Problem

__all__ = ["HashList", "Hashes"]

MOST = 20_000_000  # entries of a list
SHOWN = 100  # problems that are kept


@dataclass(frozen=True)
class Hashes:
    """The hashes of one kind, sorted.

    Attributes:
        values: (n, bytes) uint8.
        labels: What the list says of each.
        of: (n,) which of the labels.
    """

    values: npt.NDArray[np.uint8]
    labels: tuple[str, ...] = field(repr=False)
    of: npt.NDArray[np.uint32] = field(repr=False)

    def __len__(self) -> int:
        return len(self.values)

    def find(self, value: bytes) -> tuple[str, ...]:
        """Return the labels of all entries of a value."""
        keys = np.ascontiguousarray(self.values).view(f"S{self.values.shape[1]}").ravel()
        wanted = np.array([value], keys.dtype)
        low, high = (int(np.searchsorted(keys, wanted, side)[0]) for side in ("left", "right"))
        return tuple(self.labels[label] for label in self.of[low:high])


@dataclass(frozen=True)
class HashList:
    """A list that was read.

    Attributes:
        name: What it is called in matches.
        format: Name of its format.
        hashes: Its entries by kind.
        refused: Lines or records that could not be read.
        problems: The first hundred of them.
        flat: Entries of PDQ that are not compared, for the list itself says that they are of flat pictures.
    """

    name: str
    format: str
    hashes: Mapping[str, Hashes]
    refused: int = 0
    problems: tuple[Problem, ...] = ()
    flat: int = 0

    @property
    def counts(self) -> Mapping[str, int]:
        """How many entries of each kind there are."""
        return MappingProxyType({kind: len(found) for kind, found in self.hashes.items()})

    @classmethod
    def load(
        cls, path: Path, *, name: str = "", kind: str = "", format: str = "", strict: bool = True
    ) -> Self:
        """Read a list.

        Args:
            path: The file.
            name: What to call it; its file name if there is none.
            kind: What its hashes are, where it does not say so itself.
            format: Name of its format, where it is not to be told by its content.
            strict: End at the first line that cannot be read. Otherwise such lines are counted, and named in
                `problems`.

        Raises:
            NotAFile: There is no such file.
            UsageError: No format claims it, or a line cannot be read; the message names the line.
            LimitExceeded: It is too large, or has too many entries or too long a line.
            RegistryError: There is no such format.

        Example:
            >>> import tempfile
            >>> file = Path(tempfile.mkdtemp()) / "known.md5"
            >>> _ = file.write_text("d41d8cd98f00b204e9800998ecf8427e  nothing.jpg")
            >>> dict(HashList.load(file).counts)
            {'md5': 1}
        """
        if kind and kind not in KINDS:
            raise UsageError(f"no such kind of hash: {kind!r}", expected=", ".join(KINDS), actual=kind)
        source = Source(Path(path), kind)
        chosen = format or _claiming(source)
        read = _Reading(source, strict)
        read.all(FORMATS.get(chosen)().read(source))
        return cls(
            name=encodable(name or source.path.name),
            format=chosen,
            hashes=MappingProxyType(read.hashes()),
            refused=read.refused,
            problems=tuple(read.problems),
            flat=read.flat,
        )


def _claiming(source: Source) -> str:
    """Return the name of the format of a file; plug-ins are asked first."""
    named: list[tuple[str, type[ListFormat]]] = [(name, FORMATS.get(name)) for name in FORMATS.names()]
    for name, kind in sorted(named, key=lambda pair: pair[1].built_in):
        if kind().claims(source):
            return name
    known = ", ".join(f"{name} ({kind.title})" for name, kind in named)
    raise UsageError(f"{source.path}:1: no format of hash lists claims this file", expected=known)


class _Reading:
    """Entries as they come."""

    def __init__(self, source: Source, strict: bool) -> None:
        self._source, self._strict = source, strict
        self._values = {kind: bytearray() for kind in KINDS}
        self._of = {kind: array("I") for kind in KINDS}
        self._labels: dict[str, int] = {}
        self._count = 0
        self.problems: list[Problem] = []
        self.refused = self.flat = 0

    def all(self, found: Iterable[Entry | Problem]) -> None:
        for one in found:
            if isinstance(one, Problem):
                self._refuse(one)
            elif one.kind == "pdq" and one.quality < FLAT:
                self.flat += 1
            else:
                self._keep(one)

    def hashes(self) -> dict[str, Hashes]:
        labels = tuple(self._labels)
        return {kind: self._sorted(kind, labels) for kind in KINDS if self._values[kind]}

    def _sorted(self, kind: str, labels: tuple[str, ...]) -> Hashes:
        values = np.frombuffer(self._values[kind], np.uint8).reshape(-1, KINDS[kind] // 2)
        order = np.argsort(values.view(f"S{values.shape[1]}").ravel(), kind="stable")
        return Hashes(values[order], labels, np.frombuffer(self._of[kind], np.uint32)[order])

    def _keep(self, entry: Entry) -> None:
        self._count += 1
        if self._count > MOST:
            raise LimitExceeded(f"{self._source.path}: the list has too many entries", expected=MOST)
        self._values[entry.kind] += _bytes(entry)
        self._of[entry.kind].append(self._labels.setdefault(entry.label, len(self._labels)))

    def _refuse(self, problem: Problem) -> None:
        if self._strict:
            raise UsageError(f"{self._source.path}:{problem.line}: {problem.message}")
        self.refused += 1
        if len(self.problems) < SHOWN:
            self.problems.append(problem)


def _bytes(entry: Entry) -> bytes:
    """Return the hash of an entry; a plug-in may have made it up."""
    if len(entry.value) != KINDS.get(entry.kind):
        raise UsageError("a format gave an entry that is no hash", actual=(entry.kind, entry.value[:80]))
    try:
        return bytes.fromhex(entry.value)
    except ValueError:
        raise UsageError("a format gave an entry that is no hash", actual=entry.value[:80]) from None
