from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from forensics.detectors.calibration import LogisticCalibration, cllr, empirical_p_value, fit, load
from forensics.errors import RegistryError, UsageError


@pytest.fixture
def overlapping() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    return rng.normal(3.0, 2.0, 200), rng.normal(6.0, 2.0, 80)


def test_fit_agrees_with_scikit_learn(overlapping: tuple[np.ndarray, np.ndarray]) -> None:
    neg, pos = overlapping
    scores = np.concatenate([neg, pos])
    z = (scores - scores.mean()) / scores.std()
    reference = LogisticRegression(C=1.0, tol=1e-10).fit(z[:, None], [0] * 200 + [1] * 80)
    ours = fit(neg, pos, name="x")
    probe = np.linspace(2.5, 6.5, 9)
    log_odds = reference.decision_function(((probe - scores.mean()) / scores.std())[:, None])
    expected = (log_odds - math.log(80 / 200)) / math.log(10)
    assert [ours.llr(s) for s in probe] == pytest.approx(expected, abs=1e-5)


def test_equal_normals_give_their_true_ratio(overlapping: tuple[np.ndarray, np.ndarray]) -> None:
    # log LR of N(6, 2) against N(3, 2) at x is (x - 4.5) * 3 / 4
    rng = np.random.default_rng(2)
    ours = fit(rng.normal(3, 2, 20_000), rng.normal(6, 2, 5_000), name="x")
    assert ours.llr(4.5) == pytest.approx(0.0, abs=0.05)
    assert ours.slope == pytest.approx(0.75 / math.log(10), rel=0.05)


def test_separated_classes_stay_within_the_caps() -> None:
    ours = fit([0.0] * 9, [1.0] * 99, name="x")
    assert ours.llr(1e9) == pytest.approx(1.0)
    assert ours.llr(-1e9) == pytest.approx(-2.0)


def test_caps_rest_on_the_sources_where_scores_share_them() -> None:
    ours = fit([0.0] * 90, [1.0] * 90, name="x", sources=9)
    assert (ours.llr(1e9), ours.negatives) == (pytest.approx(1.0), 90)


def test_a_score_that_points_the_wrong_way_carries_no_weight() -> None:
    ours = fit([5.0, 6.0, 7.0], [1.0, 2.0], name="x")
    assert ours.llr(100.0) == ours.llr(-100.0) == 0.0


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_llr_is_monotone(a: float, b: float) -> None:
    calibration = fit([0.0, 1.0, 2.5], [2.0, 3.0, 4.0], name="x")
    low, high = sorted((a, b))
    assert calibration.llr(low) <= calibration.llr(high)


@pytest.mark.parametrize(("neg", "pos"), [([], [1.0]), ([1.0], []), ([math.nan], [1.0]), ([1.0], [math.inf])])
def test_unusable_scores_are_refused(neg: list[float], pos: list[float]) -> None:
    with pytest.raises(UsageError):
        fit(neg, pos, name="x")


def test_a_score_that_is_not_finite_is_refused() -> None:
    with pytest.raises(UsageError, match="not finite"):
        fit([0.0], [1.0], name="x").llr(math.nan)


def test_save_and_parse_are_inverse(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    from forensics.detectors import calibration as module

    ours = fit([0.0, 1.0], [1.0, 2.0], name="some_set", note="two and two")
    (tmp_path / "tables").mkdir()
    ours.save(tmp_path / "tables")
    monkeypatch.setattr(module.resources, "files", lambda _: tmp_path)
    assert load.__wrapped__("some_set") == ours
    record = ours.to_calibration()
    assert (record.name, record.negatives, record.positives, record.note) == ("some_set", 2, 2, "two and two")


@pytest.mark.parametrize("name", ["../secret", "A", "", "a.b"])
def test_names_cannot_leave_the_folder(name: str, tmp_path) -> None:
    with pytest.raises(UsageError):
        load(name)
    with pytest.raises(UsageError):
        LogisticCalibration(name, 1, 0, 1, 1, 1, 1).save(tmp_path)


def test_missing_calibrations_are_named() -> None:
    with pytest.raises(RegistryError, match="nothing_such"):
        load("nothing_such")


def test_empirical_p_value_counts_ties_and_is_never_zero() -> None:
    assert empirical_p_value(3.0, [1.0, 2.0, 3.0, 4.0]) == pytest.approx(3 / 5)
    assert empirical_p_value(9.0, [1.0, 2.0, 3.0, 4.0]) == pytest.approx(1 / 5)


def test_empirical_p_value_is_valid_under_the_null() -> None:
    rng = np.random.default_rng(3)
    p = np.array([empirical_p_value(rng.normal(), rng.normal(size=19)) for _ in range(2000)])
    assert (p <= 0.05).mean() == pytest.approx(0.05, abs=0.02)


def test_cllr_by_hand() -> None:
    assert cllr([0.0], [0.0]) == pytest.approx(1.0)
    assert cllr([-1.0, -2.0], [1.0]) == pytest.approx(
        0.5 * (math.log2(1.1) + (math.log2(1.1) + math.log2(1.01)) / 2)
    )
    assert cllr([-400.0], [400.0]) == pytest.approx(0.0)
