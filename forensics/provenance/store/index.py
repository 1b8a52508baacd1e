"""The fingerprints of a store in memory: whole stretches from files beside it, the newest from its tables.

The files are only a copy. Each belongs to a fixed stretch of entries and carries the hash of the last of
them in its name, so that it can never be taken for another's; it is written whole or not at all, by whoever
comes first, and made again where it is missing.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, select

from forensics.errors import StoreError
from forensics.files import atomic_write
from forensics.fingerprints import KINDS, Fingerprint, distances
from forensics.provenance.store.tables import fingerprints, log

__all__ = ["STRETCH", "FingerprintIndex", "Near"]

STRETCH = 1 << 16
"""Entries of the chain that one file stands for."""

_WORDS = 4
_log = logging.getLogger(__name__)

Block = npt.NDArray[np.uint64]  # (1 + 4 windows, n): numbers of the records, then the words of their codes


@dataclass(frozen=True)
class Near:
    """A record and how near it lies.

    Attributes:
        number: Its place in the store.
        distance: Bits that differ.
        query: Which of the fingerprints looked for that was.
    """

    number: int
    distance: int
    query: int


@dataclass
class _Loaded:
    """What is in memory of one kind."""

    blocks: list[Block] = field(default_factory=list)
    tail: list[Block] = field(default_factory=list)
    read: int = 0  # the newest entry that was looked at


class FingerprintIndex:
    """The fingerprints of one store, for one process.

    Args:
        folder: Where whole stretches are kept; None keeps them in memory only.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._kinds: dict[str, _Loaded] = {}

    def nearest(
        self, connection: Connection, queries: Sequence[Fingerprint], most: int
    ) -> tuple[list[Near], int]:
        """Return the nearest records, nearest first, each once, and how many fingerprints were searched.

        Args:
            connection: One that sees one state of the store.
            queries: At least one, of one kind.
            most: At most so many.
        """
        loaded = self._current(connection, queries[0].kind)
        blocks = [block for block in (*loaded.blocks, *loaded.tail) if block.shape[1]]
        best: dict[int, Near] = {}
        for block in blocks:
            for near in _of_block(block, queries, most):
                known = best.get(near.number)
                if known is None or near.distance < known.distance:
                    best[near.number] = near
        found = sorted(best.values(), key=lambda near: (near.distance, near.number))
        return found[:most], sum(block.shape[1] for block in blocks)

    def _current(self, connection: Connection, kind: str) -> _Loaded:
        """Bring one kind up to the newest entry; entries never change, so only new ones are read."""
        loaded = self._kinds.setdefault(kind, _Loaded())
        newest = connection.execute(select(log.c.number).order_by(log.c.number.desc()).limit(1)).scalar() or 0
        while (len(loaded.blocks) + 1) * STRETCH <= newest:
            loaded.blocks.append(self._stretch(connection, kind, len(loaded.blocks)))
            loaded.tail, loaded.read = [], len(loaded.blocks) * STRETCH
        if newest > loaded.read:
            loaded.tail.append(_read(connection, kind, loaded.read, newest))
            loaded.read = newest
        return loaded

    def _stretch(self, connection: Connection, kind: str, number: int) -> Block:
        start, end = number * STRETCH, (number + 1) * STRETCH
        if self._folder is None:
            return _read(connection, kind, start, end)
        last = connection.execute(select(log.c.hash).where(log.c.number == end)).scalar_one()
        path = self._folder / f"{kind}-{number:06d}-{last[:32]}.npy"
        block = _load(path, kind)
        return _save(path, _read(connection, kind, start, end)) if block is None else block


def _of_block(block: Block, queries: Sequence[Fingerprint], most: int) -> list[Near]:
    numbers = block[0]
    found = distances(queries, block[1:].reshape(-1, _WORDS, block.shape[1]))
    count = min(most, len(numbers))
    chosen = np.argpartition(found.bits, count - 1)[:count]
    return [Near(int(numbers[i]), int(found.bits[i]), int(found.query[i])) for i in chosen]


def _read(connection: Connection, kind: str, start: int, end: int) -> Block:
    """Read the fingerprints of entries start + 1 to end from the tables."""
    table = fingerprints.c
    rows = connection.execute(
        select(table.record, table.code)
        .where(table.kind == kind, table.record > start, table.record <= end)
        .order_by(table.record, table.place)
    ).all()
    bytes_each = 8 * _WORDS * KINDS[kind].windows
    if any(len(row.code) != bytes_each for row in rows):
        raise StoreError("a fingerprint of the store is damaged; `forensics store verify` says which")
    numbers = np.array([row.record for row in rows], np.uint64)
    codes = np.frombuffer(b"".join(row.code for row in rows), ">u8").astype(np.uint64)
    words = codes.reshape(len(rows), KINDS[kind].windows * _WORDS).T
    return np.ascontiguousarray(np.vstack([numbers[None], words]))


def _load(path: Path, kind: str) -> Block | None:
    try:
        block: Block = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    fits = block.ndim == 2 and block.dtype == np.uint64 and len(block) == 1 + KINDS[kind].windows * _WORDS
    return block if fits else None


def _save(path: Path, block: Block) -> Block:
    """Keep a stretch for the next process; a place that cannot be written costs time only."""
    stream = io.BytesIO()
    np.save(stream, block, allow_pickle=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(path, stream.getvalue())
    except OSError as error:
        _log.warning("cannot keep fingerprints in %s: %s", path, error)
    return block
