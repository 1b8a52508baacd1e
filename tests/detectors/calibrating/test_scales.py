"""Scales: the three fits against what is known, their caps, and what no scale may be."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from forensics.detectors.calibrating.scales import Scale, ScaleKind, fit_scale
from forensics.detectors.calibration import fit
from forensics.detectors.evaluation.outcomes import Outcomes
from forensics.detectors.evaluation.ratios import cllr
from forensics.errors import UsageError

KINDS = pytest.mark.parametrize("kind", list(ScaleKind))


@pytest.fixture(scope="module")
def normals() -> Outcomes:
    """Scores whose true log10 ratio at x is 2 x / ln 10."""
    rng = np.random.default_rng(1)
    return Outcomes.split(rng.normal(-1, 1, 6000), rng.normal(1, 1, 3000))


def scale(**changes: object) -> Scale:
    fields: dict[str, object] = {
        "kind": "logistic", "scores": (0.0, 1.0), "llrs": (-0.5, 1.0),
        "negatives": 20, "positives": 20, "negative_sources": 9, "positive_sources": 9,
    }  # fmt: skip
    return Scale.model_validate(fields | changes)


@KINDS
def test_every_kind_finds_the_true_ratio(kind: ScaleKind, normals: Outcomes) -> None:
    found = fit_scale(normals, kind)
    for x in np.linspace(-1.5, 1.5, 7):
        assert found.llr(float(x)) == pytest.approx(2 * x / math.log(10), abs=0.25)
    assert float(cllr(Outcomes.of([found.llr(s) for s in normals.scores], normals.truth))) < 0.53


def test_logistic_scale_is_the_calibration_within_the_caps(normals: Outcomes) -> None:
    few = Outcomes.split(normals.scores[:60], normals.scores[-40:])
    ours, theirs = fit_scale(few), fit(few.scores[:60], few.scores[60:], name="x")
    for x in np.linspace(-9, 9, 40):
        assert ours.llr(float(x)) == pytest.approx(theirs.llr(float(x)), abs=1e-9)


@KINDS
def test_separated_classes_stay_within_the_caps_of_their_sources(kind: ScaleKind) -> None:
    names = [f"n{i % 9}" for i in range(90)] + [f"p{i}" for i in range(99)]
    outcomes = Outcomes.of(
        np.r_[np.linspace(0, 1, 90), np.linspace(2, 3, 99)], [False] * 90 + [True] * 99, names
    )
    found = fit_scale(outcomes, kind)
    assert (found.negative_sources, found.negatives) == (9, 90)
    assert 0.5 < found.llr(1e9) <= 1.0
    assert -2.0 <= found.llr(-1e9) < -0.5


@KINDS
def test_scores_that_point_the_wrong_way_weigh_nothing(kind: ScaleKind) -> None:
    rng = np.random.default_rng(2)
    found = fit_scale(Outcomes.split(rng.normal(3, 1, 400), rng.normal(-3, 1, 400)), kind)
    assert max(abs(found.llr(float(x))) for x in np.linspace(-6, 6, 13)) < 0.05


@KINDS
@given(low=st.lists(st.integers(-5, 5), min_size=3), high=st.lists(st.integers(-5, 5), min_size=3))
def test_a_higher_score_never_weighs_less(kind: ScaleKind, low: list[int], high: list[int]) -> None:
    found = fit_scale(Outcomes.split(low, high), kind)
    llrs = [found.llr(x / 4) for x in range(-30, 31)]
    assert all(a <= b + 1e-9 for a, b in pairwise(llrs))
    assert -found.cap_against - 1e-9 <= llrs[0]
    assert llrs[-1] <= found.cap_for + 1e-9


def test_isotonic_steps_by_hand() -> None:
    # - + - + with one misleading picture at either end: (+- | +- | +-), all even.
    found = fit_scale(Outcomes.of([0, 1, 2, 3], [False, True, False, True]), ScaleKind.ISOTONIC)
    # positives 1, 1, 0, 1 and negatives 1, 0, 1, 1: shares 1/2, 1, 0, 1/2 pool to one half.
    assert found.llrs == pytest.approx([0.0] * len(found.llrs))
    apart = fit_scale(Outcomes.split(range(4), range(10, 14)), ScaleKind.ISOTONIC)
    assert apart.llr(0) == pytest.approx(math.log10(1 / 4), abs=1e-9)
    assert apart.llr(13) == pytest.approx(math.log10(4), abs=1e-9)


def test_a_score_that_is_not_finite_is_refused() -> None:
    with pytest.raises(UsageError, match="not finite"):
        scale().llr(math.inf)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"llrs": (0.5, 0.0)}, "the ratios fall"),
        ({"scores": (1.0, 1.0)}, "do not rise"),
        ({"llrs": (0.0, 1.1)}, "than so many sources allow"),
        ({"llrs": (-1.1, 0.0)}, "than so many sources allow"),
        ({"llrs": (0.0,)}, "differ in number"),
        ({"scores": (), "llrs": ()}, "at least 1"),
        ({"scores": (0.0, math.nan)}, "finite"),
    ],
)
def test_no_scale_claims_more_than_it_may(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        scale(**changes)
