"""Opinions of passive detectors to one likelihood ratio per question.

The log10 likelihood ratios of independent findings add up; of findings that all see the same thing, only
the strongest counts. Ours are neither, so the sum lies between the two. Where it was measured how much they
depend on each other, `learned` takes over. Where not, for the findings that speak for "yes", with the
dependence d in [0, 1],

    LLR+ = max llr + (1 - d) * (sum llr - max llr) ,

likewise LLR- for those that speak for "no", and LLR = LLR+ + LLR-. So a further finding for "yes" never
lowers the result, nothing counts for more than alone, and the whole never exceeds the plain sum (the case of
independence) on either side. A finding of exactly 0 says nothing and takes no part. The same finding twice
is one finding: the stronger one counts.

Weights from a measured correlation matrix (Fisher's discriminant, w = R^-1 1) were tried instead: there a
weak finding for "yes" lowers the result of a strong one, and one that says nothing does so too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from math import log10

from pydantic import Field

from forensics.evidence import Evidence, Grade, Model, Question, Status
from forensics.fusion.learned import LearnedDependence, Said

__all__ = ["THRESHOLD", "Dependence", "FusedOpinion", "Term", "fuse", "load_dependence", "load_learned"]

THRESHOLD = 2.0
"""log10 posterior odds from which an opinion counts: 100 to 1."""


class Dependence(Model):
    """How much different findings repeat each other."""

    name: str
    size: int = Field(ge=0, description="Pictures on which it was measured; 0 where it is assumed.")
    between: float = Field(
        ge=0, le=1, description="0: different findings are independent; 1: they all see the same thing."
    )


class Term(Model):
    """One summand."""

    detector: str
    code: str
    llr: float = Field(description="The finding's own log10 likelihood ratio.")
    weight: float = Field(
        ge=0,
        le=1,
        description="Share of it that counts: by the usual rule 1 for the strongest finding on its side, yes "
        "or no, and less for what may repeat it; else what was learned.",
    )
    contribution: float = Field(description="Weight times llr.")


class FusedOpinion(Model):
    """What the passive detectors together say about one question."""

    question: Question
    prior: float = Field(description="Prior probability that was assumed.")
    terms: tuple[Term, ...] = ()
    llr: float = Field(description="log10 likelihood ratio, the sum of the contributions.")
    log10_posterior_odds: float
    posterior: float = Field(ge=0, le=1)


@lru_cache(maxsize=1)
def load_dependence() -> Dependence:
    """Return the shipped table of dependence."""
    text = (files("forensics.fusion") / "dependence.json").read_text(encoding="utf-8")
    return Dependence.model_validate(json.loads(text))


@cache
def load_learned(question: Question) -> LearnedDependence | None:
    """Return what ships of how findings on a question repeat each other; None where nothing was learned."""
    file = files("forensics.fusion") / f"learned_{question.value}.json"
    return LearnedDependence.model_validate_json(file.read_text(encoding="utf-8")) if file.is_file() else None


def fuse(
    evidence: Iterable[Evidence],
    question: Question,
    *,
    prior: float = 0.5,
    dependence: Dependence | LearnedDependence | None = None,
) -> FusedOpinion:
    """Sum the opinions on one question.

    Args:
        evidence: Any evidence; only opinions on `question` with an LLR other than 0 take part.
        question: The question.
        prior: Prior probability of "yes", inside (0, 1).
        dependence: Dependence that was learned, or that is assumed. If None, what ships: learned for this
            question if there is such a table, else assumed.

    Returns:
        The sum with its terms. Without any term the LLR is 0: the posterior is the prior.
    """
    parts = [e for e in evidence if _takes_part(e, question)]
    if not parts:
        return _opinion(question, prior, ())
    table = dependence or load_learned(question) or load_dependence()
    weights = (
        _learned(parts, table) if isinstance(table, LearnedDependence) else _weights(parts, table.between)
    )
    return _opinion(question, prior, tuple(_term(e, w) for e, w in zip(parts, weights, strict=True)))


@lru_cache(maxsize=8)  # most files of a scan by `triage` have no term at all
def _opinion(question: Question, prior: float, terms: tuple[Term, ...]) -> FusedOpinion:
    llr = sum(t.contribution for t in terms)
    odds = llr + log10(prior / (1 - prior))
    return FusedOpinion(
        question=question,
        prior=prior,
        terms=terms,
        llr=round(llr, 4),
        log10_posterior_odds=round(odds, 4),
        posterior=round(1 / (1 + 10.0 ** min(-odds, 300.0)), 6),
    )


def _takes_part(evidence: Evidence, question: Question) -> bool:
    ran = evidence.status in (Status.SIGNAL, Status.CLEAR)
    opinion = evidence.grade is Grade.OPINION and evidence.question is question
    return opinion and ran and bool(evidence.llr)


def _term(evidence: Evidence, weight: float) -> Term:
    llr = evidence.llr or 0.0
    return Term(
        detector=evidence.detector,
        code=evidence.code,
        llr=llr,
        weight=round(weight, 4),
        contribution=round(weight * llr, 4),
    )


# LLR+ = max + (1 - d) (sum - max): weight 1 for the largest, 1 - d for the others, 0 for one told already.
def _weights(parts: Sequence[Evidence], dependence: float) -> Iterator[float]:
    """Yield the weight of each finding, in the order given."""
    order = sorted(range(len(parts)), key=lambda i: abs(parts[i].llr or 0.0), reverse=True)
    told: dict[bool, set[str]] = {True: set(), False: set()}
    found: dict[int, float] = {}
    for i in order:
        side = told[(parts[i].llr or 0.0) > 0]
        found[i] = 0.0 if parts[i].code in side else 1.0 - dependence if side else 1.0
        side.add(parts[i].code)
    return (found[i] for i in range(len(parts)))


def _learned(parts: Sequence[Evidence], table: LearnedDependence) -> Iterator[float]:
    """Yield the weight of each finding, in the order given, by what was learned."""
    found = [0.0] * len(parts)
    for yes in (True, False):
        side = [i for i, e in enumerate(parts) if ((e.llr or 0.0) > 0) is yes]
        said = [Said(code=parts[i].code, weight=abs(parts[i].llr or 0.0)) for i in side]
        for i, weight in zip(side, table.weights(said, yes=yes), strict=True):
            found[i] = weight
    return iter(found)
