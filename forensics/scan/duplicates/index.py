"""Which of a million codes lie near to others: multi-index hashing, in NumPy or in faiss, and a full scan.

Norouzi, Punjani and Fleet, "Fast Exact Search in Hamming Space with Multi-Index Hashing", 2014: a code is cut
into keys, each of which is looked up with at most one bit of it inverted. Two codes that differ in fewer
than twice as many bits as there are keys share one of these. Longer keys, and so fewer, are faster and miss
some of those that differ in more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from forensics.errors import MissingExtra, UsageError
from forensics.fingerprints.fingerprint import BITS, WORDS, Words

__all__ = ["ENGINES", "Codes", "Hits", "Index", "open_index"]

ENGINES = ("auto", "tables", "faiss", "exact")
"""What looks: the choice by size, keys in NumPy, keys in faiss, or every pair."""

SMALL = 1 << 12  # entries up to which every pair is compared
PAIRS = 1 << 21  # pairs of codes compared at a time
QUERIES = 1 << 10  # queries at a time
SHORTEST, LONGEST = 10, 22  # bits of a key

Codes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Hits:
    """Pairs of a query and an entry, sorted by both; no pair twice.

    Attributes:
        query: Numbers of queries.
        entry: Numbers of entries.
        bits: How many bits differ.
    """

    query: Numbers
    entry: Numbers
    bits: npt.NDArray[np.uint16]


class Index(Protocol):
    """Codes that can be looked for."""

    def within(self, queries: Codes, bits: int) -> Hits:
        """Return the pairs of (n, 32) queries and entries that differ in at most some bits."""
        ...


def open_index(codes: Codes, bits: int, engine: str = "auto", sure: bool = True, most: int = 0) -> Index:
    """Return an index of codes.

    Args:
        codes: (n, 32) bytes of single windows; an entry is its row.
        bits: The farthest that will be looked for.
        engine: A name in `ENGINES`.
        sure: Miss nothing within these bits. Otherwise keys are as long as is fast for so many entries.
        most: Compare with so many entries of one key only, the first; 0 for all. This bounds the work where
            very many entries are alike. Not for faiss.

    Raises:
        UsageError: There is no such engine, or these are no codes.
        MissingExtra: The engine is faiss and it is not installed.
    """
    _checked(codes)
    if engine not in ENGINES:
        raise UsageError(f"no such engine: {engine!r}", expected=", ".join(ENGINES), actual=engine)
    if engine == "exact" or (engine == "auto" and len(codes) <= SMALL):
        return _Every(codes)
    usual = max(round(math.log2(max(len(codes), 1))), SHORTEST)
    longest = BITS // min(bits // 2 + 1, BITS) if sure else BITS // (BITS // min(usual, LONGEST))
    width = min(longest, usual + 2, LONGEST)
    return _Faiss(codes, BITS // width, width) if engine == "faiss" else _Tables(codes, width, most)


class _Every:
    """Every pair is compared."""

    def __init__(self, codes: Codes) -> None:
        self._words = _words(codes)

    def within(self, queries: Codes, bits: int) -> Hits:
        words = _words(_checked(queries))
        step = max(1, PAIRS // max(len(self._words), 1))
        found = [self._near(words[start : start + step], start, bits) for start in range(0, len(words), step)]
        return _joined(found, len(self._words))

    def _near(self, words: Words, start: int, bits: int) -> Hits:
        total = np.zeros((len(words), len(self._words)), np.uint16)
        for word in range(WORDS):
            total += np.bitwise_count(words[:, None, word] ^ self._words[None, :, word])
        query, entry = np.nonzero(total <= bits)
        return Hits(query + start, entry, total[query, entry])


class _Tables:
    """Entries sorted by each of their keys, and where each key begins."""

    def __init__(self, codes: Codes, width: int, most: int) -> None:
        self._words, self._width, self._most = _words(codes), width, most
        self._front = np.ascontiguousarray(self._words[:, : WORDS // 2])
        self._flips = np.append(0, 1 << np.arange(width)).astype(np.uint32)
        self._tables = []
        for keys in _keys(self._words, width):
            starts = np.zeros((1 << width) + 1, np.uint32)
            np.cumsum(np.bincount(keys, minlength=1 << width), out=starts[1:])
            self._tables.append((starts, np.argsort(keys, kind="stable").astype(np.uint32)))

    def within(self, queries: Codes, bits: int) -> Hits:
        words = _words(_checked(queries))
        found = []
        for start in range(0, len(words), QUERIES):
            part = words[start : start + QUERIES]
            for table, keys in zip(self._tables, _keys(part, self._width), strict=True):
                found += self._looked_up(part, start, keys, table, bits)
        return _joined(found, len(self._words))

    def _looked_up(
        self, words: Words, start: int, keys: npt.NDArray[np.uint32], table: Any, bits: int
    ) -> list[Hits]:
        """Compare queries with the entries of one table that share a key, so many pairs at a time."""
        starts, order = table
        turned = keys[:, None] ^ self._flips
        first = starts[turned].astype(np.int64)
        counts = starts[turned + 1] - first
        if self._most:
            counts = np.minimum(counts, self._most)
        done = np.cumsum(counts.sum(axis=1)) // PAIRS
        found = []
        for rows in np.split(np.arange(len(words)), np.flatnonzero(np.diff(done)) + 1):
            query, entry = _spread(rows, first[rows], counts[rows])
            found.append(self._near(words, query, np.take(order, entry).astype(np.int64), start, bits))
        return found

    def _near(self, words: Words, query: Numbers, entry: Numbers, start: int, bits: int) -> Hits:
        """Return those pairs that are near: most are too far apart in the first half already."""
        half = np.bitwise_count(
            np.take(self._front, entry, axis=0) ^ np.take(words[:, : WORDS // 2], query, axis=0)
        )
        close = np.flatnonzero(half[:, 0] + half[:, 1] <= bits)
        query, entry = query[close], entry[close]
        differing = np.bitwise_count(self._words[entry] ^ words[query]).sum(axis=1, dtype=np.uint16)
        near = differing <= bits
        return Hits(query[near] + start, entry[near], differing[near])


class _Faiss:
    """The same in faiss."""

    def __init__(self, codes: Codes, count: int, width: int) -> None:
        try:
            import faiss
        except ImportError as error:
            raise MissingExtra("searching with faiss", "duplicates") from error
        self._entries = len(codes)
        self._index = faiss.IndexBinaryMultiHash(BITS, count, width)
        self._index.nflip = 1
        if self._entries:
            self._index.add(np.ascontiguousarray(codes))

    def within(self, queries: Codes, bits: int) -> Hits:
        if not self._entries or not len(_checked(queries)):
            return _joined([], self._entries)
        ends, differing, entry = self._index.range_search(np.ascontiguousarray(queries), bits + 1)
        query = np.repeat(np.arange(len(queries)), np.diff(ends.astype(np.int64)))
        return _joined([Hits(query, entry, differing.astype(np.uint16))], self._entries)


def _checked(codes: Codes) -> Codes:
    if codes.ndim != 2 or codes.shape[1] != BITS // 8 or codes.dtype != np.uint8:
        raise UsageError("codes are (n, 32) bytes", expected="(n, 32)", actual=codes.shape)
    return codes


def _words(codes: Codes) -> Words:
    """Return (n, 4) words, first bit highest."""
    return np.ascontiguousarray(codes).view(">u8").astype(np.uint64)


def _keys(words: Words, width: int) -> list[npt.NDArray[np.uint32]]:
    """Return the keys of codes, one after the other; what is left at the end is in none."""
    made = []
    for start in range(0, BITS - width + 1, width):
        word, offset = divmod(start, 64)
        key = words[:, word] << np.uint64(offset)
        if offset + width > 64:
            key |= words[:, word + 1] >> np.uint64(64 - offset)
        made.append((key >> np.uint64(64 - width)).astype(np.uint32))
    return made


def _spread(rows: Numbers, first: Numbers, counts: Numbers) -> tuple[Numbers, Numbers]:
    """Return each row as often as it has entries, and where in the table these stand."""
    each = counts.ravel()
    before = np.cumsum(each) - each
    place = np.repeat(first.ravel() - before, each) + np.arange(int(each.sum()))
    return np.repeat(np.repeat(rows, counts.shape[1]), each), place


def _joined(found: list[Hits], entries: int) -> Hits:
    """Return hits as one, each pair once."""
    if not found:
        none = np.zeros(0, np.int64)
        return Hits(none, none, np.zeros(0, np.uint16))
    query = np.concatenate([hits.query for hits in found])
    entry = np.concatenate([hits.entry for hits in found])
    bits = np.concatenate([hits.bits for hits in found])
    _, kept = np.unique(query * max(entries, 1) + entry, return_index=True)
    return Hits(query[kept], entry[kept], bits[kept])
