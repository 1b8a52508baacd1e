"""How much findings repeat each other, where that was measured: a tree of shared branches.

The log10 likelihood ratios of independent findings add up; of a finding and its copy, one counts. In between,
two findings share a part of what they see. The parts are the branches of a tree of depth 1 whose leaves are
the findings: what two of them share is the way that they have in common. Each branch counts once, with the
strongest finding at its end. For the findings that speak for "yes",

    LLR+ = sum over branches of length * max(llr of the findings on it) ,

likewise LLR- for those that speak for "no", and LLR = LLR+ + LLR-. That is the Choquet integral of the ratios
by the length of the tree that a set of findings spans (phylogenetic diversity, Faith 1992). So, whatever the
tree: a further finding for "yes" never lowers the result, nor does one that rises, a copy adds nothing,
each side lies between its strongest finding and the plain sum, and any findings may be missing. The rule
without anything learned (`opinions`) is the tree of one trunk, half as long as the tree, from which all
findings part at once.

Where some findings know better than others, gains stand in for the tree: each finding counts for its gain in
[0, 1], from logistic regression, and the parts add up (linear logistic fusion, Brummer et al. 2007, IEEE
TASLP 15(7), without its offset and without negative weights). Then the result may be below the strongest
finding's, but a finding for "yes" still never lowers it, and one that rises never does so either.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field, model_validator

from forensics.detectors.evaluation.bootstrap import Figure
from forensics.detectors.evaluation.outcomes import Floats
from forensics.evidence import Model, Question

__all__ = ["Branch", "LearnedDependence", "Said", "tree_sums"]

BETWEEN = 0.5
"""Dependence of findings of which nothing is known, as in the rule without anything learned."""


class Said(Model):
    """What one finding says for a side: a number of at least 0."""

    code: str
    weight: float = Field(ge=0)


class Branch(Model):
    """A part of what is seen, shared by some findings."""

    length: float = Field(gt=0, le=1)
    codes: tuple[str, ...] = Field(min_length=1)


class LearnedDependence(Model):
    """How findings on one question repeat each other, measured on pictures.

    Attributes:
        question: What the findings answer.
        name: Of the calibration set.
        branches: Of the tree; those of each finding add up to 1.
        negative_sources: Independent sources without the property: the whole never says more for yes than
            log10 of one more, unless a single finding does.
        positive_sources: Independent sources with it; likewise for no.
        trust: Share of the tree that is used, in [0, 1]; of the rest only the strongest finding counts.
        gains: Share of each finding's ratio that goes into the tree, in [0, 1]; 1 where there is none.
        figures: How good fusing was on sources that the tree was not learned on, in turns.
    """

    question: Question
    name: str
    branches: tuple[Branch, ...] = Field(min_length=1)
    negative_sources: int = Field(ge=1)
    positive_sources: int = Field(ge=1)
    trust: float = Field(ge=0, le=1)
    gains: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(default_factory=dict)
    figures: tuple[Figure, ...] = ()

    @model_validator(mode="after")
    def _depth_is_one(self) -> LearnedDependence:
        for code in self.codes:
            depth = sum(b.length for b in self.branches if code in b.codes)
            if abs(depth - 1) > 1e-6:
                raise ValueError(f"the branches of {code} add up to {depth:g} and not to 1")
        return self

    @property
    def codes(self) -> tuple[str, ...]:
        """The findings that were learned, sorted."""
        return tuple(sorted({code for b in self.branches for code in b.codes}))

    def weights(self, said: Sequence[Said], *, yes: bool) -> list[float]:
        """Return how much each finding of one side counts, in the order given.

        All findings that were learned together count as one against each of which nothing is known, with the
        dependence of the usual rule. Of findings of one code the strongest counts.

        Args:
            said: The findings of one side.
            yes: Which side that is.
        """
        if not said:
            return []
        shares = np.array([self.gains.get(s.code, 1.0) for s in said])
        values = np.array([s.weight for s in said]) * shares
        found = np.zeros(len(said))
        strongest = _strongest(said)
        known = {code: at for code, at in strongest.items() if code in self.codes}
        for branch in self.branches:
            here = [known[code] for code in branch.codes if code in known]
            if here:
                found[max(here, key=lambda at: (values[at], -at))] += branch.length
        groups = [list(known.values()), *([at] for code, at in strongest.items() if code not in known)]
        for at in (at for group in groups[1:] for at in group):
            found[at] = 1.0
        _discount([group for group in groups if group], values, found)
        cap = max(float(values.max(initial=0.0)), math.log10(1 + self._sources(yes)))
        total = float(values @ found)
        return [float(w) for w in found * shares * (cap / total if total > cap else 1.0)]

    def _sources(self, yes: bool) -> int:
        return self.negative_sources if yes else self.positive_sources


def tree_sums(llrs: Floats, codes: Sequence[str], branches: Sequence[Branch]) -> Floats:
    """Return the fused ratio of many pictures, without a cap: (N,).

    Args:
        llrs: (N, C) ratio of each finding, NaN where it did not run.
        codes: (C,) the findings.
        branches: Of the tree.
    """
    sides = [np.maximum(np.nan_to_num(sign * llrs), 0.0) for sign in (1.0, -1.0)]
    total = np.zeros(len(llrs))
    for branch in branches:
        columns = [codes.index(code) for code in branch.codes]
        total += branch.length * (sides[0][:, columns].max(axis=1) - sides[1][:, columns].max(axis=1))
    return total


def _strongest(said: Sequence[Said]) -> dict[str, int]:
    """Return the place of the strongest finding of each code."""
    found: dict[str, int] = {}
    for at, finding in enumerate(said):
        if finding.code not in found or finding.weight > said[found[finding.code]].weight:
            found[finding.code] = at
    return found


def _discount(groups: Sequence[Sequence[int]], values: Floats, found: Floats) -> None:
    """Let the strongest group count in full, and the others in part."""
    sums = [float(values[list(group)] @ found[list(group)]) for group in groups]
    for number, group in enumerate(groups):
        if number != int(np.argmax(sums)):
            found[list(group)] *= 1 - BETWEEN
