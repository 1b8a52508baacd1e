"""All measures of two sets of pictures, without what they mean: that takes a `report`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.generators.evaluation.checks import Pictures
from forensics.generators.evaluation.features import frechet_distance, kernel_distance
from forensics.generators.evaluation.laplacian import sliced_wasserstein
from forensics.generators.evaluation.neighbours import density_coverage, precision_recall
from forensics.generators.evaluation.spectrum import spectral_distance

__all__ = ["Figure", "Measured", "figures"]

_SUBSETS = 10  # of the kernel distance

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Measured:
    """Pictures, and what was computed of each of them once.

    Attributes:
        pictures: (N, H, W, 3) uint8 RGB.
        profiles: (N, R) their log10 spectra.
        features: (N, D), if there is what makes them.
    """

    pictures: Pictures
    profiles: Doubles
    features: Doubles | None = None

    def part(self, rows: npt.NDArray[np.int64]) -> Measured:
        """Return some of the pictures.

        Args:
            rows: Their numbers.
        """
        features = None if self.features is None else self.features[rows]
        return Measured(self.pictures[rows], self.profiles[rows], features)


@dataclass(frozen=True)
class Figure:
    """One measure of two sets.

    Attributes:
        name: For programs.
        title: For people, with the unit.
        value: What was measured.
        more_is_nearer: Larger means nearer.
    """

    name: str
    title: str
    value: float
    more_is_nearer: bool = False


def figures(made: Measured, real: Measured, seed: int) -> tuple[Figure, ...]:
    """Return all measures of two sets of equally many pictures.

    Args:
        made: One set.
        real: The other, of which balls are drawn for density and coverage.
        seed: Of patches, lines and subsets.
    """
    return (*_of_pictures(made, real, seed), *_of_features(made.features, real.features, seed))


def _of_pictures(made: Measured, real: Measured, seed: int) -> Iterator[Figure]:
    textures = sliced_wasserstein(made.pictures, real.pictures, seed=seed)
    for level in textures.levels:
        side = level.side
        yield Figure(f"sliced_wasserstein_{side}", f"SWD at {side} px", level.distance)
    yield Figure("sliced_wasserstein", "SWD, mean", textures.mean)
    yield Figure("spectral_distance", "spectra, dB", spectral_distance(made.profiles, real.profiles))


def _of_features(made: Doubles | None, real: Doubles | None, seed: int) -> Iterator[Figure]:
    if made is None or real is None:
        return
    yield Figure("frechet_distance", "Fréchet distance", frechet_distance(made, real))
    kernel = kernel_distance(made, real, subsets=_SUBSETS, seed=seed)
    yield Figure("kernel_distance", "kernel distance", kernel.mean)
    shares = precision_recall(made, real)
    yield Figure("precision", "precision", shares.precision, True)
    yield Figure("recall", "recall", shares.recall, True)
    balls = density_coverage(made, real)
    yield Figure("density", "density", balls.density, True)
    yield Figure("coverage", "coverage", balls.coverage, True)
