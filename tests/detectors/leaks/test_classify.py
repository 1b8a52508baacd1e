"""Small classifiers against independent references, and on noise."""

from __future__ import annotations

import numpy as np
import pytest

from forensics.detectors.leaks.auditing import share_of
from forensics.detectors.leaks.classify import (
    area,
    balanced_accuracy,
    cross_validated,
    design,
    folds_of,
    logistic,
    measure,
)
from forensics.detectors.leaks.records import Measured


def test_area_is_that_of_scikit_learn_also_with_ties() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    truth = rng.random(200) < 0.3
    for scores in (rng.normal(size=200) + truth, rng.integers(0, 4, 200).astype(float)):
        assert area(scores, truth) == pytest.approx(metrics.roc_auc_score(truth, scores))
    assert area(np.zeros(4), np.array([True, False, True, False])) == 0.5
    assert area(np.ones(3), np.ones(3, bool)) == 0.5


def test_logistic_is_that_of_scikit_learn_with_balanced_classes() -> None:
    linear = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(1)
    truth = rng.random(300) < 0.2
    x = rng.normal(size=(300, 4)) + truth[:, None] * [0.5, 0, -1, 0]
    ours = logistic(x, truth)
    theirs = linear.LogisticRegression(C=1.0, class_weight="balanced", tol=1e-10, max_iter=1000).fit(x, truth)
    assert np.allclose(ours[:-1], theirs.coef_[0], atol=1e-4)
    assert ours[-1] == pytest.approx(theirs.intercept_[0], abs=1e-4)


def test_separated_classes_do_not_break_it() -> None:
    x = np.concatenate([np.zeros((50, 1)), np.ones((50, 1))])
    truth = x[:, 0] > 0
    scores = cross_validated(x, truth, folds_of([str(n) for n in range(100)], 0))
    assert np.isfinite(scores).all()
    assert (area(scores, truth), balanced_accuracy(scores, truth)) == (1.0, 1.0)


def test_what_says_nothing_is_chance_and_not_less() -> None:
    truth = np.arange(100) % 2 == 0
    scores = cross_validated(np.zeros((100, 0)), truth, folds_of([str(n) for n in range(100)], 0))
    assert area(scores, truth) == pytest.approx(0.5, abs=0.12)
    assert balanced_accuracy(np.zeros(100), truth) == 0.5


def test_one_source_is_in_one_fold_and_known_sources_help_nobody() -> None:
    rng = np.random.default_rng(2)
    sources = [str(n // 10) for n in range(400)]  # forty people, each real or fake as a whole
    truth = np.arange(400) // 10 % 2 == 0
    person = np.eye(40)[np.arange(400) // 10]
    folds = folds_of(sources, 0)
    assert all(
        len({f for f, s in zip(folds, sources, strict=True) if s == name}) == 1 for name in set(sources)
    )
    assert area(cross_validated(person, truth, folds), truth) < 0.65
    mixed = rng.integers(0, 5, 400)
    assert area(cross_validated(person, truth, mixed), truth) == 1.0


def test_intervals_are_wider_where_sources_are_few() -> None:
    rng = np.random.default_rng(3)
    truth = np.arange(400) % 2 == 0
    scores = np.repeat(rng.normal(size=20), 20) + rng.normal(size=400) + 0.5 * truth
    many = measure(scores, truth, [str(n) for n in range(400)], 0)
    few = measure(scores, truth, [str(n // 20) for n in range(400)], 0)
    assert many.auc == few.auc
    assert many.low <= many.auc <= many.high
    assert measure(scores, truth, [str(n) for n in range(400)], 0) == many


def test_design_sees_words_and_values_that_are_not_in_order() -> None:
    assert design(["a"] * 10).shape == (10, 0)
    assert design([1.0] * 10).shape == (10, 0)
    assert design(["a", "b"] * 10).shape == (20, 2)
    numbers = [1.0, 2.0, 3.0] * 40  # 2 is fake, which no threshold tells
    truth = np.asarray(numbers) == 2.0
    assert (
        area(cross_validated(design(numbers), truth, folds_of(list(map(str, range(120))), 0)), truth) == 1.0
    )
    rare = [f"{n}" for n in range(100)]
    assert design(rare).shape[1] == 0


def test_the_share_of_what_is_reached() -> None:
    def of(accuracy: float, low: float = 0.6) -> Measured:
        return Measured(accuracy=accuracy, auc=accuracy, low=low, high=1.0)

    assert share_of([of(0.7), of(0.6)], of(0.9)) == pytest.approx(0.5)
    assert share_of([of(0.9)], of(0.8)) == 1.0
    assert share_of([of(0.7, low=0.45)], of(0.9)) == 0.0
    assert share_of([of(0.7, low=0.45)], of(0.6, low=0.4)) is None
