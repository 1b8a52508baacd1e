"""Near-duplicates: made pictures that are training pictures, but for compression, noise, scale or a mirror.

A hash of 64 bits finds candidates among many, structural similarity confirms them at 32 x 32 pixels, where
content counts and grain does not. Pictures that were moved by several pixels or cut are not found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.generators.evaluation.checks import Pictures, check_pictures, check_same
from forensics.watermark.quality import ssim

__all__ = ["HASH_BITS", "LEAST_SSIM", "Match", "difference_hashes", "hash_distances", "near_duplicates"]

HASH_BITS = 10  # of 64 that may differ; docs/generators.md has what was measured
LEAST_SSIM = 0.9
LEAST = 16  # pixels of the shorter side
_SIDE = 32  # of the pictures that are compared
_MOST_CANDIDATES = 8
_BLOCK = 1 << 22  # hash distances at a time

Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Match:
    """A made picture and the training picture that it looks like.

    Attributes:
        made: Its number in the made set, from 0.
        train: Number of the training picture.
        ssim: Structural similarity of the two at 32 x 32 pixels.
        mirrored: The made picture is the mirrored one.
    """

    made: int
    train: int
    ssim: float
    mirrored: bool


def near_duplicates(
    made: Pictures, train: Pictures, *, also: Sequence[int] | None = None
) -> tuple[Match, ...]:
    """Return the made pictures that look like a training picture, each with the one that it looks most like.

    Args:
        made: (N, H, W, 3) uint8 RGB, at least 16 pixels a side.
        train: (T, H, W, 3).
        also: (N,) a training picture for each made one to compare with whatever their hashes say.

    Raises:
        UsageError: The sets are no such pictures, or differ in size.
    """
    check_pictures(made, "made pictures", 1, LEAST)
    check_pictures(train, "training pictures", 1, LEAST)
    check_same(made.shape[1:3], train.shape[1:3], "size")
    known, originals = difference_hashes(train), _reduced(train)
    found: dict[int, Match] = {}
    for mirrored in (False, True):
        shown = np.ascontiguousarray(made[:, :, ::-1]) if mirrored else made
        candidates = _candidates(difference_hashes(shown), known)
        for number, picture in enumerate(_reduced(shown)):
            others = candidates[number] | ({also[number]} if also is not None and not mirrored else set())
            best = _best(number, picture, originals, sorted(others), mirrored)
            if best and (number not in found or best.ssim > found[number].ssim):
                found[number] = best
    return tuple(found[number] for number in sorted(found))


# Krawetz 2013, "Kind of like that" (dHash): is a cell brighter than the one to its left?
def difference_hashes(pictures: Pictures) -> Hashes:
    """Return (N,) hashes of 64 bits: in 8 rows of 9 cells, whether luminance rises from each to the next.

    Args:
        pictures: (N, H, W, 3) uint8 RGB.
    """
    import cv2

    hashes = np.empty(len(pictures), np.uint64)
    for number, picture in enumerate(pictures):
        luma = cv2.cvtColor(picture.astype(np.float32), cv2.COLOR_RGB2GRAY)
        cells = np.asarray(cv2.resize(luma, (9, 8), interpolation=cv2.INTER_AREA))
        hashes[number] = np.packbits(cells[:, 1:] > cells[:, :-1]).view(np.uint64)[0]
    return hashes


def hash_distances(first: Hashes, second: Hashes) -> npt.NDArray[np.uint8]:
    """Return (N, M) numbers of bits in which hashes differ."""
    return np.asarray(np.bitwise_count(first[:, None] ^ second[None, :]))


def _candidates(hashes: Hashes, known: Hashes) -> list[set[int]]:
    """Return for each hash the nearest of those that are near enough."""
    found: list[set[int]] = []
    rows = max(1, _BLOCK // len(known))
    for start in range(0, len(hashes), rows):
        for distances in hash_distances(hashes[start : start + rows], known):
            near = np.flatnonzero(distances <= HASH_BITS)
            nearest = near[np.argsort(distances[near], kind="stable")[:_MOST_CANDIDATES]]
            found.append({int(number) for number in nearest})
    return found


def _best(
    number: int, picture: Pictures, originals: Pictures, candidates: Sequence[int], mirrored: bool
) -> Match | None:
    likes = {train: ssim(originals[train], picture) for train in candidates}
    train = max(likes, key=lambda key: likes[key], default=None)
    if train is None or likes[train] < LEAST_SSIM:
        return None
    return Match(number, train, likes[train], mirrored)


def _reduced(pictures: Pictures) -> Pictures:
    """Return (N, 32, 32, 3), or the pictures if they are smaller."""
    import cv2

    if min(pictures.shape[1:3]) <= _SIDE:
        return np.ascontiguousarray(pictures)
    reduced = [cv2.resize(p, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA) for p in pictures]
    return np.stack([np.asarray(p, np.uint8) for p in reduced])
