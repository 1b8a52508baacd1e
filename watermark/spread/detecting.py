"""From a picture to an answer: is the mark of this key in it, how sure is that, and what does it say?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

from forensics.watermark.keys import Key
from forensics.watermark.payload import LAYOUTS, Layout
from forensics.watermark.spread.carriers import Plan
from forensics.watermark.spread.embedding import Placement, mark_values
from forensics.watermark.spread.nulls import TAG_SHARE, Nulls, of_searches, shipped
from forensics.watermark.spread.reading import Word, read_words
from forensics.watermark.spread.registration import corrected, displacements
from forensics.watermark.spread.searching import (
    Aligned,
    Candidate,
    align,
    in_windows,
    on_lattices,
    on_own_grid,
    sync_plan,
)
from forensics.watermark.spread.views import View

__all__ = ["HOPELESS", "Finding", "find", "hopeless_at"]

Complex = npt.NDArray[np.complex64]

CERTAIN = -9.0  # log10 p-value from which no further search is needed
HOPELESS = -1.3  # log10 p-value above which nothing is read, whatever the rate
_WORTH = -3.0  # the same below which all is read: so rarely by chance that it costs nothing
_LEAST_SIDE = 32  # half a tile: in less no mark can be told from chance
_CANDIDATES = 2  # on lattices
_ROUNDS = 2
_FROM_WINDOW = 6  # rounds in which a grid grows from a window over the picture


@dataclass(frozen=True)
class Finding:
    """What was found of one key in one picture.

    Attributes:
        log10_p: log10 p-value, corrected for everything that was searched.
        log10_sync: That of the synchronisation alone.
        candidate: The best place.
        aligned: The picture on the grid of the tiles; None if there is nothing to read.
        place: Variant and offset there.
        words: Code words read there, one for each layout, verified ones first.
    """

    log10_p: float
    log10_sync: float
    candidate: Candidate
    aligned: Aligned | None = None
    place: Placement | None = None
    words: tuple[Word, ...] = ()


def find(
    views: Sequence[View],
    key: Key,
    nulls: Nulls | None = None,
    *,
    quick: bool = False,
    alternating: bool = False,
    hopeless: float = HOPELESS,
) -> Finding:
    """Look for the mark of a key.

    Args:
        views: From `views_of`.
        key: The secret.
        nulls: What unmarked pictures show; as shipped if None.
        quick: Look on the picture's own grid only.
        alternating: Its tiles alternate.
        hopeless: log10 p-value of the synchronisation above which nothing is read, from `hopeless_at`.
    """
    nulls = nulls or shipped()
    plan = sync_plan(key, alternating=alternating)
    own = on_own_grid(views, plan)[0]
    if min(views[0].luma.shape) < _LEAST_SIDE:
        return Finding(0.0, 0.0, own)
    candidates, stages = [own], [nulls.own_grid.log10_p(own.sync.z, own.searched)]
    if not quick and stages[0] > CERTAIN:
        candidates += on_lattices(views, plan, _CANDIDATES)
        stages.append(nulls.lattices.log10_p(candidates[1].sync.z, candidates[1].searched))
    windows = views[0].windows if not quick and min(stages) > CERTAIN else ()
    if windows:
        candidates.append(in_windows(windows, plan))
        stages.append(nulls.windows.log10_p(candidates[-1].sync.z, candidates[-1].searched))
    log10_sync = of_searches(stages, quick=quick)
    if log10_sync > hopeless:
        return Finding(log10_sync, log10_sync, max(candidates, key=lambda c: c.sync.z))
    candidates.sort(key=lambda c: -c.sync.z)
    first = None
    for candidate in candidates:
        finding = _read(key, plan, candidate, log10_sync)
        if finding.words[0].payload.verified:
            return finding
        first = first or finding
    return cast("Finding", first)


def hopeless_at(rate: float) -> float:
    """Return the log10 p-value above which nothing is read at a rate: not even a right tag would reach it.

    Reading costs more than all that goes before it, and chance makes it worth while in one of 20 pictures.
    """
    reachable = math.log10(rate) - min(map(_verified, LAYOUTS.values()))
    return min(HOPELESS, max(_WORTH, reachable))


def _read(key: Key, plan: Plan, candidate: Candidate, log10_sync: float) -> Finding:
    """Read the words at a candidate, on a grid that is fitted exactly unless it is the picture's own."""
    aligned = align(candidate)
    fitted = aligned.warped
    for _ in range(_FROM_WINDOW if candidate.window else _ROUNDS if fitted else 0):
        better = _fitted(plan, aligned)
        if better is None:
            break
        aligned = better
    best = _words(key, plan, candidate, aligned, log10_sync)
    if fitted or best.words[0].payload.verified:
        return best
    again = _fitted(plan, aligned)
    return _words(key, plan, candidate, again, log10_sync) if again else best


def _fitted(plan: Plan, aligned: Aligned) -> Aligned | None:
    """Return the picture on a grid that fits the mark better, None if none does."""
    place, z = aligned.place(plan)
    known = mark_values(plan, np.zeros(int(plan.data_bits.max()) + 1, np.float32), place.variant)
    warp = corrected(aligned.warp, displacements(aligned.residual, plan, known, place.row, place.column))
    if warp is None:
        return None
    found = Aligned(aligned.view, warp)
    return found if found.place(plan)[1] > z else None


def _words(key: Key, plan: Plan, candidate: Candidate, aligned: Aligned, log10_sync: float) -> Finding:
    place, _ = aligned.place(plan)
    tile = aligned.tile(alternating=plan.alternating)
    words = read_words(key, tile, place, alternating=plan.alternating)
    log10_p = log10_sync
    if words[0].payload.verified:
        log10_p += _verified(LAYOUTS[words[0].payload.layout])
    return Finding(min(0.0, log10_p), log10_sync, candidate, aligned, place, words)


# If the tag is right, which happens by chance once in 2^24, the p-value of the synchronisation shrinks as
# much: P(verified and p <= t / q) <= q t / q = t. The shares keep the sum of all ways below t.
def _verified(layout: Layout) -> float:
    """Return the log10 of the factor by which a right tag changes the p-value."""
    tries = 2 * (_CANDIDATES + 2) * (1 + _ROUNDS)  # quick and thorough, everywhere
    return math.log10(tries / TAG_SHARE) - layout.tag * math.log10(2)
