"""Fusion of opinions against closed forms, scikit-learn's LDA and properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from forensics.evidence import Calibration, Evidence, Grade, Question, Status
from forensics.fusion.opinions import Dependence, Pair, fuse, load_dependence, weights

SET = Calibration(name="test", negatives=10, positives=10)
FREE = Dependence(name="independent", size=0, same=1.0, unknown=0.0)


def opinion(detector: str, llr: float | None, **changes: object) -> Evidence:
    fields: dict[str, object] = {
        "detector": detector,
        "code": f"{detector}.x",
        "question": Question.SYNTHETIC,
        "grade": Grade.OPINION,
        "status": Status.SIGNAL,
        "summary": "s",
        "llr": llr,
        "p_value": 0.5 if llr is None else None,
        "calibration": SET,
    }
    return Evidence.model_validate(fields | changes)


def test_independent_detectors_are_summed() -> None:
    fused = fuse([opinion("a", 0.7), opinion("b", -0.2)], Question.SYNTHETIC, dependence=FREE)
    assert fused.llr == pytest.approx(0.5)
    assert fused.posterior == pytest.approx(10**0.5 / (1 + 10**0.5), abs=1e-5)


def test_the_same_finding_twice_counts_as_its_mean() -> None:
    fused = fuse([opinion("a", 1.0), opinion("a", 2.0)], Question.SYNTHETIC, dependence=FREE)
    assert fused.llr == pytest.approx(1.5)


def test_half_dependent_detectors_follow_the_closed_form() -> None:
    table = load_dependence().model_copy(update={"pairs": (), "unknown": 0.5})
    fused = fuse([opinion("a", 1.2), opinion("b", 1.2)], Question.SYNTHETIC, dependence=table)
    assert fused.llr == pytest.approx(2 * 1.2 / (1 + 0.5), abs=1e-3)


def test_a_measured_pair_goes_before_the_assumption() -> None:
    table = Dependence(name="t", size=9, unknown=0.0, pairs=(Pair(codes=("b.x", "a.x"), correlation=1.0),))
    fused = fuse([opinion("a", 1.0), opinion("b", 1.0)], Question.SYNTHETIC, dependence=table)
    assert fused.llr == pytest.approx(1.0)


def test_weights_are_those_of_fishers_discriminant() -> None:
    rng = np.random.default_rng(0)
    correlation = np.array([[1.0, 0.6, 0.1], [0.6, 1.0, 0.2], [0.1, 0.2, 1.0]])
    n = 200_000
    null = rng.multivariate_normal(-np.ones(3), correlation, n)
    other = rng.multivariate_normal(np.ones(3), correlation, n)
    lda = LinearDiscriminantAnalysis(solver="lsqr").fit(np.r_[null, other], np.r_[np.zeros(n), np.ones(n)])
    direction = lda.coef_[0] / lda.coef_[0].max()
    ours = weights(correlation)
    np.testing.assert_allclose(ours / ours.max(), direction, atol=0.02)


@pytest.mark.parametrize(
    "changes",
    [
        {"grade": Grade.CLAIM},
        {"question": Question.ALTERED},
        {"question": Question.HISTORY},
        {"llr": None, "p_value": 0.001},
        {"status": Status.NOT_APPLICABLE, "llr": None, "p_value": None},
    ],
)
def test_only_applicable_opinions_on_the_question_take_part(changes: dict[str, object]) -> None:
    fused = fuse([opinion("a", **{"llr": 3.0, **changes})], Question.SYNTHETIC)
    assert fused.terms == ()
    assert fused.llr == 0


@pytest.mark.parametrize("prior", [0.001, 0.5, 0.9])
def test_without_terms_the_posterior_is_the_prior(prior: float) -> None:
    fused = fuse([], Question.ALTERED, prior=prior)
    assert fused.posterior == pytest.approx(prior, abs=1e-6)
    assert fused.log10_posterior_odds == pytest.approx(math.log10(prior / (1 - prior)), abs=1e-4)


@given(st.lists(st.floats(-4, 4), min_size=1, max_size=6))
def test_fusion_never_exceeds_the_naive_sum_of_one_sign(llrs: list[float]) -> None:
    fused = fuse([opinion(f"d{i}", x) for i, x in enumerate(llrs)], Question.SYNTHETIC)
    assert fused.llr <= sum(max(x, 0) for x in llrs) + 1e-3
    assert fused.llr >= sum(min(x, 0) for x in llrs) - 1e-3
    assert sum(t.contribution for t in fused.terms) == pytest.approx(fused.llr, abs=1e-3)
