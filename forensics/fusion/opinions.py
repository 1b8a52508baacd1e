"""Opinions of passive detectors to one likelihood ratio per question.

The model is logistic fusion of calibrated log-likelihood ratios,

    LLR = sum_i w_i * llr_i ,

with weights that pay for dependence. If the calibrated scores are jointly Gaussian with the correlation
matrix R, the optimal linear weights of equally strong scores are w = R^-1 1: one for independent
detectors, 1/n for n copies of the same one (Brummer and de Villiers 2013, "The BOSARIS toolkit",
arXiv:1304.2865, for logistic fusion; the weights follow from Fisher's linear discriminant).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt
from pydantic import Field

from forensics.evidence import Evidence, Grade, Model, Question, Status

__all__ = ["Dependence", "FusedOpinion", "Term", "fuse", "load_dependence"]


class Pair(Model):
    """Measured correlation of two findings' LLRs on pictures without the property."""

    codes: tuple[str, str]
    correlation: float = Field(ge=-1, le=1)


class Dependence(Model):
    """How much findings repeat each other."""

    name: str
    size: int = Field(ge=0, description="Pictures on which the correlations were measured.")
    same: float = Field(default=1.0, ge=0, le=1, description="The same finding twice.")
    unknown: float = Field(default=0.5, ge=0, le=1, description="A pair that was never measured.")
    pairs: tuple[Pair, ...] = ()

    def correlation(self, one: str, other: str) -> float:
        """Return the correlation assumed for two findings, by code; negative ones are not made use of."""
        if one == other:
            return self.same
        for pair in self.pairs:
            if set(pair.codes) == {one, other}:
                return max(pair.correlation, 0.0)
        return self.unknown


class Term(Model):
    """One summand."""

    detector: str
    code: str
    llr: float
    weight: float
    contribution: float


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


# w = R^-1 1, kept within [0, 1]: no finding counts more than alone, none counts against itself.
def weights(correlation: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the weights of detectors with the (n, n) correlation matrix given."""
    solution = np.linalg.pinv(correlation) @ np.ones(len(correlation))
    return np.clip(solution, 0.0, 1.0)


def fuse(
    evidence: Iterable[Evidence],
    question: Question,
    *,
    prior: float = 0.5,
    dependence: Dependence | None = None,
) -> FusedOpinion:
    """Sum the opinions on one question.

    Args:
        evidence: Any evidence; only opinions on `question` that carry an LLR take part.
        question: The question.
        prior: Prior probability of "yes", inside (0, 1).
        dependence: Correlations to assume; the shipped ones if None.

    Returns:
        The sum with its terms. Without any term the LLR is 0: the posterior is the prior.
    """
    table = dependence or load_dependence()
    parts = [e for e in evidence if _takes_part(e, question)]
    terms = _terms(parts, table) if parts else ()
    llr = float(sum(t.contribution for t in terms))
    odds = llr + float(np.log10(prior / (1 - prior)))
    return FusedOpinion(
        question=question,
        prior=prior,
        terms=terms,
        llr=round(llr, 4),
        log10_posterior_odds=round(odds, 4),
        posterior=round(1 / (1 + 10.0**-odds), 6),
    )


def _takes_part(evidence: Evidence, question: Question) -> bool:
    ran = evidence.status in (Status.SIGNAL, Status.CLEAR)
    opinion = evidence.grade is Grade.OPINION and evidence.question is question
    return opinion and ran and evidence.llr is not None


def _terms(parts: Sequence[Evidence], table: Dependence) -> tuple[Term, ...]:
    codes = [e.code for e in parts]
    matrix = np.array([[table.correlation(a, b) for b in codes] for a in codes])
    np.fill_diagonal(matrix, 1.0)
    return tuple(
        Term(
            detector=e.detector,
            code=e.code,
            llr=float(e.llr or 0.0),
            weight=round(float(w), 4),
            contribution=round(float(w) * float(e.llr or 0.0), 4),
        )
        for e, w in zip(parts, weights(matrix), strict=True)
    )
