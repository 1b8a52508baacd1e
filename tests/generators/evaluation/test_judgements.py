"""What people say: shares, strengths, ratings and agreement, against closed forms and other programs."""

from __future__ import annotations

import math
from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import binom, t

from forensics.errors import UsageError
from forensics.generators.evaluation.agreement import cohen_kappa, krippendorff_alpha
from forensics.generators.evaluation.judgements import (
    Answer,
    agreement_of,
    likert,
    preferences,
    read_answers,
    trials,
    wins,
)
from forensics.generators.evaluation.ranking import bradley_terry, elo_of, elo_ratings, preference


def test_shares_have_the_interval_of_wilson_and_an_exact_test() -> None:
    found = preference(42, 50)
    z, p, n = 1.959963984540054, 0.84, 50
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    assert (found.share, found.low, found.high) == pytest.approx((p, middle - half, middle + half))
    assert found.p_value == pytest.approx(2 * binom.sf(41, 50, 0.5))
    assert preference(25, 50).p_value == pytest.approx(1.0)
    assert preference(25, 50, options=4).p_value < 1e-3  # of four, half is more than chance
    for wrong in ((3, 2, 2), (0, 0, 2), (1, 2, 1)):
        with pytest.raises(UsageError):
            preference(*wrong)


def test_strengths_of_two_are_the_logarithm_of_their_wins() -> None:
    first, second = bradley_terry([[0, 30], [10, 0]])
    assert first - second == pytest.approx(math.log(3))
    assert first + second == pytest.approx(0)
    high, low = elo_of(np.array([math.log(10) / 2, -math.log(10) / 2]))
    assert (high - low, (high + low) / 2) == pytest.approx((400, 1500))


def test_strengths_are_the_likeliest(rng: np.random.Generator) -> None:
    table = rng.integers(1, 20, (4, 4)) * (1 - np.eye(4))

    def surprise(strengths: np.ndarray) -> float:
        return float((table * np.logaddexp(0, strengths[None] - strengths[:, None])).sum())

    expected = minimize(surprise, np.zeros(4), tol=1e-10).x
    np.testing.assert_allclose(bradley_terry(table), expected - expected.mean(), atol=1e-4)


def test_strengths_of_models_that_hardly_met_are_the_likeliest_too() -> None:
    """A chain: each model met the next alone, so that each step is the logarithm of their wins, exactly."""
    count, odds = 12, 200
    table = np.diag(np.full(count - 1, float(odds)), 1) + np.diag(np.ones(count - 1), -1)
    np.testing.assert_allclose(np.diff(bradley_terry(table)), -math.log(odds), atol=1e-6)


def test_models_that_never_lose_have_no_strength() -> None:
    with pytest.raises(UsageError, match="both ways"):
        bradley_terry([[0, 3, 2], [0, 0, 1], [0, 1, 0]])
    with pytest.raises(UsageError, match="square"):
        bradley_terry([[0, 3, 2]])


def test_ratings_move_by_surprise_and_find_the_odds(rng: np.random.Generator) -> None:
    assert elo_ratings([(0, 1)], 2).tolist() == [1516, 1484]
    second = elo_ratings([(0, 1), (1, 0)], 2)
    expected = 1 / (1 + 10 ** (-32 / 400))
    np.testing.assert_allclose(second, [1516 - 32 * expected, 1484 + 32 * expected])
    contests = [(0, 1) if won else (1, 0) for won in rng.random(4000) < 0.75]
    high, low = elo_ratings(contests, 2, step=4.0)
    assert high - low == pytest.approx(400 * math.log10(3), abs=60)
    with pytest.raises(UsageError):
        elo_ratings([(0, 2)], 2)


