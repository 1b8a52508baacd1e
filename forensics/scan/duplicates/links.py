"""Pairs of files that lie near to one another, in any of the eight positions and, by windows, as crops."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.fingerprints import load_chance
from forensics.fingerprints.fingerprint import BITS
from forensics.fingerprints.positions import POSITIONS, turned_codes
from forensics.scan.duplicates.index import Hits, Index, open_index
from forensics.scan.duplicates.prints import Corpus, Stored
from forensics.scan.duplicates.thresholds import Thresholds

__all__ = ["Links", "links", "near_enough"]

BATCH = 1 << 11  # files looked up at a time
NEAREST = 32  # links kept of each file
ALIKE = 256  # entries of one key that are compared: the first of very many that are alike stand for them

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Links:
    """Pairs of files, no pair twice, each with the smaller number first.

    Attributes:
        one: Number of a file.
        other: Number of another.
        log10_p: Chance that a file that has nothing to do with it lies as near, the least over the kinds.
    """

    one: Numbers
    other: Numbers
    log10_p: npt.NDArray[np.float32]


def links(corpus: Corpus, limits: Thresholds, engine: str = "auto") -> Links:
    """Return the pairs of files that are nearer to one another than the thresholds.

    Args:
        corpus: The files.
        limits: The thresholds.
        engine: A name in `index.ENGINES`.

    Raises:
        UsageError: There is no such engine.
        MissingExtra: The engine is faiss and it is not installed.
    """
    found = [pairs for stored in corpus.stored for pairs in _of_kind(stored, limits, engine)]
    if not found:
        none = np.zeros(0, np.int64)
        return Links(none, none, np.zeros(0, np.float32))
    one, other = (np.concatenate([getattr(pairs, name) for pairs in found]) for name in ("one", "other"))
    log10_p = np.concatenate([pairs.log10_p for pairs in found])
    return _once(np.minimum(one, other), np.maximum(one, other), log10_p)


def near_enough(corpus: Corpus, files: Sequence[int], middle: int, limits: Thresholds) -> bool:
    """Return whether all of some files lie within the loose thresholds of one, by either kind."""
    most = {"dct": limits.loose_dct, "pdq": limits.loose_pdq}
    for start in range(0, len(files), BATCH):
        part = np.array(files[start : start + BATCH])
        found = [_distances(stored, part, middle) <= most[stored.kind] for stored in corpus.stored]
        if not np.logical_or.reduce(found).all():
            return False
    return True


def _distances(stored: Stored, files: Numbers, middle: int) -> Numbers:
    """Return the fewest bits by which a whole picture, in any position, misses a window of the other."""
    there, mine = stored.of(files), stored.of(np.array([middle]))
    found = np.full(len(files), BITS + 1)
    if len(mine.files) and len(there.files):
        turned, codes = turned_codes(mine.codes[0], stored.kind), there.codes[:, None]
        pairs = np.concatenate([turned[:, :1] ^ codes, turned ^ codes[:, :, :1]], axis=1)
        nearest = np.bitwise_count(pairs).sum(axis=-1, dtype=np.int64).min(axis=(1, 2))
        found[np.isin(files, there.files)] = nearest
    return found


def _of_kind(stored: Stored, limits: Thresholds, engine: str) -> Iterator[Links]:
    """Yield the pairs of each batch, where the first file, whole, is near to a window of the second."""
    bits = {"dct": limits.dct, "pdq": limits.pdq}[stored.kind]
    if bits < 0 or len(stored.files) < 2:
        return
    entries = np.ascontiguousarray(stored.codes.reshape(-1, stored.codes.shape[2]))
    index = open_index(entries, bits, engine, sure=False, most=ALIKE)
    table = np.array(load_chance(stored.kind).log10_p, np.float32)
    for start in range(0, len(stored.files), BATCH):
        hits = _looked_up(index, stored, slice(start, start + BATCH), bits)
        entry = hits.entry // stored.codes.shape[1]
        one, other, log10_p = stored.files[hits.query], stored.files[entry], table[hits.bits]
        yield _nearest(one[one != other], other[one != other], log10_p[one != other])


def _looked_up(index: Index, stored: Stored, part: slice, bits: int) -> Hits:
    """Return what is near to the whole pictures of a batch in any position, with their places as queries."""
    whole = stored.codes[part, 0]
    hits = index.within(turned_codes(whole, stored.kind).reshape(POSITIONS * len(whole), -1), bits)
    return Hits(hits.query % len(whole) + part.start, hits.entry, hits.bits)


def _nearest(one: Numbers, other: Numbers, log10_p: npt.NDArray[np.float32]) -> Links:
    """Return the best links of each file, ties to the files that were listed first."""
    found = _once(one, other, log10_p)
    order = np.lexsort((found.other, found.log10_p, found.one))
    first = np.searchsorted(found.one, found.one)  # where the links of the same file begin
    kept = order[np.arange(len(order)) - first < NEAREST]
    return Links(found.one[kept], found.other[kept], found.log10_p[kept])


def _once(one: Numbers, other: Numbers, log10_p: npt.NDArray[np.float32]) -> Links:
    """Return the best of the links of each pair, sorted by pair."""
    order = np.lexsort((log10_p, other, one))
    one, other, log10_p = one[order], other[order], log10_p[order]
    new = np.append(True, (np.diff(one) != 0) | (np.diff(other) != 0))[: len(one)]
    return Links(one[new], other[new], log10_p[new])
