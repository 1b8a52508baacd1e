"""What is known of one file of a published set, and which files must not be split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

__all__ = ["Found", "Label", "Record", "groups"]


class Label(StrEnum):
    """What a file is said to be by its set."""

    REAL = "real"
    FAKE = "fake"  # generated, or a face swapped or driven
    TAMPERED = "tampered"  # a photo in which a region was replaced


@dataclass(frozen=True)
class Record:
    """One picture or clip. What the set does not say is empty.

    Attributes:
        path: Where it is.
        label: What it is.
        source: Picture, clip or person that it was made from: files of one source are never independent.
        method: What made it: a generator, a method of swapping faces, "splice", "copy-move"; "" if real.
        donors: Other sources that something was taken from.
        split: "train", "val" or "test" if the set has splits.
        mask: Picture of where it was altered.
        subject: Person, or class of what is shown.
        camera: What it was taken with.
        compression: How strongly it was compressed, in the words of the set.
        state: "open" or "closed", of eyes.
    """

    path: Path
    label: Label
    source: str
    method: str = ""
    donors: tuple[str, ...] = ()
    split: str = ""
    mask: Path | None = None
    subject: str = ""
    camera: str = ""
    compression: str = ""
    state: str = ""


@dataclass(frozen=True)
class Found:
    """What a set holds on disk.

    Attributes:
        records: In the order of their paths.
        missing: Files that its own lists or names promise and that are not there, below its folder.
    """

    records: tuple[Record, ...] = field(repr=False)
    missing: tuple[str, ...] = ()


def groups(records: Sequence[Record]) -> tuple[int, ...]:
    """Return a number for each record; records that share a source or donor, even by others, have the same.

    Whoever splits by these numbers has nothing of the same photo or person on both sides.

    Example:
        >>> photos = [Record(Path(name), Label.REAL, name) for name in "abc"]
        >>> groups([*photos, Record(Path("d"), Label.FAKE, "a", donors=("b",))])
        (0, 0, 1, 0)
    """
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        parent.setdefault(name, name)
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for record in records:
        for donor in record.donors:
            parent[root(donor)] = root(record.source)
    numbers: dict[str, int] = {}
    return tuple(numbers.setdefault(root(record.source), len(numbers)) for record in records)
