"""Distances from one picture to many entries, a million of them in a fraction of a second."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError
from forensics.fingerprints.fingerprint import BITS, KINDS, WORDS, Fingerprint, Words

__all__ = ["Distances", "columns", "distances"]

CHUNK = 1 << 15  # entries at a time: their columns stay in the processor's cache


@dataclass(frozen=True)
class Distances:
    """How near many entries lie to the nearest of some fingerprints.

    Attributes:
        bits: (n,) uint16, the fewest bits that differ, 0 to 256.
        query: (n,) uint8, which of the fingerprints that was.
    """

    bits: npt.NDArray[np.uint16]
    query: npt.NDArray[np.uint8]


def columns(fingerprints: Iterable[Fingerprint], kind: str) -> Words:
    """Return fingerprints as `distances` reads them: (windows, 4, n) 64-bit words.

    Args:
        fingerprints: All of one kind.
        kind: That kind.
    """
    words = [entry.words for entry in fingerprints]
    if not words:
        return np.zeros((KINDS[kind].windows, WORDS, 0), np.uint64)
    return np.ascontiguousarray(np.stack(words).transpose(1, 2, 0))


def distances(queries: Sequence[Fingerprint], entries: Words) -> Distances:
    """Return for each entry the fewest bits in which one of some fingerprints differs from it.

    What `distance` is for two, without a shortcut: every entry is compared.

    Args:
        queries: At most 255 of one kind, such as the eight positions of a picture.
        entries: (windows, 4, n) 64-bit words of the same kind, from `columns`.

    Raises:
        UsageError: There are no queries, too many, or they do not fit the entries.
    """
    if not 0 < len(queries) < 256:
        raise UsageError("between 1 and 255 fingerprints can be looked for", actual=len(queries))
    words = np.stack([query.words for query in queries])
    if words.shape[1:] != entries.shape[:2]:
        raise UsageError(
            "the fingerprints are of another kind than the entries",
            expected=entries.shape[:2],
            actual=words.shape[1:],
        )
    count = entries.shape[2]
    bits, which = np.full(count, BITS + 1, np.uint16), np.zeros(count, np.uint8)
    for start in range(0, count, CHUNK):
        part = slice(start, start + CHUNK)
        _nearest(words, entries[:, :, part], bits[part], which[part])
    return Distances(bits, which)


def _nearest(
    queries: Words, entries: Words, bits: npt.NDArray[np.uint16], which: npt.NDArray[np.uint8]
) -> None:
    """Lower the distances of one chunk, in place."""
    whole_to_windows = [(0, window) for window in range(len(entries))]
    windows_to_whole = [(window, 0) for window in range(1, len(entries))]
    for number, query in enumerate(queries):
        for mine, theirs in whole_to_windows + windows_to_whole:
            found = _hamming(query[mine], entries[theirs])
            nearer = found < bits
            if nearer.any():
                bits[nearer] = found[nearer]
                which[nearer] = number


def _hamming(code: Words, columns: Words) -> npt.NDArray[np.uint16]:
    """Return the Hamming distance of one code to each of (4, n) columns; 256 needs more than eight bits."""
    total: npt.NDArray[np.uint16] = np.bitwise_count(columns[0] ^ code[0]).astype(np.uint16)
    for word, column in zip(code[1:], columns[1:], strict=True):
        total += np.bitwise_count(column ^ word)
    return total
