"""All measures of one generator, each beside the same measure of real pictures against real ones.

A distance between two samples is never 0, and how large it is for nothing depends on how many pictures there
are and of what. So the real pictures are split at random, several times: what one half is from the other is
what a perfect generator would get. Made pictures are compared with that other half, just as many of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError
from forensics.generators.evaluation.checks import Pictures, check_pictures, check_same
from forensics.generators.evaluation.comparison import Figure, Measured, figures
from forensics.generators.evaluation.extractor import Extractor, extract
from forensics.generators.evaluation.laplacian import LEAST
from forensics.generators.evaluation.memorisation import Memorisation, memorisation
from forensics.generators.evaluation.spectrum import log_profiles, ring_frequencies

__all__ = ["Measure", "Report", "Spectra", "Spread", "evaluate"]

Numbers = npt.NDArray[np.int64]
LEAST_COUNT = 8  # pictures on each side: balls reach to the fifth neighbour
_EXTRACTION, _COPIES = 8, 4  # how long they take of one set, if a comparison takes 1


@dataclass(frozen=True)
class Spread:
    """A figure over all splits of the real pictures."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Measure:
    """One measure.

    Attributes:
        name: For programs; stable.
        title: For people, with the unit.
        made: Of made pictures against real ones.
        real: Of other real pictures against the same real ones: what a perfect generator would get.
        more_is_nearer: Larger means nearer, as of precision; of distances it is the other way.
    """

    name: str
    title: str
    made: Spread
    real: Spread
    more_is_nearer: bool = False

    @property
    def beyond(self) -> bool:
        """Whether made pictures are farther from real ones, in every split, than these in any."""
        if self.more_is_nearer:
            return self.made.high < self.real.low
        return self.made.low > self.real.high


@dataclass(frozen=True)
class Spectra:
    """Mean log10 power of luminance at every frequency.

    Attributes:
        frequencies: (R,) in cycles per pixel.
        made: (R,) of the made pictures.
        real: (R,) of the real ones.
        low: (R,) least of the parts that the real ones were split into.
        high: (R,) most of them.
    """

    frequencies: tuple[float, ...]
    made: tuple[float, ...]
    real: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True)
class Report:
    """What was measured of a generator.

    Attributes:
        width: Of all pictures, in pixels.
        height: Likewise.
        count: Pictures on each side of every comparison.
        made: Made pictures given; if more than `count`, each split draws from them.
        real: Real pictures given; if more than twice `count`, each split draws from them.
        seed: Of all draws.
        features: What made features, if anything.
        measures: All measures.
        spectra: What the distance of spectra is of.
        copies: How many made pictures are copies of training pictures, if those were given.
        control: How many real ones are. If they are not among the training pictures, that is how often a
            picture looks like a copy and is none; if they are, the measures are worth little.
    """

    width: int
    height: int
    count: int
    made: int
    real: int
    seed: int
    features: str | None
    measures: tuple[Measure, ...]
    spectra: Spectra = field(repr=False)
    copies: Memorisation | None = None
    control: Memorisation | None = None


def evaluate(
    made: Pictures,
    real: Pictures | Sequence[Pictures],
    *,
    train: Pictures | None = None,
    features: Extractor | None = None,
    splits: int = 8,
    seed: int = 0,
    advance: Callable[[float], None] = lambda _: None,
) -> Report:
    """Measure how near made pictures are to real ones.

    Every comparison is of as many pictures as there are made ones, or of half of the real ones if that is
    less: twice as many real pictures as made ones leave none out. Squares of one picture are alike: on both
    sides of a split they would make real pictures nearer to each other than new ones can be.

    Args:
        made: (N, H, W, 3) uint8 RGB, at least 8, and 16 pixels a side.
        real: (M, H, W, 3), at least 16, which the generator was not trained on. If some were cut from one
            picture, a list of what each picture gave: that stays on one side of every split.
        train: (T, H, W, 3), at least 2, that it was trained on, to look for copies.
        features: Makes features, for the measures that need them.
        splits: How often the real pictures are split, at least 2.
        seed: Of all draws: the same gives the same report.
        advance: Called with the share of the work done, 0 to 1.

    Raises:
        UsageError: The sets are no such pictures, too few or of too few, or differ in size.
    """
    whole, origins = _together(real)
    _check(made, whole, train, splits)
    count = _count(len(made), origins)
    extraction, copying = _EXTRACTION * (features is not None), _COPIES * (train is not None)
    steps = _Steps(2 * (1 + splits + extraction + copying), advance)
    fake, true = (_measured(pictures, features, steps) for pictures in (made, whole))
    draws = [np.random.default_rng([seed, i]) for i in range(splits)]
    rounds = [_round(fake, _halves(true, origins, count, rng), rng, steps) for rng in draws]
    copies, control = (_copies(pictures, train, steps) for pictures in (made, whole))
    return Report(
        width=made.shape[2],
        height=made.shape[1],
        count=count,
        made=len(made),
        real=len(whole),
        seed=seed,
        features=features.name if features else None,
        measures=_measures(rounds),
        spectra=_spectra(fake, true, rounds),
        copies=copies,
        control=control,
    )


