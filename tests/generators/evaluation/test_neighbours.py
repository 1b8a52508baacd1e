"""Shares of features in balls, against scikit-learn and loops."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import NearestNeighbors

from forensics.errors import UsageError
from forensics.generators.evaluation import neighbours
from forensics.generators.evaluation.neighbours import (
    DensityCoverage,
    PrecisionRecall,
    density_coverage,
    precision_recall,
    squared_distances,
)

Rng = np.random.Generator


def radii(features: np.ndarray, k: int) -> np.ndarray:
    found = NearestNeighbors(n_neighbors=k + 1).fit(features).kneighbors(features)
    return found[0][:, k]  # the first is the feature itself


def inside(points: np.ndarray, centres: np.ndarray, k: int) -> np.ndarray:
    """(points, centres) whether a point is in a ball."""
    return pairwise_distances(points, centres) <= radii(centres, k)


@pytest.fixture
def sets(rng: Rng) -> tuple[np.ndarray, np.ndarray]:
    return 1.2 * rng.standard_normal((70, 6)) + 0.4, rng.standard_normal((90, 6))


@pytest.mark.parametrize("k", [1, 3, 5])
def test_shares_are_those_of_scikit_learn(sets: tuple[np.ndarray, np.ndarray], k: int) -> None:
    made, real = sets
    found = precision_recall(made, real, k)
    assert found.precision == pytest.approx(inside(made, real, k).any(axis=1).mean())
    assert found.recall == pytest.approx(inside(real, made, k).any(axis=1).mean())
    balls = density_coverage(made, real, k)
    assert balls.density == pytest.approx(inside(made, real, k).sum() / (k * len(made)))
    assert balls.coverage == pytest.approx(inside(made, real, k).any(axis=0).mean())
    assert 0 < found.precision < 1
    assert 0 < balls.coverage < 1


def test_blocks_make_no_difference(sets, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = precision_recall(*sets), density_coverage(*sets)
    monkeypatch.setattr(neighbours, "_BLOCK", 200)
    assert (precision_recall(*sets), density_coverage(*sets)) == whole


def test_distances_are_those_of_scikit_learn(sets: tuple[np.ndarray, np.ndarray]) -> None:
    found = np.concatenate(list(squared_distances(*sets)))
    np.testing.assert_allclose(found, pairwise_distances(*sets) ** 2, atol=1e-12)


def test_equal_sets_hold_each_other_and_far_ones_nothing(rng: Rng) -> None:
    features = rng.standard_normal((50, 4))
    assert precision_recall(features, features) == PrecisionRecall(1.0, 1.0)
    assert density_coverage(features, features).coverage == 1.0
    assert precision_recall(features, features + 100) == PrecisionRecall(0.0, 0.0)
    assert density_coverage(features, features + 100) == DensityCoverage(0.0, 0.0)


def test_density_of_like_sets_is_about_one(rng: Rng) -> None:
    found = [density_coverage(*rng.standard_normal((2, 200, 8))).density for _ in range(5)]
    assert np.mean(found) == pytest.approx(1.0, abs=0.1)


def test_lost_kinds_cost_recall_and_odd_pictures_cost_precision(rng: Rng) -> None:
    kinds = rng.standard_normal((200, 5)) + np.repeat([[0.0], [50.0]], 100, axis=0)
    one, odd = rng.standard_normal((100, 5)), rng.standard_normal((100, 5)) * 40 - 100
    lost = precision_recall(one, kinds)
    assert lost.precision > 0.8
    assert lost.recall < 0.55
    assert density_coverage(one, kinds).coverage < 0.55
    strange = precision_recall(np.concatenate([kinds[::2], odd]), kinds)
    assert strange.precision < 0.55
    assert strange.recall > 0.8


@pytest.mark.parametrize("function", [precision_recall, density_coverage])
def test_what_cannot_be_counted_is_refused(function) -> None:
    right = np.random.default_rng(0).standard_normal((9, 4))
    for wrong in (right[:3], right[:, :3], right * np.nan, right[0], right.astype(int)):
        with pytest.raises(UsageError):
            function(wrong, right, 3)
        with pytest.raises(UsageError):
            function(right, wrong, 3)
    with pytest.raises(UsageError, match="number 0"):
        function(right, right, 0)
