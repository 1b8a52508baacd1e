"""From facts to a verdict, and what an opinion that does not hold leaves of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from forensics.evidence import Claim, Evidence, Question, Status
from forensics.fusion.contradictions import Contradiction, find_contradictions
from forensics.fusion.facts import Facts
from forensics.fusion.rules import Rule, decide

__all__ = ["Ruling", "opinions_decide", "ruled", "steady"]


@dataclass(frozen=True)
class Ruling:
    """What the facts lead to.

    Attributes:
        contradictions: Those found.
        rule: The rule that decides.
    """

    contradictions: tuple[Contradiction, ...]
    rule: Rule


def ruled(facts: Facts, claims: Sequence[Claim]) -> Ruling:
    """Return the contradictions, and the first rule that holds.

    Args:
        facts: What is known about the file.
        claims: All claims found.
    """
    found = find_contradictions(claims, facts)
    rule = decide(replace(facts, decisive_contradiction=any(c.decisive for c in found)))
    return Ruling(found, rule)


def opinions_decide(facts: Facts, claims: Sequence[Claim]) -> bool:
    """Return whether the verdict would be another one without the opinions of detectors."""
    if not (facts.opinion_synthetic or facts.opinion_altered):
        return False
    without = replace(facts, opinion_synthetic=False, opinion_altered=False)
    return ruled(without, claims).rule.verdict is not ruled(facts, claims).rule.verdict


def steady(facts: Facts, told: Mapping[Question, Evidence]) -> Facts:
    """Return the facts without the opinions that do not hold when the picture is delivered again.

    Args:
        facts: What is known about the file.
        told: Evidence of `stability_evidence` by the question of the opinion.
    """
    fallen = {q for q, e in told.items() if e.status is Status.SIGNAL}
    return replace(
        facts,
        opinion_synthetic=facts.opinion_synthetic and Question.SYNTHETIC not in fallen,
        opinion_altered=facts.opinion_altered and Question.ALTERED not in fallen,
        unstable=bool(fallen),
    )
