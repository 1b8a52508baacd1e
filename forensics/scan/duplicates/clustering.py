"""Clusters of near-duplicates that do not grow together through chains.

A picture, its crop and its mirrored copy belong together. But pictures taken one after the other form chains
of which the ends show different things, and one wrong link would join two large clusters. So every cluster
has a middle, the file with the most links, and a file that is linked to a member joins only if it is not far
from the middle either. How wide a cluster can become is therefore bounded, whatever its size.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from forensics.scan.duplicates.links import Links, links, near_enough
from forensics.scan.duplicates.prints import Corpus, Prints, load
from forensics.scan.duplicates.thresholds import Thresholds, thresholds

__all__ = ["clusters"]

TRIES = 8  # clusters that a file is tried with

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
    middle = _middles(corpus, links(corpus, chosen, engine), chosen)[corpus.first]
    _, begins, which, sizes = np.unique(middle, return_index=True, return_inverse=True, return_counts=True)
    return tuple(corpus.ids[begins[c]] if sizes[c] > 1 else "" for c in which)


def _middles(corpus: Corpus, found: Links, limits: Thresholds) -> Numbers:
    """Return for each file the middle of its cluster, which is the file itself where it has no other."""
    middle = np.arange(len(corpus.ids))
    file, near = _both_ways(found)
    names, starts, degrees = np.unique(file, return_index=True, return_counts=True)
    placed = set[int]()
    for place in np.lexsort((names, -degrees)):
        number = int(names[place])
        members = [int(n) for n in near[starts[place] : starts[place] + degrees[place]] if int(n) in placed]
        middle[number] = _joined(corpus, number, members, middle, limits)
        placed.add(number)
    return middle


def _joined(corpus: Corpus, number: int, members: list[int], middle: Numbers, limits: Thresholds) -> int:
    """Return the middle of the nearest cluster that takes a file, the file itself if none does."""
    refused = set[int]()
    for member in members:
        core = int(middle[member])
        if core in refused:
            continue
        if core == member or near_enough(corpus, number, core, limits):
            return core
        refused.add(core)
        if len(refused) == TRIES:
            break
    return number


def _both_ways(found: Links) -> tuple[Numbers, Numbers]:
    """Return each link from both of its files, by file, the nearest first."""
    file = np.concatenate([found.one, found.other])
    near = np.concatenate([found.other, found.one])
    order = np.lexsort((near, np.tile(found.log10_p, 2), file))
    return file[order], near[order]
