"""Distances of features against SciPy and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import sqrtm
from sklearn.metrics.pairwise import polynomial_kernel

from forensics.errors import UsageError
from forensics.generators.evaluation.features import frechet_distance, kernel_distance, squared_discrepancy

Rng = np.random.Generator


def mixed(rng: Rng, count: int, size: int) -> np.ndarray:
    return rng.standard_normal((count, size)) @ rng.standard_normal((size, size)) + rng.standard_normal(size)


def by_hand_frechet(first: np.ndarray, second: np.ndarray) -> float:
    """Equation 6 with SciPy's root of the product."""
    one, other = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    root = sqrtm(one @ other)
    return float(((first.mean(0) - second.mean(0)) ** 2).sum() + np.trace(one + other - 2 * np.real(root)))


@pytest.mark.parametrize("counts", [(200, 150), (40, 300), (12, 300)])
def test_frechet_distance_is_that_of_the_equation(rng: Rng, counts: tuple[int, int]) -> None:
    first, second = (mixed(rng, count, 10) for count in counts)
    assert frechet_distance(first, second) == pytest.approx(by_hand_frechet(first, second), rel=1e-9)


@pytest.mark.parametrize("counts", [(30, 20), (20, 400)])
def test_fewer_pictures_than_features_make_no_difference(rng: Rng, counts: tuple[int, int]) -> None:
    """SciPy's root of a singular matrix is only roughly right; a little of the identity makes it regular."""
    first, second = (rng.standard_normal((count, 50)) * np.linspace(0.1, 3, 50) for count in counts)
    one, other = (np.cov(f, rowvar=False) + 1e-9 * np.eye(50) for f in (first, second))
    apart = ((first.mean(0) - second.mean(0)) ** 2).sum()
    wanted = apart + np.trace(one + other - 2 * np.real(sqrtm(one @ other)))
    assert frechet_distance(first, second) == pytest.approx(wanted, rel=1e-3)


def test_moved_features_are_as_far_as_they_were_moved(rng: Rng) -> None:
    first = mixed(rng, 30, 64)
    assert frechet_distance(first, first) == pytest.approx(0.0, abs=1e-9 * np.trace(np.cov(first.T)))
    assert frechet_distance(first, first + 0.5) == pytest.approx(64 * 0.25)
    assert frechet_distance(first.astype(np.float32), first + 0.5) == pytest.approx(16, rel=1e-5)


def test_constant_features_are_no_trouble() -> None:
    same = np.ones((5, 4))
    assert frechet_distance(same, 3 * same) == pytest.approx(16.0)
    assert kernel_distance(same, same).mean == pytest.approx(0.0, abs=1e-12)


def test_kernel_distance_is_that_of_scikit_learn(rng: Rng) -> None:
    first, second = mixed(rng, 25, 8), mixed(rng, 40, 8)
    own, others, both = (
        polynomial_kernel(a, b, degree=3, gamma=1 / 8, coef0=1)
        for a, b in ((first, first), (second, second), (first, second))
    )
    wanted = (own.sum() - np.trace(own)) / (25 * 24) + (others.sum() - np.trace(others)) / (40 * 39)
    wanted -= 2 * both.mean()
    assert squared_discrepancy(first, second) == pytest.approx(wanted)
    found = kernel_distance(first, first[:, ::-1])  # one subset: all of both
    assert found.mean == pytest.approx(squared_discrepancy(first, first[:, ::-1]))
    assert found.deviation == 0.0


def test_kernel_distance_has_no_bias(rng: Rng) -> None:
    found = [squared_discrepancy(*rng.standard_normal((2, 20, 6))) for _ in range(400)]
    assert abs(np.mean(found)) < 4 * np.std(found) / 20
    assert min(found) < 0


def test_subsets_are_drawn_from_the_seed(rng: Rng) -> None:
    first, second = rng.standard_normal((2, 60, 5))
    found = kernel_distance(first, second, subsets=7, size=20)
    assert found == kernel_distance(first, second, subsets=7, size=20)
    assert found != kernel_distance(first, second, subsets=7, size=20, seed=1)
    assert found.deviation > 0


def test_farther_is_farther_and_both_ways_are_alike(rng: Rng) -> None:
    first, second = rng.standard_normal((2, 80, 12))
    for distance in (frechet_distance, squared_discrepancy):
        found = [distance(first, second + much) for much in (0, 0.5, 1, 2)]
        assert found == sorted(found)
        assert distance(first, second) == pytest.approx(distance(second, first))


BAD = [
    np.zeros((1, 4)),
    np.zeros((0, 4)),
    np.zeros((5, 0)),
    np.zeros(5),
    np.zeros((5, 4), int),
    np.zeros((5, 3)),
    np.full((5, 4), np.nan),
    np.full((5, 4), np.inf),
    None,
]


@pytest.mark.parametrize("wrong", BAD)
@pytest.mark.parametrize("distance", [frechet_distance, kernel_distance])
def test_what_are_no_features_is_named(distance, wrong) -> None:
    right = np.zeros((5, 4))
    for pair in ((right, wrong), (wrong, right)):
        with pytest.raises(UsageError) as caught:
            distance(*pair)
        assert caught.value.expected
