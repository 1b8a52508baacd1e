"""What was scored already: one line for each file, so that an interrupted run goes on where it was."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import ValidationError

from forensics.detectors.calibrating.scoring import Scored
from forensics.errors import UsageError
from forensics.evidence import Model
from forensics.files import atomic_write

__all__ = ["Entry", "Journal", "Line"]


class Line(Model):
    """What every line says.

    Attributes:
        file: Name inside the corpus.
        sha256: Of its bytes; another file of that name is scored anew.
        problem: Why it could not be read; "" where it could.
    """

    file: str
    sha256: str
    problem: str = ""


class Entry(Line):
    """One file.

    Attributes:
        scored: What it gave; None where it could not be read.
    """

    scored: Scored | None = None


L = TypeVar("L", bound=Line)


class _Head(Model):
    """The first line: what the scores were made with."""

    made_with: str


class Journal(Generic[L]):
    """A file of lines; whatever was scored with other detectors, and a line that broke off, is dropped.

    Args:
        path: The file; it is made if it is not there.
        made_with: What the scores depend on, such as the versions of the detectors.
        kind: What the lines are.

    Raises:
        UsageError: The file exists and is no journal, or cannot be read or written.
    """

    def __init__(self, path: Path, made_with: str, kind: type[L]) -> None:
        self._path = path
        head = _Head(made_with=made_with).model_dump_json()
        known, entries = _read(path, kind)
        self._entries = {e.file: e for e in entries} if known == made_with else {}
        self._write([head, *(e.model_dump_json() for e in self._entries.values())])

    def find(self, file: str, sha256: str) -> L | None:
        """Return what is known of a file with these bytes, if it could be read."""
        entry = self._entries.get(file)
        known = entry is not None and not entry.problem and entry.sha256 == sha256
        return entry if known else None

    def add(self, entry: L) -> None:
        """Keep what a file gave, on disk at once.

        Raises:
            UsageError: The journal cannot be written.
        """
        self._entries[entry.file] = entry
        try:
            with self._path.open("a", encoding="utf-8") as stream:
                stream.write(entry.model_dump_json() + "\n")
        except OSError as error:
            raise UsageError(f"cannot write {self._path}: {error.strerror or error}") from None

    def _write(self, lines: Iterable[str]) -> None:
        try:
            atomic_write(self._path, ("\n".join(lines) + "\n").encode())
        except OSError as error:
            raise UsageError(f"cannot write {self._path}: {error.strerror or error}") from None


def _read(path: Path, kind: type[L]) -> tuple[str, list[L]]:
    """Return what the lines were made with, and those that are whole."""
    if not path.exists():
        return "", []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        known = _Head.model_validate_json(lines[0] if lines else "").made_with
    except (OSError, UnicodeDecodeError, ValidationError):
        raise UsageError(f"{path} exists and is no journal of scores; it is not replaced") from None
    entries = []
    for line in lines[1:]:
        try:
            entries.append(kind.model_validate_json(line))
        except ValidationError:
            continue  # the run broke off here
    return known, entries
