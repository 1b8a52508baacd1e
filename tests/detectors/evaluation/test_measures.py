"""Measures against scikit-learn, by hand, and for weights that repeat pictures."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score, roc_curve

from forensics.detectors.calibration import cllr as earlier_cllr
from forensics.detectors.evaluation.deciding import (
    abstention,
    accuracy,
    balanced_accuracy,
    false_alarm_rate,
    miss_rate,
    risk,
)
from forensics.detectors.evaluation.isotonic import pool
from forensics.detectors.evaluation.measures import MEASURES, measured
from forensics.detectors.evaluation.outcomes import Outcomes
from forensics.detectors.evaluation.ranking import auc, average_precision, eer, found_at
from forensics.detectors.evaluation.ratios import (
    brier,
    calibration_error,
    cllr,
    cllr_min,
    misleading_against,
    misleading_for,
    posteriors,
)
from forensics.errors import RegistryError, UsageError

SCORES = st.lists(st.integers(-6, 6), min_size=2, max_size=15)


@pytest.fixture(scope="module")
def mixed() -> Outcomes:
    """400 pictures of two classes that overlap; scores of one digit, so that many are equal."""
    rng = np.random.default_rng(1)
    scores = np.concatenate([rng.normal(-0.5, 1, 300), rng.normal(0.7, 1, 100)]).round(1)
    return Outcomes.of(scores, [False] * 300 + [True] * 100)


def test_area_and_precision_agree_with_scikit_learn(mixed: Outcomes) -> None:
    assert float(auc(mixed)) == pytest.approx(roc_auc_score(mixed.truth, mixed.scores))
    assert float(average_precision(mixed)) == pytest.approx(
        average_precision_score(mixed.truth, mixed.scores)
    )


def test_weighted_measures_agree_with_scikit_learn(mixed: Outcomes) -> None:
    weights = np.random.default_rng(2).integers(0, 4, (3, 400)).astype(float)
    for row, area, precision, squares in zip(
        weights, auc(mixed, weights), average_precision(mixed, weights), brier(mixed, weights), strict=True
    ):
        assert area == pytest.approx(roc_auc_score(mixed.truth, mixed.scores, sample_weight=row))
        assert precision == pytest.approx(
            average_precision_score(mixed.truth, mixed.scores, sample_weight=row)
        )
        even = row / np.where(mixed.truth, row[mixed.truth].sum(), row[~mixed.truth].sum())
        expected = brier_score_loss(mixed.truth, posteriors(mixed), sample_weight=even)
        assert squares == pytest.approx(expected)


def test_curve_agrees_with_scikit_learn(mixed: Outcomes) -> None:
    across, up, at = roc_curve(mixed.truth, mixed.scores, drop_intermediate=False)
    counts = mixed.counts()
    assert counts.false_alarms == pytest.approx(across)
    assert counts.found == pytest.approx(up)
    assert mixed.thresholds == pytest.approx(at)


def test_measures_by_hand() -> None:
    # Falling: + - + | + -, where the two in the middle are equal.
    few = Outcomes.of([5, 4, 3, 3, 1], [True, False, True, True, False])
    assert float(auc(few)) == pytest.approx((0.5 * 1 / 3) + 0.5 * 1.0)
    assert float(average_precision(few)) == pytest.approx(1 / 3 * 1 + 2 / 3 * 3 / 4)
    assert float(found_at(few, false_alarms=0.0)) == pytest.approx(1 / 3)
    assert float(found_at(few, false_alarms=0.5)) == 1.0
    # Between (FAR 1/2, FRR 2/3) and (1/2, 0) the rates are equal at 1/2.
    assert float(eer(few)) == pytest.approx(0.5)


def test_equal_error_rate_of_equal_normals() -> None:
    rng = np.random.default_rng(3)
    far = Outcomes.split(rng.normal(0, 1, 20_000), rng.normal(2, 1, 20_000))
    assert float(eer(far)) == pytest.approx(0.1587, abs=0.005)  # Phi(-1)


@given(SCORES, SCORES)
def test_separated_and_reversed_classes_are_the_ends(low: list[int], high: list[int]) -> None:
    apart = Outcomes.split(np.array(low) - 10.0, np.array(high) + 10.0)
    back = Outcomes.split(np.array(low) + 10.0, np.array(high) - 10.0)
    for outcomes, best in ((apart, 1.0), (back, 0.0)):
        assert float(auc(outcomes)) == pytest.approx(best)
        assert float(eer(outcomes)) == pytest.approx(1 - best)
        assert float(found_at(outcomes, false_alarms=0)) == pytest.approx(best)


@given(SCORES, SCORES, st.lists(st.integers(0, 3), min_size=30, max_size=30))
def test_a_weight_is_so_many_copies(low: list[int], high: list[int], counts: list[int]) -> None:
    plain = Outcomes.split(low, high)
    times = np.array(counts[: len(low) + len(high)])
    if not times[plain.truth].sum() or not times[~plain.truth].sum():
        return
    copied = Outcomes.of(np.repeat(plain.scores, times), np.repeat(plain.truth, times))
    for name, measure in MEASURES.items():
        both = measure(plain, times[None].astype(float))
        assert both.shape == (1,), name
        assert both[0] == pytest.approx(float(measure(copied, None)), abs=1e-9), name


def test_decisions_at_a_frozen_threshold() -> None:
    few = Outcomes.split([-1.0, 0.0, 2.0, -3.0], [1.0, -0.5])
    assert float(false_alarm_rate(few)) == 0.5
    assert float(miss_rate(few)) == 0.5
    assert float(miss_rate(few, threshold=-1.0)) == 0.0
    assert float(accuracy(few)) == 0.5
    assert float(balanced_accuracy(few, threshold=2.5)) == 0.5
    assert float(balanced_accuracy(few, threshold=1.0)) == pytest.approx((3 / 4 + 1 / 2) / 2)


def test_abstention_by_hand() -> None:
    # Surest first: +3 right, -2 right, +1 wrong; the classes weigh a half each.
    few = Outcomes.of([3.0, -2.0, 1.0], [True, False, False])
    curve = abstention(few)
    assert curve.coverage == pytest.approx([0.5, 0.75, 1.0])
    assert curve.risk == pytest.approx([0, 0, 0.25])
    assert float(risk(few)) == pytest.approx(0.25 * 0.25)


def test_who_answers_only_when_sure_errs_less(mixed: Outcomes) -> None:
    curve = abstention(mixed)
    assert curve.coverage[-1] == pytest.approx(1.0)
    assert curve.risk[0] < curve.risk[-1]
    assert curve.risk[-1] == pytest.approx(1 - float(balanced_accuracy(mixed)))


def test_cost_agrees_with_the_one_before(mixed: Outcomes) -> None:
    neg, pos = mixed.scores[~mixed.truth], mixed.scores[mixed.truth]
    assert float(cllr(mixed)) == pytest.approx(earlier_cllr(neg, pos))
    assert float(cllr(Outcomes.split([0.0], [0.0]))) == pytest.approx(1.0)


def test_pooling_agrees_with_scikit_learn() -> None:
    rng = np.random.default_rng(4)
    values, weights = rng.random(200), rng.integers(1, 9, 200).astype(float)
    expected = IsotonicRegression().fit_transform(np.arange(200), values, sample_weight=weights)
    found = pool(values, weights)
    assert found.value == pytest.approx(expected)
    assert (np.diff(found.block) >= 0).all()


def test_points_without_weight_follow_their_neighbours() -> None:
    found = pool(np.array([0.2, 0.0, 0.9]), np.array([1.0, 0.0, 1.0]))
    assert found.value == pytest.approx([0.2, 0.2, 0.9])


def test_least_cost_is_that_of_the_isotonic_map(mixed: Outcomes) -> None:
    even = mixed.balanced(None)
    share = IsotonicRegression(out_of_bounds="clip").fit(mixed.scores, mixed.truth, sample_weight=even)
    p = share.predict(mixed.scores)
    with np.errstate(divide="ignore"):
        bits = np.where(mixed.truth, -np.log2(p), -np.log2(1 - p))
    assert float(cllr_min(mixed)) == pytest.approx(float((even * bits).sum()))


@given(SCORES, SCORES)
def test_least_cost_is_least_and_knows_only_the_order(low: list[int], high: list[int]) -> None:
    plain = Outcomes.split(low, high)
    bent = Outcomes.of(np.exp(plain.scores / 3), plain.truth)
    assert float(cllr_min(plain)) == pytest.approx(float(cllr_min(bent)))
    assert float(cllr_min(plain)) <= min(float(cllr(plain)), 1.0) + 1e-9


def test_true_ratios_are_calibrated_and_exaggerated_ones_are_not() -> None:
    # log LR of N(1, 1) against N(-1, 1) at x is 2 x.
    rng = np.random.default_rng(5)
    x = np.concatenate([rng.normal(-1, 1, 30_000), rng.normal(1, 1, 30_000)])
    truth = [False] * 30_000 + [True] * 30_000
    right, loud = Outcomes.of(2 * x / math.log(10), truth), Outcomes.of(8 * x / math.log(10), truth)
    assert float(calibration_error(right)) < 0.01
    assert float(calibration_error(loud)) > 0.05
    assert float(cllr(right)) - float(cllr_min(right)) < 0.01
    assert float(cllr(loud)) - float(cllr_min(loud)) > 0.1
    assert float(brier(right)) < float(brier(loud))


def test_misleading_evidence_by_hand() -> None:
    few = Outcomes.split([-1.0, 0.0, 2.0, -3.0], [1.0, -0.5])
    assert float(misleading_for(few)) == 0.25
    assert float(misleading_against(few)) == 0.5


def test_calibration_error_by_hand() -> None:
    # Said 0.5 of all, half of them true; said 10/11 of a lone negative.
    assert float(calibration_error(Outcomes.split([0.0], [0.0]))) == pytest.approx(0)
    assert float(calibration_error(Outcomes.split([1.0], [-1.0]))) == pytest.approx(10 / 11)


def test_infinite_certainty_costs_no_warning() -> None:
    sure = Outcomes.split([-1000.0], [1000.0])
    assert float(cllr(sure)) == pytest.approx(0)
    assert float(brier(sure)) == pytest.approx(0)


def test_unusable_outcomes_are_refused() -> None:
    with pytest.raises(UsageError, match="both classes"):
        Outcomes.of([1.0], [True])
    with pytest.raises(UsageError, match="not finite"):
        Outcomes.of([1.0, math.nan], [True, False])
    with pytest.raises(UsageError, match="length"):
        Outcomes.of([1.0, 2.0], [True])


def test_all_measures_at_once_have_intervals(mixed: Outcomes) -> None:
    found = measured(mixed, replicates=50)
    assert [f.low <= f.value <= f.high for f in found] == [True] * len(found)
    with pytest.raises(RegistryError, match="no measure 'F1'"):
        measured(mixed, ["F1"])
