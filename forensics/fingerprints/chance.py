"""How often does a picture that has nothing to do with another lie as near? Measured, not assumed.

Natural pictures are not random bits: skies are above, faces in the middle. So the distances between many
pairs of different photos were measured, each as the search looks: all positions, all windows. The table
is the upper confidence bound of what was counted, for the worst of the sets, and below the smallest
distance that was counted it goes on as a straight line on a logarithmic scale, with the slope that the tail
has there. That slope is shallow, for what lies there are things photographed alike (one shirt on the floor
and another), so that a single match in a large store is seldom beyond doubt. It names a candidate.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from forensics.errors import UsageError
from forensics.fingerprints.fingerprint import BITS, KINDS

__all__ = ["Chance", "Table", "chance", "load_chance"]


@dataclass(frozen=True)
class Table:
    """The chance of each distance for one kind of fingerprint.

    Attributes:
        kind: A name in `KINDS`.
        name: The pictures that it was measured on.
        pictures: How many there were.
        pairs: Pairs of different pictures.
        counted_from: Below this distance the table of at least one of the sets is drawn on.
        log10_p: 257 values, for distances of at most 0 to 256 bits.
    """

    kind: str
    name: str
    pictures: int
    pairs: int
    counted_from: int
    log10_p: tuple[float, ...]


@dataclass(frozen=True)
class Chance:
    """How surprising a distance is.

    Attributes:
        distance: Bits that differ.
        entries: How many entries were searched.
        log10_one: Logarithm of the chance that one unrelated entry lies as near, in any position and look.
        p_value: Chance that any of so many unrelated entries lies as near, in [0, 1].
    """

    distance: int
    entries: int
    log10_one: float
    p_value: float


def chance(kind: str, distance: int, entries: int, looks: int = 1) -> Chance:
    """Return the chance that unrelated entries explain a distance.

    Args:
        kind: A name in `KINDS`.
        distance: Bits that differ, the least over positions and windows.
        entries: How many entries of that kind were searched.
        looks: How often each was, with the eight positions of one picture or of a part of it.

    Raises:
        UsageError: There is no such kind or distance, or there are no entries or looks.

    Example:
        >>> chance("dct", 20, 1000).p_value < 1e-3 < chance("dct", 100, 1000).p_value
        True
    """
    if not 0 <= distance <= BITS or entries < 1 or looks < 1:
        raise UsageError("a distance lies in 0 to 256, and there is at least one entry", actual=distance)
    # The union bound is never below the truth, whatever entries and looks have to do with one another.
    one = min(0.0, load_chance(kind).log10_p[distance] + math.log10(looks))
    return Chance(distance, entries, one, min(1.0, 10 ** min(0.0, one + math.log10(entries))))


@cache
def load_chance(kind: str) -> Table:
    """Return the table of a kind.

    Raises:
        UsageError: There is no such kind.
    """
    if kind not in KINDS:
        raise UsageError(f"no such kind of fingerprint: {kind!r}", expected=", ".join(KINDS), actual=kind)
    text = (files("forensics.fingerprints") / "tables" / f"{kind}.json").read_text(encoding="utf-8")
    record = json.loads(text)
    return Table(
        kind=record["kind"],
        name=record["name"],
        pictures=record["pictures"],
        pairs=record["pairs"],
        counted_from=record["counted_from"],
        log10_p=tuple(record["log10_p"]),
    )
