"""How often chance looks like a mark, measured on unmarked pictures by the looks that detection takes.

Every search of every look is measured on its own (`Nulls`). Together they are more careful than they need be:
how much is measured too, and counted (`Together`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import numpy.typing as npt

from forensics.watermark.codecs import Look, available, looks
from forensics.watermark.keys import Key
from forensics.watermark.spread.codec import SPREAD, Codec, nulls_for
from forensics.watermark.spread.nulls import Nulls, Trial, measure, nulls_of
from forensics.watermark.statistics import Together, fit_together

__all__ = ["Counted", "Tried", "calibrated", "counted", "try_picture"]

Tried = tuple[tuple[Trial, ...], ...]


@dataclass(frozen=True)
class Counted:
    """What it costs that a mark is looked for in several ways.

    Attributes:
        ways: How many.
        together: How rarely all of them give a small p-value.
    """

    ways: int
    together: Together

    def of_all(self, log10_p: float) -> float:
        """Return the log10 p-value of the best of all ways, whose own is given."""
        return self.together.corrected(log10_p + math.log10(self.ways))

    def of_each(self, rate: float) -> float:
        """Return the rate at which each way may take chance for a mark, so that all do at a given one."""
        return math.pow(10.0, self.together.allowed(math.log10(rate))) / self.ways


def try_picture(
    luma: npt.NDArray[np.uint8], keys: Sequence[Key], taken: Sequence[Look] | None = None
) -> Tried:
    """Look for the marks of fresh keys in an unmarked picture.

    Args:
        luma: (H, W).
        keys: With which nothing was ever marked.
        taken: The looks to take; every way that there is if None.

    Returns:
        For each way, a trial of each key.
    """
    tried: list[tuple[Trial, ...]] = []
    for look in taken or looks(available()):
        plans = [codec.plan(key) for codec in look.codecs for key in keys]
        found = measure(luma, plans, look.front)
        tried += [tuple(found[i : i + len(keys)]) for i in range(0, len(plans), len(keys))]
    return tuple(tried)


def calibrated(name: str, pictures: Iterable[Tried]) -> tuple[Nulls, ...]:
    """Return the nulls of each front end that measured pictures follow.

    Args:
        name: What to call the set of pictures.
        pictures: What `try_picture` gave for each.

    Raises:
        UsageError: There are too few.
    """
    measured = list(pictures)
    ways = _ways(looks(available()))
    fronts = dict.fromkeys(codec.front.name for codec in ways)
    nulls = [nulls_of(name, _of_front(measured, ways, front), front) for front in fronts]
    trials = {
        (codec.name, codec.front.name): [trial for tried in measured for trial in tried[i]]
        for i, codec in enumerate(ways)
    }
    for taken in _choices():
        together = _together(taken, trials, nulls)
        last = nulls.index(nulls_for(taken[-1].codecs[0], nulls))
        nulls[last] = replace(nulls[last], together={**nulls[last].together, _named(taken): together})
    return tuple(nulls)


def _choices() -> Iterator[tuple[Look, ...]]:
    """Yield the looks for the marks of any choice of codecs, and those without ONNX Runtime."""
    for count in range(len(available())):
        yield from map(looks, combinations(available(), count + 1))
    yield (Look((SPREAD,)),)


def counted(taken: Sequence[Look], nulls: Sequence[Nulls] = ()) -> Counted:
    """Return what it costs that a mark is looked for in several ways.

    Args:
        taken: All looks that would be taken if none found anything.
        nulls: Measured; what ships is taken for front ends that are not among them.
    """
    together = nulls_for(taken[-1].codecs[0], nulls).together
    return Counted(len(_ways(taken)), together.get(_named(taken), Together()))


def _ways(taken: Sequence[Look]) -> list[Codec]:
    return [codec for look in taken for codec in look.codecs]


def _named(taken: Sequence[Look]) -> str:
    """Name a set of looks by the codecs that the last one is for: it is for all."""
    return "+".join(codec.name for codec in taken[-1].codecs)


def _of_front(measured: Sequence[Tried], ways: Sequence[Codec], front: str) -> Iterator[list[Trial]]:
    """Yield the trials of each picture through one front end."""
    for tried in measured:
        yield [
            t for codec, trials in zip(ways, tried, strict=True) if codec.front.name == front for t in trials
        ]


def _together(
    taken: Sequence[Look], trials: dict[tuple[str, str], list[Trial]], nulls: Sequence[Nulls]
) -> Together:
    """Return how rarely some looks together give a small p-value."""
    found = np.array(
        [
            [
                nulls_for(codec, nulls).log10_p(trial, quick=look.quick)
                for trial in trials[codec.name, codec.front.name]
            ]
            for look in taken
            for codec in look.codecs
        ]
    )
    return fit_together((found.min(axis=0) + math.log10(len(found))).tolist())
