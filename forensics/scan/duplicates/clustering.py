"""Clusters of near-duplicates that do not grow together through chains.

A picture, its crop and its mirrored copy belong together. But pictures taken one after the other form chains
of which the ends show different things, and one wrong link would join two large clusters. So clusters grow
together from the best link to the worst, each has a middle, and two become one only where every file of the
smaller is not far from the middle of the larger either. How wide a cluster can become is therefore bounded,
whatever its size.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from forensics.scan.duplicates.links import Links, links, near_enough
from forensics.scan.duplicates.prints import Corpus, Prints, load
from forensics.scan.duplicates.thresholds import Thresholds, thresholds

__all__ = ["clusters"]

Numbers = npt.NDArray[np.int64]


def clusters(
    prints: Iterable[Prints], limits: Thresholds | None = None, engine: str = "auto"
) -> tuple[str, ...]:
    """Return for each file the id of the first one of its cluster, "" if it is alone.

    Files with the same bytes belong together, then those near by PDQ, then those of which one is near
    to a window of the other; the last two in any of the eight positions.

    Args:
        prints: In listing order: the same files in the same order give the same clusters.
        limits: Bits that may differ; those of `thresholds` for so many files if there are none.
        engine: A name in `index.ENGINES`.

    Raises:
        UsageError: A hash is not one, or there is no such engine.
        MissingExtra: The engine is faiss and it is not installed.

    Example:
        >>> clusters([Prints("a", "00" * 32), Prints("b", "11" * 32), Prints("c", "00" * 32)])
        ('a', '', 'a')
    """
    corpus = load(prints)
    chosen = limits or thresholds(len(corpus.ids))
    grown = _grown(corpus, links(corpus, chosen, engine), chosen)[corpus.first]
    _, begins, which, sizes = np.unique(grown, return_index=True, return_inverse=True, return_counts=True)
    return tuple(corpus.ids[begins[c]] if sizes[c] > 1 else "" for c in which)


def _grown(corpus: Corpus, found: Links, limits: Thresholds) -> Numbers:
    """Return for each file the middle of its cluster; they grow together by links, the best first."""
    growing = _Growing(len(corpus.ids))
    refused = set[tuple[int, int]]()
    order = np.lexsort((found.other, found.one, found.log10_p))
    for one, other in zip(found.one[order].tolist(), found.other[order].tolist(), strict=True):
        large, small = growing.of(one), growing.of(other)
        if large == small or (large, small) in refused:
            continue
        if (len(growing.members(small)), -small) > (len(growing.members(large)), -large):
            large, small = small, large
        if near_enough(corpus, growing.members(small), large, limits):
            growing.join(large, small)
        else:
            refused |= {(large, small), (small, large)}
    return np.array([growing.of(number) for number in range(len(corpus.ids))], np.int64)


class _Growing:
    """Disjoint sets of files, each named by its middle: that of the largest set in it."""

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))
        self._members: dict[int, list[int]] = {}

    def of(self, number: int) -> int:
        """Return the middle of the set of a file."""
        while self._parent[number] != number:
            self._parent[number] = self._parent[self._parent[number]]
            number = self._parent[number]
        return number

    def members(self, middle: int) -> list[int]:
        return self._members.get(middle, [middle])

    def join(self, large: int, small: int) -> None:
        self._members[large] = self.members(large)
        self._members[large] += self._members.pop(small, [small])
        self._parent[small] = large