def test_kappa_is_its_formula() -> None:
    """Cohen's own kind of table: both yes 20, both no 15, and 5 and 10 apart."""
    first = [1] * 25 + [0] * 25
    second = [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15
    assert cohen_kappa(first, second) == pytest.approx(0.4)
    assert cohen_kappa(first, first) == 1.0
    assert math.isnan(cohen_kappa([1, 1], [1, 1]))
    with pytest.raises(UsageError):
        cohen_kappa([1, 2], [1])


def test_weighted_kappa_of_equal_spread_is_a_correlation(rng: np.random.Generator) -> None:
    """Fleiss & Cohen 1973: with equal means and variances it is the coefficient of correlation."""
    first = np.repeat(np.arange(1, 6), 40)
    second = rng.permuted(first.reshape(5, 40).T, axis=1).T.ravel()
    second = np.where(rng.random(200) < 0.5, first, second)
    mean, spread = (first.mean() - second.mean()) ** 2, first.var() + second.var()
    expected = 2 * np.cov(first, second, ddof=0)[0, 1] / (spread + mean)
    assert cohen_kappa(first, second, squared=True) == pytest.approx(expected)


NAN = math.nan
KRIPPENDORFF = [  # Krippendorff 2011, section C: four observers, twelve units
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
    [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
]


@pytest.mark.parametrize(("scale", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_is_that_of_krippendorffs_own_example(scale: str, alpha: float) -> None:
    assert krippendorff_alpha(KRIPPENDORFF, scale) == pytest.approx(alpha, abs=6e-4)  # type: ignore[arg-type]


def test_alpha_is_nothing_by_chance(rng: np.random.Generator) -> None:
    assert krippendorff_alpha(rng.integers(0, 3, (3, 4000)).astype(float)) == pytest.approx(0, abs=0.03)
    assert krippendorff_alpha([[1, 2, 3], [1, 2, 3]]) == pytest.approx(1)
    assert math.isnan(krippendorff_alpha([[1, 1], [1, 1]]))
    with pytest.raises(UsageError):
        krippendorff_alpha([[1, NAN], [NAN, 2]])
    with pytest.raises(UsageError, match="no scale"):
        krippendorff_alpha([[1, 2], [1, 2]], "ratio")  # type: ignore[arg-type]


def test_everyone_is_asked_everything_once_with_sides_that_differ() -> None:
    asked = trials(["ann", "bob"], [str(i) for i in range(200)], ["a", "b", "c"], seed=1)
    assert len(asked) == 2 * 200 * 3
    assert len({(q.rater, q.item, frozenset(q.shown)) for q in asked}) == len(asked)
    first = Counter(q.shown[0] for q in asked if set(q.shown) == {"a", "b"})
    assert abs(first["a"] - first["b"]) < 100
    assert [q.item for q in asked[:600]] != [q.item for q in asked[600:]]
    assert asked == trials(["ann", "bob"], [str(i) for i in range(200)], ["a", "b", "c"], seed=1)
    assert {len(q.shown) for q in trials(["ann"], ["x"], ["a", "b", "c"], 1, together=3)} == {3}
    with pytest.raises(UsageError):
        trials(["ann"], ["x"], ["a"], 1)


def test_answers_become_shares_wins_and_agreement(tmp_path: Path) -> None:
    file = tmp_path / "answers.csv"
    lines = ["rater,item,shown,chosen"]
    for rater, chosen in (("ann", "aab"), ("bob", "aba")):
        lines += [f"{rater},{i},{'a b' if rater == 'ann' else 'b a'},{c}" for i, c in enumerate(chosen)]
    file.write_text("\n".join(lines), encoding="utf-8")
    answers = read_answers(file)
    assert answers[0] == Answer("ann", "0", ("a", "b"), "a")
    assert preferences(answers, ["a", "b"])["a"].share == pytest.approx(4 / 6)
    assert wins(answers, ["a", "b"]).tolist() == [[0, 4], [2, 0]]
    expected = krippendorff_alpha([[0, 0, 1], [0, 1, 0]])
    assert agreement_of(answers) == pytest.approx(expected)
    best = [Answer("ann", "x", ("a", "b", "c"), "b")]
    assert wins(best, ["a", "b", "c"]).tolist() == [[0, 0, 0], [1, 0, 1], [0, 0, 0]]
    file.write_text("rater,item,shown,chosen\nann,1,a b,c\n", encoding="utf-8")
    with pytest.raises(UsageError, match="line 2"):
        read_answers(file)
    file.write_text("who,item,shown,chosen\nann,1,a b,a\n", encoding="utf-8")
    with pytest.raises(UsageError, match="columns"):
        read_answers(file)
    with pytest.raises(UsageError, match="must be shown"):
        preferences(answers, ["c"])


def test_who_answers_by_chance_does_not_agree_however_many_models_there_are(rng: np.random.Generator) -> None:
    """Of each pair one of two is chosen: that models of other pairs could not be is no agreement."""
    raters, items, models = ["ann", "bob", "cy"], [str(i) for i in range(100)], list("abcde")
    asked = trials(raters, items, models, 1)
    by_chance = [Answer(q.rater, q.item, q.shown, q.shown[rng.integers(2)]) for q in asked]
    assert agreement_of(by_chance) == pytest.approx(0, abs=0.04)
    best = {(i, *sorted(g)): str(rng.choice(g)) for i in items for g in combinations(models, 2)}
    agreed = [Answer(q.rater, q.item, q.shown, best[q.item, *sorted(q.shown)]) for q in asked]
    assert agreement_of(agreed) == pytest.approx(1)


def test_alpha_of_kinds_is_that_of_each_weighed_by_its_own_chance(rng: np.random.Generator) -> None:
    """By hand: what differs in pairs of one item over what differs in pairs of one kind."""
    ratings = rng.integers(0, 3, (2, 12)).astype(float)
    kinds = np.repeat([0, 1, 1], 4)
    ratings[:, 4:] += 3
    observed = expected = 0.0
    for kind in (0, 1):
        said = ratings[:, kinds == kind]
        observed += 2 * (said[0] != said[1]).sum()
        every = said.ravel()
        expected += (every[:, None] != every).sum() / (every.size - 1)
    assert krippendorff_alpha(ratings, kinds=kinds) == pytest.approx(1 - observed / expected)
    assert krippendorff_alpha(ratings, kinds=np.zeros(12)) == krippendorff_alpha(ratings)
    with pytest.raises(UsageError, match="kind"):
        krippendorff_alpha(ratings, kinds=kinds[1:])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"rater,item,shown,chosen\nann,1\n", "line 2"),
        (b"rater,item,shown,chosen\nann,1,a b,a\nann,2,a b,a,b\n", "line 3"),
        (b"who,item\n", "columns"),
        (b"", "columns"),
        (b"rater,item,shown,chosen\nann,\xff,a b,a\n", "cannot be read"),
        (None, "cannot be read"),
    ],
)
def test_files_that_hold_no_answers_are_refused(tmp_path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / "answers.csv").write_bytes(content)
    with pytest.raises(UsageError, match=message):
        read_answers(tmp_path / "answers.csv")


def test_levels_of_a_scale_have_shares_and_a_mean() -> None:
    ratings = [1, 4, 4, 5]
    found = likert(ratings)
    assert found.shares == (0.25, 0, 0, 0.5, 0.25)
    assert (found.median, found.mean) == (4, 3.5)
    half = t.ppf(0.975, 3) * np.std(ratings, ddof=1) / 2
    assert (found.low, found.high) == pytest.approx((3.5 - half, 3.5 + half))
    with pytest.raises(UsageError):
        likert([1, 6])
