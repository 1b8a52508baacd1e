"""When opinions decide, and what is left of a verdict if they do not hold."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from forensics.evidence import Evidence, Grade, Question, Status, Verdict
from forensics.fusion.facts import Facts
from forensics.fusion.judging import opinions_decide, ruled, steady


def told(status: Status) -> Evidence:
    return Evidence(
        detector="stability", code="stability.x", question=Question.HISTORY, grade=Grade.CLAIM, status=status,
        summary="s",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "decide"),
    [
        (Facts(opinion_synthetic=True), True),
        (Facts(opinion_altered=True), True),
        (Facts(opinion_altered=True, trusted_capture=True), True),  # else it would be contradictory
        (Facts(opinion_synthetic=True, trusted_fully_ai=True), False),
        (Facts(opinion_altered=True, claimed_partly_ai=True), False),
        (Facts(opinion_altered=True, claimed_ai=True), False),
        (Facts(opinion_synthetic=True, hard_binding_failed=True), False),
        (Facts(), False),
    ],
)
def test_when_opinions_decide(facts: Facts, decide: bool) -> None:
    assert opinions_decide(facts, ()) is decide


@pytest.mark.parametrize("status", [Status.CLEAR, Status.NOT_APPLICABLE])
def test_an_opinion_that_holds_stays(status: Status) -> None:
    facts = Facts(opinion_synthetic=True)
    assert steady(facts, {Question.SYNTHETIC: told(status)}) == facts
    assert steady(facts, {}) == facts


def test_an_opinion_that_falls_accuses_nobody() -> None:
    facts = Facts(opinion_synthetic=True)
    fallen = steady(facts, {Question.SYNTHETIC: told(Status.SIGNAL)})
    assert (fallen.opinion_synthetic, fallen.unstable) == (False, True)
    assert ruled(fallen, ()).rule.name == "unstable"


def test_a_trusted_capture_is_not_contradicted_by_what_falls() -> None:
    facts = Facts(opinion_altered=True, trusted_capture=True)
    assert ruled(facts, ()).rule.verdict is Verdict.CONTRADICTORY
    fallen = steady(facts, {Question.ALTERED: told(Status.SIGNAL)})
    assert ruled(fallen, ()).rule.verdict is Verdict.CAPTURED
    assert ruled(fallen, ()).contradictions == ()


def test_opinions_decide_where_the_verdict_is_another_one_without_them() -> None:
    """The definition, over facts of all kinds."""
    rng = np.random.default_rng(8)
    names = [field.name for field in fields(Facts) if field.type == "bool"]
    decided = 0
    for _ in range(3000):
        held = rng.random(len(names)) < rng.choice([0.02, 0.1, 0.4])
        said = {name: bool(value) for name, value in zip(names, held, strict=True)}
        synthetic, altered, readable = (bool(value) for value in rng.random(3) < [0.5, 0.5, 0.9])
        facts = Facts(
            **{**said, "readable": readable, "opinion_synthetic": synthetic, "opinion_altered": altered}
        )
        without = replace(facts, opinion_synthetic=False, opinion_altered=False)
        other = ruled(without, ()).rule.verdict is not ruled(facts, ()).rule.verdict
        assert opinions_decide(facts, ()) is other
        decided += other
    assert 50 < decided < 2900
