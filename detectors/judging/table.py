"""All that was said, as arrays: a line for each picture in each delivery, a column for each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.detectors.evaluation.outcomes import Floats, Outcomes
from forensics.detectors.judging.looking import FUSED, Shown

__all__ = ["CONTROL", "Bools", "Table", "rows_of", "tabulated"]

CONTROL = "control.bytes_per_pixel"
"""The row of what the size of the files alone tells: fewer bytes for a pixel score higher."""
UNKNOWN = "made"
"""The maker of fakes of which none is named."""

Bools = npt.NDArray[np.bool_]
Words = npt.NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class Table:
    """What was said.

    Attributes:
        rows: (C,) the findings, all fused, and the control.
        scores: (N, C) what is ranked; NaN where the finding does not apply.
        llrs: (N, C) log10 likelihood ratios; NaN likewise, and where it gives none.
        truth: (N,) whether the picture has the property.
        sources: (N,) what it was made from.
        makers: (N,) who made it, "" for photos.
        deliveries: (N,) how it was delivered.
    """

    rows: tuple[str, ...]
    scores: Floats
    llrs: Floats
    truth: Bools
    sources: Words
    makers: Words
    deliveries: Words

    def taken(self, chosen: Bools) -> Table:
        """Return some of the lines."""
        return Table(
            self.rows,
            self.scores[chosen],
            self.llrs[chosen],
            self.truth[chosen],
            self.sources[chosen],
            self.makers[chosen],
            self.deliveries[chosen],
        )

    def column(self, makers: Sequence[str], delivery: str = "") -> Table:
        """Return the photos, and what some makers made, in one delivery or in all."""
        chosen = ~self.truth | np.isin(self.makers, list(makers))
        return self.taken(chosen & (self.deliveries == delivery) if delivery else chosen)

    def spoken(self, row: str) -> Bools:
        """Return which pictures a row speaks of, (N,); all fused is 0 where it says nothing."""
        scores = self.scores[:, self.rows.index(row)]
        return np.asarray(scores != 0 if row == FUSED else np.isfinite(scores))

    def outcomes(self, values: Floats) -> Outcomes | None:
        """Return numbers with the truth, without those that are NaN; None where a class is missing."""
        there = np.isfinite(values)
        truth = self.truth[there]
        if not truth.any() or truth.all():
            return None
        return Outcomes.of(values[there], truth.tolist(), self.sources[there].tolist())

    @property
    def named(self) -> tuple[str, ...]:
        """The makers, sorted."""
        return tuple(sorted(set(self.makers[self.truth].tolist())))


def rows_of(shown: Sequence[Shown]) -> tuple[str, ...]:
    """Return the findings that spoke of some picture, sorted, then all fused, then the control."""
    return (*sorted({said.code for one in shown for said in one.looked.said}), FUSED, CONTROL)


def tabulated(
    shown: Sequence[Shown], rows: Sequence[str], families: Mapping[str, str] | None = None
) -> Table:
    """Return what was said as arrays.

    Of a picture of which no finding says anything the fused ratio is 0, even odds, as in an audit.

    Args:
        shown: Pictures in their deliveries.
        rows: As `rows_of` returns them.
        families: What makers are called instead; their own names if None.
    """
    scores = np.full((len(shown), len(rows)), np.nan)
    llrs = scores.copy()
    columns = {row: number for number, row in enumerate(rows)}
    for number, one in enumerate(shown):
        for said in one.looked.said:
            if said.code in columns:
                scores[number, columns[said.code]] = said.score
                llrs[number, columns[said.code]] = np.nan if said.llr is None else said.llr
        scores[number, columns[FUSED]] = llrs[number, columns[FUSED]] = one.looked.fused or 0.0
        scores[number, columns[CONTROL]] = -one.looked.size / one.looked.pixels
    return Table(
        rows=tuple(rows),
        scores=scores,
        llrs=llrs,
        truth=np.array([one.sample.fake for one in shown], np.bool_),
        sources=np.array([one.sample.source for one in shown], np.str_),
        makers=np.array([_maker(one, families) for one in shown], np.str_),
        deliveries=np.array([one.looked.delivery for one in shown], np.str_),
    )


def _maker(one: Shown, families: Mapping[str, str] | None) -> str:
    if not one.sample.fake:
        return ""
    name = one.sample.maker or UNKNOWN
    return families.get(name, name) if families is not None else name
