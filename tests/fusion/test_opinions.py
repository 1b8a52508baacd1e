"""Fusion of opinions against closed forms and the properties that the documentation promises."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.evidence import Calibration, Evidence, Grade, Question, Status
from forensics.fusion.opinions import Dependence, FusedOpinion, fuse, load_dependence, load_learned

SET = Calibration(name="test", negatives=10, positives=10)
FREE = Dependence(name="independent", size=0, between=0.0)
LLRS = st.lists(st.floats(-4, 4), max_size=7)
# Contributions are rounded to four digits, as the report shows them.
ROUNDING = 7 * 5e-5 + 1e-9


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


def summed(llrs: list[float], dependence: Dependence | None = None) -> FusedOpinion:
    """Fuse findings that are all different, by the usual rule if no other is given."""
    parts = [opinion(f"d{i}", x) for i, x in enumerate(llrs)]
    return fuse(parts, Question.SYNTHETIC, dependence=dependence or load_dependence())


def test_independent_findings_are_summed() -> None:
    fused = summed([0.7, -0.2], FREE)
    assert fused.llr == pytest.approx(0.5)
    assert fused.posterior == pytest.approx(10**0.5 / (1 + 10**0.5), abs=1e-5)


def test_the_shipped_dependence_is_a_half() -> None:
    table = load_dependence()
    assert (table.between, table.size) == (0.5, 0)
    # Two findings of 1.5 must not add up naively to 3.
    assert summed([1.5, 1.5]).llr == pytest.approx(1.5 + 0.5 * 1.5)


@pytest.mark.parametrize(
    ("llrs", "expected"),
    [
        ([2.2], 2.2),
        ([2.2, 0.6], 2.5),
        ([2.2, 0.0], 2.2),
        ([2.2, 0.6, 0.4], 2.7),
        ([-1.0, -0.4], -1.2),
        ([2.0, 1.0, -0.5, -1.5], 2.5 - 1.75),
        ([0.0, 0.0], 0.0),
    ],
)
def test_sums_by_hand(llrs: list[float], expected: float) -> None:
    assert summed(llrs).llr == pytest.approx(expected)


def test_the_same_finding_twice_counts_once() -> None:
    fused = fuse([opinion("a", 1.0), opinion("a", 2.0)], Question.SYNTHETIC, dependence=FREE)
    assert [t.weight for t in fused.terms] == [0.0, 1.0]
    assert fused.llr == 2.0


@given(LLRS, st.floats(0, 1))
def test_the_sum_is_the_closed_form(llrs: list[float], dependence: float) -> None:
    def side(values: list[float]) -> float:
        strongest = max(values, key=abs, default=0.0)
        return strongest + (1 - dependence) * (sum(values) - strongest)

    fused = summed(llrs, Dependence(name="t", size=0, between=dependence))
    expected = side([x for x in llrs if x > 0]) + side([x for x in llrs if x < 0])
    assert fused.llr == pytest.approx(expected, abs=7 * 4 * 5e-5 + ROUNDING)  # the weight is rounded too


@given(LLRS.filter(bool), st.integers(0, 6), st.floats(0, 3))
def test_no_finding_lowers_the_result_by_rising(llrs: list[float], which: int, more: float) -> None:
    at = which % len(llrs)
    raised = [x + more * (i == at) for i, x in enumerate(llrs)]
    assert summed(raised).llr >= summed(llrs).llr - ROUNDING


@given(LLRS, st.floats(0, 4))
def test_a_further_finding_moves_the_result_its_own_way(llrs: list[float], x: float) -> None:
    alone = summed(llrs).llr
    assert summed([*llrs, x]).llr >= alone - ROUNDING
    assert summed([*llrs, -x]).llr <= alone + ROUNDING


@given(LLRS)
def test_each_side_lies_between_its_strongest_finding_and_the_plain_sum(llrs: list[float]) -> None:
    for sign in (1, -1):
        side = [sign * x for x in llrs if sign * x > 0]
        fused = sign * summed([sign * x for x in side]).llr
        assert max(side, default=0) - ROUNDING <= fused <= sum(side) + ROUNDING


@given(LLRS.flatmap(lambda x: st.tuples(st.just(x), st.permutations(x))))
def test_the_order_does_not_matter(both: tuple[list[float], list[float]]) -> None:
    assert summed(both[0]).llr == pytest.approx(summed(both[1]).llr, abs=1e-9)


@given(LLRS, st.integers(0, 7), st.sampled_from([0.0, -0.0]))
def test_a_finding_of_zero_takes_no_part(llrs: list[float], at: int, zero: float) -> None:
    kept = [opinion(f"d{i}", x) for i, x in enumerate(llrs)]
    with_zero = [*kept[:at], opinion("nothing", zero, status=Status.CLEAR), *kept[at:]]
    assert fuse(with_zero, Question.SYNTHETIC) == fuse(kept, Question.SYNTHETIC)


@given(LLRS)
def test_the_terms_shown_are_the_sum(llrs: list[float]) -> None:
    fused = summed(llrs)
    assert sum(t.contribution for t in fused.terms) == pytest.approx(fused.llr, abs=1e-9)
    assert all(t.contribution == pytest.approx(t.weight * t.llr, abs=1e-4) for t in fused.terms)
    assert [t.llr for t in fused.terms] == [x for x in llrs if x]


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


def test_the_smallest_prior_is_survived() -> None:
    assert fuse([], Question.SYNTHETIC, prior=5e-324).posterior == 0


def test_what_ships_weighs_the_trained_detectors() -> None:
    learned = load_learned(Question.SYNTHETIC)
    assert learned is not None
    assert set(learned.gains) == set(learned.codes)
    said = {"residual.generated": 1.5, "dct.generated": 1.0, "spectral.generated": -0.4}
    parts = [opinion(code.split(".")[0], llr, code=code) for code, llr in said.items()]
    expected = sum(learned.gains[code] * llr for code, llr in said.items())
    assert fuse(parts, Question.SYNTHETIC).llr == pytest.approx(expected, abs=1e-3)
