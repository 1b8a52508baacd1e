"""Scores of classifiers, use of tokens, curves of Sajjadi, and equivariance, against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.ndimage import uniform_filter
from scipy.special import softmax
from scipy.stats import entropy

from forensics.errors import UsageError
from forensics.generators.evaluation.curves import curve_of, precision_recall_curve
from forensics.generators.evaluation.equivariance import rotation_equivariance, translation_equivariance
from forensics.generators.evaluation.scores import chances_of, code_use, inception_score


def test_certain_and_even_answers_score_as_many_as_there_are_classes() -> None:
    assert inception_score(np.tile(np.eye(7), (20, 1)), 4).mean == pytest.approx(7)
    assert inception_score(np.full((40, 7), 1 / 7), 4).mean == pytest.approx(1)
    assert inception_score(np.tile(np.eye(7)[:1], (40, 1)), 4).mean == pytest.approx(1)


def test_scores_are_exponents_of_divergences(rng: np.random.Generator) -> None:
    chances = chances_of(rng.standard_normal((30, 5)) * 2)
    parts = [np.exp(entropy(part.T, part.mean(0)[:, None]).mean()) for part in np.split(chances, 3)]
    found = inception_score(chances, 3)
    assert (found.mean, found.deviation) == pytest.approx((np.mean(parts), np.std(parts)))
    logits = rng.standard_normal((3, 4)) * 300
    np.testing.assert_allclose(chances_of(logits), softmax(logits, axis=1), atol=1e-12)
    for wrong in (np.ones((20, 3)), chances[:2]):
        with pytest.raises(UsageError):
            inception_score(wrong)


def test_tokens_that_are_used_are_counted() -> None:
    even = code_use(np.arange(8).reshape(2, 2, 2).repeat(5, 0), 16)
    assert (even.share, even.perplexity) == pytest.approx((0.5, 8.0))
    one = code_use(np.zeros(10, int), 16)
    assert (one.share, one.perplexity) == pytest.approx((1 / 16, 1.0))
    uneven = code_use(np.array([0, 0, 0, 1]), 2)
    assert uneven.perplexity == pytest.approx(math.exp(entropy([0.75, 0.25])))
    with pytest.raises(UsageError):
        code_use(np.array([16]), 16)


def test_curves_of_parts_end_at_their_shares() -> None:
    """Sajjadi et al. 2018, section 3: half of the modes give recall one half at full precision."""
    half, whole = np.array([0.5, 0.5, 0, 0]), np.full(4, 0.25)
    curve = curve_of(half, whole)
    assert curve.precision.max() == pytest.approx(1.0)
    assert curve.recall.max() == pytest.approx(0.5)
    turned = curve_of(whole, half)
    assert (turned.precision.max(), turned.recall.max()) == pytest.approx((0.5, 1.0))
    assert curve_of(whole, whole).best(1.0) == pytest.approx(1.0, abs=1e-3)
    assert curve_of(np.array([1.0, 0]), np.array([0, 1.0])).best(1.0) == pytest.approx(0.0, abs=1e-3)
    assert curve.best(8.0) < 0.55
    assert curve.best(1 / 8) > 0.95
    at_one = len(curve.precision) // 2  # both count the same: what both distributions share
    assert curve.precision[at_one] == pytest.approx(np.minimum(half, whole).sum(), abs=1e-6)


def test_curves_of_features_know_modes_that_are_missing(rng: np.random.Generator) -> None:
    centres = 20 * np.eye(4)
    real = centres[rng.integers(0, 4, 300)] + rng.standard_normal((300, 4))
    same = centres[rng.integers(0, 4, 300)] + rng.standard_normal((300, 4))
    part = centres[rng.integers(0, 2, 300)] + rng.standard_normal((300, 4))
    curve, fewer = (precision_recall_curve(made, real, 1, clusters=4, runs=3) for made in (same, part))
    assert min(curve.best(8.0), curve.best(1 / 8)) > 0.85
    assert fewer.best(1 / 8) > 0.85
    assert fewer.best(8.0) < 0.7
    with pytest.raises(UsageError, match="clusters"):
        precision_recall_curve(real[:3], same[:3], 1)
    with pytest.raises(UsageError, match="differ"):
        precision_recall_curve(real, same[:, :2], 1)


def smooth(rng: np.random.Generator, side: int = 24) -> np.ndarray:
    return uniform_filter(rng.random((2, 1, side, side)), (0, 0, 7, 7), mode="wrap")


def test_what_treats_all_places_alike_is_equivariant(rng: np.random.Generator) -> None:
    z = rng.random((2, 1, 16, 16))

    def doubled(x: np.ndarray) -> np.ndarray:
        return x.repeat(2, 2).repeat(2, 3) ** 2

    assert translation_equivariance(doubled, z, [(1, 0), (-2, 3)]) == math.inf
    assert rotation_equivariance(doubled, z, [90, 180]) == math.inf
    assert rotation_equivariance(lambda x: x**2, smooth(rng), [20]) > 30  # the error of the splines alone


def test_what_knows_its_place_is_not(rng: np.random.Generator) -> None:
    """A ramp that is added: a shift by n places makes an error of n steps of it."""
    ramp = 0.01 * np.arange(16)
    found = translation_equivariance(lambda x: x + ramp, rng.random((1, 1, 16, 16)), [(0, 2)])
    assert found == pytest.approx(10 * math.log10(1 / 0.02**2))
    across = rotation_equivariance(lambda x: uniform_filter(x, (0, 0, 1, 5)), smooth(rng), [90])
    assert across < 40
    with pytest.raises(UsageError, match="leaves nothing"):
        translation_equivariance(lambda x: x, rng.random((1, 1, 8, 8)), [(3, 0)])
    with pytest.raises(UsageError, match="multiples"):
        translation_equivariance(lambda x: x[:, :, 1:], rng.random((1, 1, 8, 8)), [(1, 0)])
    with pytest.raises(UsageError, match="squares"):
        rotation_equivariance(lambda x: x, rng.random((1, 1, 8, 6)), [90])
