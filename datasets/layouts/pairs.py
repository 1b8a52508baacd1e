"""Sets of pictures in folders that say real or generated: what those have in common."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from forensics.datasets.layouts.records import Label
from forensics.datasets.layouts.trees import folders, named

__all__ = ["paired", "unpaired"]

_DEEP = 6


def paired(root: Path, real: str, fake: str) -> Iterator[tuple[Path, Label]]:
    """Yield the folders below a root with one of two names, and what their pictures are.

    Args:
        root: Where to begin.
        real: Name of the folders of real pictures.
        fake: Name of those of generated ones.
    """
    yield from _search(root, {real: Label.REAL, fake: Label.FAKE}, _DEEP)


def unpaired(root: Path, found: list[Path], real: str, fake: str) -> list[Path]:
    """Return the folders that are missing beside those found: reals without fakes, and the other way."""
    other = {real: fake, fake: real}
    absent = (folder.parent / other[folder.name] for folder in found)
    return sorted({path for path in absent if root in path.parents and named(path.parent, path.name) is None})


def _search(folder: Path, names: dict[str, Label], depth: int) -> Iterator[tuple[Path, Label]]:
    for inner in folders(folder):
        if inner.name in names:
            yield inner, names[inner.name]
        elif depth:
            yield from _search(inner, names, depth - 1)
