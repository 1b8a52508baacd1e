"""Resampling of sources: what is drawn, and whether intervals hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from forensics.detectors.evaluation import bootstrap
from forensics.detectors.evaluation.bootstrap import figure, resamples
from forensics.detectors.evaluation.deciding import accuracy
from forensics.detectors.evaluation.outcomes import Floats, Outcomes
from forensics.detectors.evaluation.ranking import auc
from forensics.errors import UsageError


def drawn(outcomes: Outcomes, replicates: int = 40) -> Floats:
    return np.concatenate(list(resamples(outcomes, replicates)))


def test_pictures_of_a_source_are_drawn_together() -> None:
    outcomes = Outcomes.of(range(6), [False, False, True, True, False, True], ["a", "b", "a", "b", "c", "c"])
    weights = drawn(outcomes)
    assert weights.shape == (40, 6)
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, 1] == weights[:, 3]).all()
    assert (weights.sum(axis=1) == 6).all()  # each source holds two
    assert len(np.unique(weights, axis=0)) > 3


def test_each_kind_of_source_is_drawn_as_often_as_there_is_of_it() -> None:
    outcomes = Outcomes.of(range(5), [False, False, False, True, True], ["n1", "n2", "both", "both", "p"])
    weights = drawn(outcomes)
    assert (weights[:, 4] == 1).all()  # the only source of positives alone
    assert (weights[:, 2] == 1).all()
    assert (weights[:, 0] + weights[:, 1] == 2).all()


def test_draws_come_in_parts_and_are_the_same_for_a_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = Outcomes.split(range(5), range(5))
    whole = drawn(outcomes)
    monkeypatch.setattr(bootstrap, "_MOST", 30)
    assert len(list(resamples(outcomes, 40))) == 14
    assert (drawn(outcomes) == whole).all()
    assert (np.concatenate(list(resamples(outcomes, 40, seed=1))) != whole).any()


def test_interval_of_a_share_is_that_of_the_binomial() -> None:
    # 30 of 100 are right: the normal approximation gives 0.3 +- 1.96 sqrt(0.21 / 100).
    scores = [1.0] * 30 + [-1.0] * 70
    outcomes = Outcomes.of([*scores, 1.0], [True] * 100 + [False])
    found = figure("found", lambda o, w: 1 - _missed(o, w), outcomes, replicates=4000)
    assert (found.value, found.name) == (pytest.approx(0.3), "found")
    assert found.low == pytest.approx(0.3 - 1.96 * 0.0458, abs=0.015)
    assert found.high == pytest.approx(0.3 + 1.96 * 0.0458, abs=0.015)


def _missed(outcomes: Outcomes, weights: Floats | None) -> Floats:
    given = outcomes.weighted(weights)[..., :100]
    return np.asarray((given * (outcomes.scores[:100] < 0)).sum(-1) / given.sum(-1))


def test_copies_of_pictures_do_not_narrow_an_interval() -> None:
    rng = np.random.default_rng(6)
    scores, truth = rng.normal(0, 1, 80) + np.repeat([0, 1], 40), np.repeat([False, True], 40)
    once = figure("AUC", auc, Outcomes.of(scores, truth))
    names = np.tile(np.arange(80), 9)
    told = figure("AUC", auc, Outcomes.of(np.tile(scores, 9), np.tile(truth, 9), names))
    fooled = figure("AUC", auc, Outcomes.of(np.tile(scores, 9), np.tile(truth, 9)))
    assert told.high - told.low == pytest.approx(once.high - once.low, rel=0.15)
    assert fooled.high - fooled.low < 0.5 * (told.high - told.low)


def test_a_measure_without_a_value_has_no_width() -> None:
    outcomes = Outcomes.split([-1.0], [1.0])
    found = figure("x", lambda o, w: np.asarray(accuracy(o, w) * (1.0 if w is None else np.nan)), outcomes)
    assert (found.low, found.value, found.high) == (1, 1, 1)


@pytest.mark.parametrize("wrong", [{"level": 0.0}, {"level": 1.0}, {"replicates": 0}])
def test_wrong_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        figure("x", auc, Outcomes.split([0.0], [1.0]), **wrong)  # type: ignore[arg-type]
