"""Walking through the folders of published sets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from forensics.errors import UsageError

__all__ = [
    "PICTURES",
    "VIDEOS",
    "below",
    "by_name",
    "files",
    "folders",
    "json_of",
    "lines_of",
    "named",
    "shown",
    "within",
]

PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".gif")
VIDEOS = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".3gp")
_DEEP = 3  # archives are unpacked into folders of their own name
_MOST_BYTES = 200_000_000  # of a list


def files(folder: Path, suffixes: tuple[str, ...] = PICTURES) -> list[Path]:
    """Return the files in a folder with one of some suffixes, by name; none if there is no such folder."""
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in suffixes and p.is_file())


def below(folder: Path, suffixes: tuple[str, ...] = PICTURES) -> list[Path]:
    """Return the files in a folder and those in it with one of some suffixes, by name."""
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in suffixes and p.is_file())


def folders(folder: Path) -> list[Path]:
    """Return the folders in a folder, by name; none if there is no such folder."""
    return sorted(p for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []


def within(folder: Path, marks: tuple[str, ...]) -> list[Path]:
    """Return the folder itself or those inside that hold one of some names, the nearest ones only.

    Args:
        folder: Where to begin.
        marks: Names of folders or files that tell the right place, in any case of letters.
    """
    level = [folder]
    for _ in range(_DEEP + 1):
        found = [place for place in level if any(named(place, mark) for mark in marks)]
        if found:
            return found
        level = [inner for place in level for inner in folders(place)]
    return []


def named(folder: Path, name: str) -> Path | None:
    """Return what has a name in a folder, in any case of letters."""
    exact = folder / name
    if exact.exists():
        return exact
    return next((p for p in sorted(folder.iterdir()) if p.name.lower() == name.lower()), None)


def by_name(paths: Iterable[Path]) -> dict[str, Path]:
    """Return files by their names without the suffix, in small letters."""
    return {path.stem.lower(): path for path in paths}


def shown(path: Path, root: Path) -> str:
    """Return a path below a folder as it is shown."""
    return path.relative_to(root).as_posix()


def lines_of(path: Path) -> Iterator[str]:
    """Yield the lines of a list that are not empty.

    Raises:
        UsageError: It is too large or no text.
    """
    yield from (line.strip() for line in _text(path).splitlines() if line.strip())


def json_of(path: Path) -> Any:
    """Return what a JSON file holds.

    Raises:
        UsageError: It is too large or no JSON.
    """
    try:
        return json.loads(_text(path))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no JSON: {error}", actual=str(path)) from None


def _text(path: Path) -> str:
    if path.stat().st_size > _MOST_BYTES:
        raise UsageError(f"{path} is too large for a list", expected=f"<= {_MOST_BYTES} bytes")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is no UTF-8 text", actual=str(path)) from None
