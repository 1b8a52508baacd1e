"""The audit of a set: every family of leaks alone, all together, and what is left for a detector."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from forensics.detectors.leaks.classify import cross_validated, design, folds_of, measure
from forensics.detectors.leaks.controls import controls_of
from forensics.detectors.leaks.facts import ABOUT, FAMILIES, Fact, Facts
from forensics.detectors.leaks.records import Feature, Leak, LeakReport, Measured
from forensics.detectors.leaks.sampling import Sample
from forensics.errors import UsageError

__all__ = ["BOUND", "audit_leaks", "share_of"]

BOUND = 0.55
_SHOWN = 5  # features of a family
_LOGARITHMS = ("width", "height", "aspect", "bytes per pixel")

Doubles = npt.NDArray[np.float64]


class _Experiment:
    """Two classes of pictures, and the same folds for all that is tried on them."""

    def __init__(self, reals: Sample, fakes: Sample, bound: float, seed: int) -> None:
        self.facts: tuple[Facts, ...] = (*reals.facts, *fakes.facts)
        self.sources = (*reals.sources, *fakes.sources)
        self.truth = np.arange(len(self.facts)) >= len(reals.facts)
        self.folds = folds_of(self.sources, seed)
        self.bound, self.seed = bound, seed
        self.columns: dict[str, Doubles] = {}

    def measured(self, x: Doubles) -> Measured:
        scores = cross_validated(x, self.truth, self.folds)
        return measure(scores, self.truth, self.sources, self.seed)

    def family(self, name: str) -> Leak:
        """Return what a family reaches, and each of its features alone."""
        keys = list(self.facts[0].family(name))
        parts = {key: design([facts.family(name)[key] for facts in self.facts]) for key in keys}
        features = [self._feature(name, key, x) for key, x in parts.items() if x.shape[1]]
        features.sort(key=lambda feature: -feature.measured.auc)
        self.columns[name] = np.concatenate(list(parts.values()), axis=1)
        return self.leak(name, self.columns[name], tuple(features[:_SHOWN]))

    def leak(self, name: str, x: Doubles, features: tuple[Feature, ...] = ()) -> Leak:
        measured = self.measured(x)
        leaks = measured.low > self.bound
        return Leak(family=name, about=ABOUT[name], measured=measured, leaks=leaks, features=features)

    def _feature(self, family: str, key: str, x: Doubles) -> Feature:
        values = [facts.family(family)[key] for facts in self.facts]
        real, fake = (
            _usual(key, [v for v, is_fake in zip(values, self.truth, strict=True) if is_fake == which])
            for which in (False, True)
        )
        return Feature(name=key, measured=self.measured(x), real=real, fake=fake)


def audit_leaks(reals: Sample, fakes: Sample, bound: float = BOUND, seed: int = 0) -> LeakReport:
    """Return what tells two classes apart without a look at what their pictures show.

    All figures are of classifiers that were fitted to pictures of other sources.

    Args:
        reals: Real pictures.
        fakes: Fakes.
        bound: An area under the ROC curve is a leak if its 95 % interval is above this, 0.5 to 1.
        seed: Of folds, bootstrap and controls.

    Raises:
        UsageError: The bound is out of its range.
    """
    if not 0.5 <= bound < 1:
        raise UsageError(
            "the bound is an area under the curve", expected="0.5 or more, below 1", actual=bound
        )
    tried = _Experiment(reals, fakes, bound, seed)
    families = [tried.family(name) for name in FAMILIES]
    everything = np.concatenate(list(tried.columns.values()), axis=1)
    leaks = (*families, tried.leak("all", everything))
    x = np.stack([facts.seen for facts in tried.facts])
    spread = x.std(axis=0)
    pixels = (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1)
    detector = tried.measured(np.concatenate([everything, pixels], axis=1))
    return LeakReport(
        reals=len(reals.facts),
        fakes=len(fakes.facts),
        sources=len(set(tried.sources)),
        unreadable=(*reals.unreadable, *fakes.unreadable),
        bound=bound,
        leaks=leaks,
        controls=controls_of(reals, fakes, bound, seed),
        detector=detector,
        share=share_of([leak.measured for leak in leaks], detector),
    )


def share_of(leaks: Sequence[Measured], detector: Measured) -> float | None:
    """Return how much of what is reached beyond chance needs no look at the content, 0 to 1.

    (A - 1/2) / (D - 1/2), with the accuracy A of the strongest leak that is surely above chance, and D of the
    detector or that leak, whichever is larger. None where neither is surely above chance.

    Args:
        leaks: What each family reaches, and all together.
        detector: What a detector of everything reaches.
    """
    sure = [leak.accuracy - 0.5 for leak in leaks if leak.low > 0.5]
    most = max(sure, default=0.0)
    reached = max([most, *([detector.accuracy - 0.5] if detector.low > 0.5 else [])])
    return None if reached <= 0 else max(0.0, most / reached)


def _usual(key: str, values: list[Fact]) -> str:
    """Return the usual value of one class as people read it."""
    numbers = [value for value in values if not isinstance(value, str)]
    if not numbers:
        return str(Counter(values).most_common(1)[0][0])
    middle = float(np.median(numbers))
    return f"{2**middle if key in _LOGARITHMS else middle:.4g}"
