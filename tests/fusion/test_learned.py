"""Fusion with what was learned: closed forms, and every promise of the documentation as a property."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sklearn.linear_model import LogisticRegression

from forensics.detectors.evaluation.ratios import cllr
from forensics.evidence import Calibration, Evidence, Grade, Question, Status
from forensics.fusion import opinions
from forensics.fusion.learned import Branch, LearnedDependence, Said, tree_sums
from forensics.fusion.learning import Gathered, dependence_of, fused, gains_of, learn, tree_of, usual_tree
from forensics.fusion.opinions import FusedOpinion, fuse

SET = Calibration(name="test", negatives=10, positives=10)
CODES = ("a.x", "b.x", "c.x", "d.x")
LLRS = st.lists(st.one_of(st.none(), st.floats(-3, 3)), min_size=6, max_size=6)
TREES = st.lists(st.floats(0, 1), min_size=6, max_size=6)
ROUNDING = 6 * 3e-4


def opinion(code: str, llr: float) -> Evidence:
    return Evidence(
        detector=code[0], code=code, question=Question.SYNTHETIC, grade=Grade.OPINION, status=Status.SIGNAL,
        summary="s", llr=llr, calibration=SET,
    )  # fmt: skip


def learned(branches: tuple[Branch, ...], sources: int = 10**9) -> LearnedDependence:
    return LearnedDependence(
        question=Question.SYNTHETIC, name="own", branches=branches, negative_sources=sources,
        positive_sources=sources, trust=1.0,
    )  # fmt: skip


def tree(values: list[float]) -> LearnedDependence:
    """Return the tree of four findings with six dependences."""
    matrix = np.eye(4)
    matrix[np.triu_indices(4, 1)] = values
    return learned(tree_of(CODES, np.maximum(matrix, matrix.T)))


def summed(llrs: list[float | None], table: LearnedDependence) -> FusedOpinion:
    """Fuse four findings that were learned and two of which nothing is known; None did not run."""
    parts = [opinion(code, x) for code, x in zip([*CODES, "u.x", "v.x"], llrs, strict=True) if x is not None]
    return fuse(parts, Question.SYNTHETIC, dependence=table)


def matrix(**pairs: float) -> np.ndarray:
    found = np.zeros((3, 3)) + np.eye(3)
    for name, value in pairs.items():
        i, j = ("abc".index(letter) for letter in name)
        found[i, j] = found[j, i] = value
    return found


def test_a_tree_by_hand() -> None:
    branches = tree_of(CODES[:3], matrix(ab=0.8, ac=0.3, bc=0.1))
    assert {(b.codes, round(b.length, 6)) for b in branches} == {
        (("a.x", "b.x", "c.x"), 0.3),
        (("a.x", "b.x"), 0.5),
        (("a.x",), 0.2),
        (("b.x",), 0.2),
        (("c.x",), 0.7),
    }
    # 0.3 * 2 + 0.5 * 2 + 0.2 * 2 + 0.2 * 1 + 0.7 * 1.5
    assert summed([2.0, 1.0, 1.5, None, None, None], learned(branches)).llr == pytest.approx(3.25)


def test_independent_findings_add_up_and_copies_do_not() -> None:
    free = learned(tree_of(CODES[:2], np.eye(2)))
    same = learned(tree_of(CODES[:2], np.ones((2, 2))))
    assert summed([1.0, 2.0, *[None] * 4], free).llr == pytest.approx(3.0)
    assert summed([1.0, 2.0, *[None] * 4], same).llr == pytest.approx(2.0)
    assert summed([2.0, 2.0, *[None] * 4], same).llr == pytest.approx(2.0)


def test_without_trust_the_strongest_counts() -> None:
    table = learned(tree_of(CODES[:2], np.eye(2), trust=0.0))
    assert summed([1.0, 2.0, *[None] * 4], table).llr == pytest.approx(2.0)


@pytest.mark.parametrize("yes", [False, True])
def test_a_side_on_which_nothing_was_found_has_no_weights(yes: bool) -> None:
    table = learned(tree_of(CODES[:2], np.eye(2)))
    assert table.weights([], yes=yes) == []
    assert table.weights([Said(code="a.x", weight=1.5)], yes=yes) == pytest.approx([1.0])


def test_the_usual_rule_is_a_tree() -> None:
    parts = [opinion("a.x", 2.0), opinion("b.x", 0.6), opinion("c.x", -0.5), opinion("d.x", -1.5)]
    table = learned(usual_tree(CODES))
    assert fuse(parts, Question.SYNTHETIC, dependence=table).llr == fuse(parts, Question.SYNTHETIC).llr


def test_the_whole_is_capped_by_the_sources_but_no_single_finding_is() -> None:
    few = learned(tree_of(CODES[:2], np.eye(2)), sources=99)
    assert summed([1.5, 1.5, *[None] * 4], few).llr == pytest.approx(2.0, abs=1e-3)
    assert summed([-1.5, -1.5, *[None] * 4], few).llr == pytest.approx(-2.0, abs=1e-3)
    assert summed([2.7, 1.5, *[None] * 4], few).llr == pytest.approx(2.7, abs=1e-3)


@given(TREES, LLRS, st.integers(0, 5), st.floats(0, 3))
def test_no_finding_lowers_the_result_by_rising(
    pairs: list[float], llrs: list[float | None], at: int, more: float
) -> None:
    table = tree(pairs)
    raised = [x if i != at or x is None else x + more for i, x in enumerate(llrs)]
    assert summed(raised, table).llr >= summed(llrs, table).llr - ROUNDING


@given(TREES, LLRS, st.integers(0, 5), st.floats(0, 3))
def test_a_further_finding_moves_the_result_its_own_way(
    pairs: list[float], llrs: list[float | None], at: int, x: float
) -> None:
    table = tree(pairs)
    without = [None if i == at else y for i, y in enumerate(llrs)]
    alone = summed(without, table).llr
    for sign in (1, -1):
        with_it = [sign * x if i == at else y for i, y in enumerate(without)]
        assert sign * summed(with_it, table).llr >= sign * alone - ROUNDING


@given(TREES, LLRS)
def test_each_side_lies_between_its_strongest_finding_and_the_plain_sum(
    pairs: list[float], llrs: list[float | None]
) -> None:
    table = tree(pairs)
    for sign in (1, -1):
        side = [None if x is None or sign * x <= 0 else x for x in llrs]
        values = [abs(x) for x in side if x is not None]
        total = sign * summed(side, table).llr
        assert max(values, default=0) - ROUNDING <= total <= sum(values) + ROUNDING


@given(TREES, LLRS, st.integers(0, 3))
def test_a_copy_of_a_finding_changes_nothing(pairs: list[float], llrs: list[float | None], at: int) -> None:
    table = tree(pairs)
    copies = [
        Branch(length=b.length, codes=(*b.codes, "copy.x") if CODES[at] in b.codes else b.codes)
        for b in table.branches
    ]
    parts = [opinion(c, x) for c, x in zip([*CODES, "u.x", "v.x"], llrs, strict=True) if x is not None]
    copy = [opinion("copy.x", llrs[at] or 0.0)]
    with_copy = fuse([*parts, *copy], Question.SYNTHETIC, dependence=learned(tuple(copies)))
    assert with_copy.llr == pytest.approx(summed(llrs, table).llr, abs=ROUNDING)


@given(TREES, LLRS)
def test_the_terms_shown_are_the_sum(pairs: list[float], llrs: list[float | None]) -> None:
    found = summed(llrs, tree(pairs))
    assert sum(t.contribution for t in found.terms) == pytest.approx(found.llr, abs=1e-9)
    assert all(0 <= t.weight <= 1 for t in found.terms)


def test_the_same_finding_twice_counts_once() -> None:
    table = learned(tree_of(CODES[:2], np.eye(2)))
    found = fuse([opinion("a.x", 1.0), opinion("a.x", 2.0)], Question.SYNTHETIC, dependence=table)
    assert [t.weight for t in found.terms] == [0.0, 1.0]


def test_branches_that_are_no_tree_of_depth_one_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"add up to 0.5 and not to 1"):
        learned((Branch(length=0.5, codes=("a.x",)),))


def gathered(columns: list[np.ndarray], truth: np.ndarray, scale: float) -> Gathered:
    scores = np.stack(columns, axis=1)
    names = tuple(f"s{i}" for i in range(len(truth)))
    codes = CODES[: scores.shape[1]]
    return Gathered(codes, scores, scores * scale, truth, names)


def correlated(r: float, count: int = 600, seed: int = 1, findings: int = 4) -> Gathered:
    """Normal scores, half a standard deviation either side of 0; the true log10 ratio of one is x / ln 10."""
    rng = np.random.default_rng(seed)
    truth = np.arange(count) % 2 == 1
    noise = rng.normal(0, 1, (findings + 1, count))
    shared, own = math.sqrt(r), math.sqrt(1 - r)
    columns = [np.where(truth, 0.5, -0.5) + shared * noise[0] + own * each for each in noise[1:]]
    return gathered(columns, truth, 1 / math.log(10))


@pytest.mark.parametrize("r", [0.0, 0.5, 0.9])
def test_dependence_is_measured_at_the_upper_end(r: float) -> None:
    found = dependence_of(correlated(r, count=4000))[0, 1]
    assert 2 * r / (1 + r) - 0.02 <= found <= 2 * r / (1 + r) + 0.12


def test_few_pictures_are_taken_for_dependent() -> None:
    assert dependence_of(correlated(0.0, count=40))[0, 1] > 0.3
    assert dependence_of(correlated(0.0, count=12))[0, 1] == 0.5


def test_findings_that_never_ran_together_are_half_dependent() -> None:
    both = correlated(0.0)
    both.scores[::2, 0] = np.nan
    both.scores[1::2, 1] = np.nan
    assert dependence_of(both)[0, 1] == 0.5


def test_a_finding_that_says_the_same_of_all_is_half_dependent() -> None:
    both = correlated(0.0)
    both.scores[:, 1] = 3.0
    assert dependence_of(both)[0, 1] == 0.5


@pytest.mark.parametrize(("r", "least", "most"), [(0.0, 2.5, 4.0), (0.5, 1.0, 1.8), (0.95, 1.0, 1.1)])
def test_fused_is_what_the_scores_say_together(r: float, least: float, most: float) -> None:
    """Four normal scores that say as much are truly 4 / (1 + 3 r) times one of them: 4, 1.6 and 1.04."""
    found = learn(correlated(r), Question.SYNTHETIC, "own", replicates=20)
    assert found is not None
    assert least <= float(fused(found, np.full((1, 4), 0.4))[0]) / 0.4 <= most


def test_findings_that_are_copies_share_one_branch() -> None:
    one = correlated(0.5, findings=1).scores[:, 0]
    truth = np.arange(one.size) % 2 == 1
    both = gathered([one, one, one, one], truth, 1 / math.log(10))
    found = learn(both, Question.SYNTHETIC, "own", replicates=20)
    assert found is not None
    assert {b.codes for b in found.branches} == {CODES}
    assert float(fused(found, np.full((1, 4), 0.4))[0]) == pytest.approx(0.4)


@pytest.mark.parametrize("r", [0.0, 0.8])
def test_what_is_learned_costs_less_than_the_usual_rule_on_other_pictures(r: float) -> None:
    found, fresh = (
        learn(correlated(r), Question.SYNTHETIC, "own", replicates=20),
        correlated(r, count=4000, seed=9),
    )
    assert found is not None
    usual = tree_sums(fresh.llrs, fresh.codes, usual_tree(fresh.codes))
    costs = [float(cllr(fresh.outcomes(x))) for x in (fused(found, fresh.llrs), usual)]
    assert costs[0] < costs[1] - 0.01
    figures = {f.name: f.value for f in found.figures}
    assert figures["Cllr"] < figures["Cllr by the usual rule"]


def test_fused_ratios_are_those_of_an_audit() -> None:
    found = learn(correlated(0.0), Question.SYNTHETIC, "own", replicates=20)
    assert found is not None
    rows = np.array([[1.0, 2.0, 0.1, 0], [-1.0, 0.7, -1, 1], [np.nan, 2.9, 0, np.nan], [3.0] * 4])
    for row, expected in zip(rows, fused(found, rows), strict=True):
        said = [None if math.isnan(x) else float(x) for x in row]
        assert summed([*said, None, None], found).llr == pytest.approx(float(expected), abs=1e-3)


def test_nothing_is_learned_of_one_finding_or_few_pictures() -> None:
    both = correlated(0.0)
    alone = Gathered(both.codes[:1], both.scores[:, :1], both.llrs[:, :1], both.truth, both.sources)
    assert learn(alone, Question.SYNTHETIC, "own", replicates=20) is None
    assert learn(correlated(0.0, count=16), Question.SYNTHETIC, "own", replicates=20) is None


def test_what_ships_is_used_where_it_was_learned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = learned(tree_of(CODES[:2], np.ones((2, 2))))
    (tmp_path / "learned_synthetic.json").write_text(table.model_dump_json())
    (tmp_path / "dependence.json").write_text('{"name": "half", "size": 0, "between": 0.5}')
    monkeypatch.setattr(opinions, "files", lambda _: tmp_path)
    opinions.load_learned.cache_clear()
    try:
        parts = [opinion("a.x", 1.0), opinion("b.x", 2.0)]
        assert fuse(parts, Question.SYNTHETIC).llr == 2.0
        assert opinions.load_learned(Question.ALTERED) is None
    finally:
        opinions.load_learned.cache_clear()


def uneven(count: int = 1200, seed: int = 3) -> Gathered:
    """One finding that tells, and three that the same noise drowns, with ratios larger than that one's."""
    base = correlated(0.0, count, seed, findings=1).scores[:, 0]
    rng = np.random.default_rng(seed)
    noise = [rng.normal(0, 1.5, count) for _ in range(3)]
    return gathered([base, *noise], np.arange(count) % 2 == 1, 1 / math.log(10))