class _Steps:
    """How much of the work is done."""

    def __init__(self, total: int, tell: Callable[[float], None]) -> None:
        self._done, self._total, self._tell = 0.0, total, tell

    def add(self, steps: float) -> None:
        self._done += steps
        self._tell(min(1.0, self._done / self._total))


@dataclass(frozen=True, eq=False)
class _Round:
    """One split of the real pictures."""

    halves: tuple[Measured, Measured]
    made: tuple[Figure, ...]
    real: tuple[Figure, ...]


def _measured(pictures: Pictures, features: Extractor | None, steps: _Steps) -> Measured:
    profiles = log_profiles(pictures)
    steps.add(1)
    if features is None:
        return Measured(pictures, profiles)
    share = _EXTRACTION / len(pictures)
    return Measured(pictures, profiles, extract(pictures, features, lambda more: steps.add(share * more)))


def _together(real: Pictures | Sequence[Pictures]) -> tuple[Pictures, Numbers]:
    """Return all real pictures, and the number of the picture that each was cut from."""
    if not isinstance(real, list | tuple):
        check_pictures(real, "real pictures", 1, LEAST)  # type: ignore[arg-type]
        return real, np.arange(len(real))  # type: ignore[return-value]
    parts = list(real) or [np.empty((0, LEAST, LEAST, 3), np.uint8)]
    for part in parts:
        check_pictures(part, "real pictures", 1, LEAST)
        check_same(parts[0].shape[1:3], part.shape[1:3], "size")
    return np.concatenate(parts), np.repeat(np.arange(len(parts)), [len(part) for part in parts])


def _count(made: int, origins: Numbers) -> int:
    """Return how many pictures stand on each side: so few that none is needed on both."""
    largest = int(np.bincount(origins).max())
    count = min(made, (len(origins) - largest + 1) // 2)
    if count < LEAST_COUNT:
        message = f"the real pictures are cut from too few: one alone gave {largest} of {len(origins)}"
        raise UsageError(message, expected=f">= {2 * LEAST_COUNT} of others", actual=len(origins) - largest)
    return count


def _halves(
    real: Measured, origins: Numbers, count: int, rng: np.random.Generator
) -> tuple[Measured, Measured]:
    """Split the real pictures: what was cut from one stays together, and none is in both halves."""
    order = np.argsort(rng.permutation(origins[-1] + 1)[origins], kind="stable")
    return real.part(order[:count]), real.part(order[len(order) - count :])


def _round(
    made: Measured, halves: tuple[Measured, Measured], rng: np.random.Generator, steps: _Steps
) -> _Round:
    """Compare made pictures and one half of the real ones with the other half."""
    first, second = halves
    chosen = rng.permutation(len(made.pictures))[: len(second.pictures)]
    seed = int(rng.integers(2**31))
    found = figures(made.part(chosen), second, seed)
    steps.add(1)
    alike = figures(first, second, seed)
    steps.add(1)
    return _Round(halves, found, alike)


def _measures(rounds: Sequence[_Round]) -> tuple[Measure, ...]:
    made, real = (zip(*(getattr(r, name) for r in rounds), strict=True) for name in ("made", "real"))
    return tuple(
        Measure(one[0].name, one[0].title, _spread(one), _spread(other), one[0].more_is_nearer)
        for one, other in zip(made, real, strict=True)
    )


def _spread(found: Sequence[Figure]) -> Spread:
    values = [figure.value for figure in found]
    return Spread(float(np.mean(values)), min(values), max(values))


def _spectra(made: Measured, real: Measured, rounds: Sequence[_Round]) -> Spectra:
    parts = np.stack([half.profiles.mean(axis=0) for r in rounds for half in r.halves])
    rows = (
        ring_frequencies(*made.pictures.shape[1:3]),
        made.profiles.mean(axis=0),
        real.profiles.mean(axis=0),
        parts.min(axis=0),
        parts.max(axis=0),
    )
    return Spectra(*(tuple(row.tolist()) for row in rows))


def _copies(pictures: Pictures, train: Pictures | None, steps: _Steps) -> Memorisation | None:
    if train is None:
        return None
    found = memorisation(pictures, train)
    steps.add(_COPIES)
    return found


def _check(made: Pictures, real: Pictures, train: Pictures | None, splits: int) -> None:
    check_pictures(made, "made pictures", LEAST_COUNT, LEAST)
    check_pictures(real, "real pictures", 2 * LEAST_COUNT, LEAST)
    check_same(made.shape[1:3], real.shape[1:3], "size")
    if train is not None:
        check_pictures(train, "training pictures", 2, LEAST)
        check_same(made.shape[1:3], train.shape[1:3], "size")
    if splits < 2:
        raise UsageError(f"a range takes at least two splits, not {splits}", expected=">= 2", actual=splits)
