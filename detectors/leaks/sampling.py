"""The pictures of a set that are looked at, and which of them are of one source."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from forensics.datasets.squares import SUFFIXES
from forensics.detectors.leaks.facts import Facts, facts_of
from forensics.errors import MediaError, MissingExtra, UsageError
from forensics.files import encodable

__all__ = ["Sample", "sample_of"]

_LEAST = 20  # pictures of each class


@dataclass(frozen=True)
class Sample:
    """Pictures of one class.

    Attributes:
        facts: Of each.
        sources: Name of the source of each.
        unreadable: Files that are none, damaged or far too large.
    """

    facts: tuple[Facts, ...] = field(repr=False)
    sources: tuple[str, ...] = field(repr=False)
    unreadable: tuple[str, ...] = ()


def sample_of(
    folder: Path, most: int = 1000, seed: int = 0, advance: Callable[[], None] = lambda: None
) -> Sample:
    """Read pictures of a folder and of those in it.

    Pictures of one source are those that a manifest.csv beside or above the folder names so (columns file and
    source), else those whose names are the same without the suffix.

    Args:
        folder: Of one class.
        most: So many, drawn from all.
        seed: Of the draw.
        advance: Called after each.

    Raises:
        UsageError: There is no such folder, or it holds fewer than 20 pictures.
    """
    files = _files(folder)
    if len(files) > most:
        chosen = np.random.default_rng(seed).choice(len(files), most, replace=False)
        files = [files[i] for i in sorted(chosen)]
    named = _manifest(folder)
    facts: list[Facts] = []
    sources: list[str] = []
    unreadable: list[str] = []
    for path in files:
        try:
            facts.append(facts_of(path))
            sources.append(named.get(path.resolve(), path.stem))
        except (MediaError, MissingExtra):
            unreadable.append(encodable(str(path)))
        advance()
    if len(facts) < _LEAST:
        message = f"{folder} holds {len(facts)} pictures that can be read; an audit takes {_LEAST} or more"
        raise UsageError(message, expected=f">= {_LEAST}", actual=len(facts))
    return Sample(tuple(facts), tuple(sources), tuple(unreadable))


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder", expected="a folder of pictures", actual=str(folder))
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())


def _manifest(folder: Path) -> dict[Path, str]:
    """Return sources by files, of the nearest manifest of up to three folders above."""
    for place in (folder, *folder.resolve().parents[:2]):
        path = place / "manifest.csv"
        if path.is_file():
            with path.open(encoding="utf-8-sig", newline="", errors="replace") as stream:
                rows = csv.DictReader(stream)
                if {"file", "source"} <= set(rows.fieldnames or ()):
                    return {(place / row["file"]).resolve(): row["source"] for row in rows}
    return {}