def test_gains_are_those_of_logistic_regression() -> None:
    known = correlated(0.3)
    model = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10)
    expected = model.fit(known.llrs * math.log(10), known.truth).coef_[0]
    assert gains_of(known.llrs, known.truth, sources=10**9) == pytest.approx(expected, abs=2e-3)


def test_gains_are_never_negative_and_few_sources_give_the_mean() -> None:
    known = uneven()
    assert gains_of(known.llrs, known.truth, sources=600).min() >= 0
    assert gains_of(-known.llrs, known.truth, sources=10**9)[0] == 0
    assert gains_of(known.llrs, known.truth, sources=1) == pytest.approx(0.25, abs=0.15)


def test_findings_that_only_disturb_are_turned_down() -> None:
    found = learn(uneven(), Question.SYNTHETIC, "own", replicates=20)
    assert found is not None
    assert found.gains[CODES[0]] > 0.5
    assert max(found.gains[code] for code in CODES[1:]) < 0.15
    fresh = uneven(seed=4)
    costs = [float(cllr(fresh.outcomes(x))) for x in (fused(found, fresh.llrs), fresh.llrs[:, 0])]
    assert costs[0] < costs[1] + 0.02


def test_gains_in_an_audit() -> None:
    found = learn(uneven(), Question.SYNTHETIC, "own", replicates=20)
    assert found is not None
    summed_up = summed([1.0, None, None, None, None, None], found)
    assert summed_up.llr == pytest.approx(found.gains[CODES[0]], abs=1e-3)
    rows = np.array([[1.0, 2.0, 0.1, 0], [-1.0, 0.7, -1, 1], [3.0] * 4])
    for row, expected in zip(rows, fused(found, rows), strict=True):
        assert summed([*row.tolist(), None, None], found).llr == pytest.approx(float(expected), abs=2e-3)


@given(st.lists(st.floats(0, 1), min_size=4, max_size=4), LLRS, st.integers(0, 3), st.floats(0, 3))
def test_with_gains_no_finding_lowers_the_result_by_rising(
    gains: list[float], llrs: list[float | None], at: int, more: float
) -> None:
    apart = learned(tree_of(CODES, np.eye(4)))
    table = apart.model_copy(update={"gains": dict(zip(CODES, gains, strict=True))})
    raised = [x if i != at or x is None else x + more for i, x in enumerate(llrs)]
    assert summed(raised, table).llr >= summed(llrs, table).llr - ROUNDING


def test_gains_above_one_are_refused() -> None:
    table = learned(tree_of(CODES[:2], np.eye(2))).model_dump()
    with pytest.raises(ValidationError, match="less than or equal to 1"):
        LearnedDependence.model_validate({**table, "gains": {"a.x": 1.5}})
