"""What is measured of two sets, and parts of sets."""

from __future__ import annotations

import numpy as np
import pytest

from forensics.generators.evaluation.comparison import Measured, figures
from forensics.generators.evaluation.features import frechet_distance
from forensics.generators.evaluation.laplacian import sliced_wasserstein
from forensics.generators.evaluation.spectrum import log_profiles, spectral_distance


def measured(pictures: np.ndarray) -> Measured:
    return Measured(pictures, log_profiles(pictures), pictures.mean(axis=(1, 2)))


def test_figures_are_those_of_the_measures(pictures: np.ndarray) -> None:
    first, second = measured(pictures[:30]), measured(pictures[30:60])
    found = {figure.name: figure.value for figure in figures(first, second, 7)}
    levels = sliced_wasserstein(first.pictures, second.pictures, seed=7)
    assert found["sliced_wasserstein_16"] == levels.levels[1].distance
    assert found["sliced_wasserstein"] == levels.mean
    assert found["spectral_distance"] == spectral_distance(first.profiles, second.profiles)
    assert found["frechet_distance"] == pytest.approx(frechet_distance(first.features, second.features))


def test_without_features_there_are_figures_of_pictures_only(pictures: np.ndarray) -> None:
    first, second = (Measured(s, log_profiles(s)) for s in (pictures[:10], pictures[10:20]))
    assert [figure.name for figure in figures(first, second, 0)] == [
        "sliced_wasserstein_32", "sliced_wasserstein_16", "sliced_wasserstein", "spectral_distance",
    ]  # fmt: skip


def test_a_part_has_all_of_its_pictures_and_no_more(pictures: np.ndarray) -> None:
    rows = np.array([5, 2, 9])
    part = measured(pictures).part(rows)
    alone = measured(pictures[rows])
    for name in ("pictures", "profiles", "features"):
        np.testing.assert_allclose(getattr(part, name), getattr(alone, name))
    assert Measured(pictures, log_profiles(pictures)).part(rows).features is None
