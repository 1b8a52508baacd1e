"""Data as numbered script files: from disk, a browser loads nothing else."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["NAMESPACE", "Pack", "RecordPack", "Shelf"]

NAMESPACE = "forensicsPage"
LEVEL = 5


@dataclass
class Shelf:
    """Numbered files of one kind.

    Attributes:
        folder: Where they go.
        kind: What they hold, and the beginning of their names.
        count: How many there are.
    """

    folder: Path
    kind: str
    count: int = 0

    def put(self, payload: bytes) -> int:
        """Write bytes, compressed, and return the number of their file."""
        return self.put_text(base64.b64encode(zlib.compress(payload, LEVEL)).decode("ascii"))

    def put_json(self, value: Any) -> int:
        """Write a value as compressed JSON, and return the number of its file."""
        return self.put(json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii"))

    def put_text(self, text: str) -> int:
        """Write a text of base64 and the signs ':' and ';', and return the number of its file."""
        number = self.count
        script = f'{NAMESPACE}.arrived("{self.kind}",{number},"{text}");\n'
        (self.folder / f"{self.kind}-{number:05d}.js").write_text(script, encoding="ascii")
        self.count += 1
        return number


@dataclass
class Pack:
    """Pieces of a few rows that go into one file as soon as they are many or large.

    Attributes:
        shelf: Where they go.
        most: Characters from which a file is full.
        pieces: What waits, by the number of its row.
        size: Characters of it.
    """

    shelf: Shelf
    most: int
    pieces: dict[int, str] = field(default_factory=dict)
    size: int = 0

    def add(self, row: int, text: str) -> int:
        """Take one piece, and return the number of the file in which it will be."""
        if self.size and self.size + len(text) > self.most:
            self.flush()
        self.pieces[row] = text
        self.size += len(text)
        return self.shelf.count

    def flush(self) -> None:
        """Write what waits."""
        if self.pieces:
            self.write(self.pieces)
            self.pieces, self.size = {}, 0

    def write(self, pieces: Mapping[int, str]) -> None:
        """Write pieces that are base64."""
        self.shelf.put_text(";".join(f"{row}:{text}" for row, text in pieces.items()))


class RecordPack(Pack):
    """Pieces that are JSON."""

    def write(self, pieces: Mapping[int, str]) -> None:
        """Write them as one object by row."""
        body = ",".join(f'"{row}":{text}' for row, text in pieces.items())
        self.shelf.put(f"{{{body}}}".encode("ascii"))
