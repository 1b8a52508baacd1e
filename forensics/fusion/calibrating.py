"""From the scores of a corpus to a calibration: tables, fusion, and what both were measured on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from forensics.detectors.calibrating.collecting import Row
from forensics.detectors.calibrating.fitting import LEAST_BUCKET, Observation, fit_buckets, held_out
from forensics.detectors.calibrating.scales import ScaleKind
from forensics.detectors.calibrating.table import CalibrationTable
from forensics.detectors.evaluation.outcomes import Floats, Outcomes
from forensics.errors import UsageError
from forensics.evidence import Question
from forensics.files import atomic_write
from forensics.fusion.learned import tree_sums
from forensics.fusion.learning import Gathered, fused, learn, usual_tree
from forensics.fusion.own import FUSION, INDEX, TABLES, Index, OwnCalibration, Skipped

__all__ = ["Calibrated", "Settings", "calibrate", "write"]


@dataclass(frozen=True)
class Settings:
    """How a calibration is made.

    Attributes:
        name: Of the set; it stands beside every weight in a report.
        question: What the label "fake" stands for.
        kind: How scales are fitted.
        note: What the set is and does not cover.
        least: Sources of each class that a bucket of quality needs for a scale of its own.
        replicates: Resamplings of each interval.
    """

    name: str
    question: Question = Question.SYNTHETIC
    kind: ScaleKind = ScaleKind.LOGISTIC
    note: str = ""
    least: int = LEAST_BUCKET
    replicates: int = 500


@dataclass(frozen=True, eq=False)
class Calibrated:
    """A calibration, and the ratios that it was measured by.

    Attributes:
        own: The calibration.
        gathered: Every picture with the ratios of every finding by scales fitted without its source.
        together: (N,) the fused ratios of those.
    """

    own: OwnCalibration
    gathered: Gathered
    together: Floats

    def outcomes(self, code: str | None) -> Outcomes | None:
        """Return the held-out ratios of one finding, or of all fused; None where a class is missing."""
        column = self.together if code is None else self.gathered.llrs[:, self.gathered.codes.index(code)]
        there = np.isfinite(column)
        truth = self.gathered.truth[there]
        if not truth.any() or truth.all():
            return None
        return self.gathered.taken(there).outcomes(column[there])


def calibrate(rows: Sequence[Row], settings: Settings) -> Calibrated:
    """Fit and measure a calibration.

    Args:
        rows: Pictures with their truth and scores.
        settings: How.

    Raises:
        UsageError: No finding gave enough scores of both classes.
    """
    tables: list[CalibrationTable] = []
    skipped: list[Skipped] = []
    for code in sorted({s.code for row in rows for s in row.scored.scores}):
        try:
            tables.append(_table(rows, code, settings))
        except UsageError as error:
            skipped.append(Skipped(code=code, reason=str(error)))
    if not tables:
        said = "; ".join(f"{s.code}: {s.reason}" for s in skipped)
        raise UsageError(
            f"nothing can be calibrated on these {len(rows)} pictures: {said or 'no finding gave a score'}"
        )
    gathered = _gathered(rows, tables, settings)
    learned = learn(gathered, settings.question, settings.name, replicates=settings.replicates)
    index = _index(rows, settings, tables, skipped, learned is not None)
    own = OwnCalibration(index, tuple(tables), learned)
    if learned is not None:
        order = [gathered.codes.index(code) for code in learned.codes]
        together = fused(learned, gathered.llrs[:, order])
    else:
        together = tree_sums(gathered.llrs, gathered.codes, usual_tree(gathered.codes))
    return Calibrated(own, gathered, together)


def write(calibrated: Calibrated, folder: Path) -> None:
    """Write a calibration as the folder that `forensics audit --calibration` takes; the index comes last.

    Raises:
        UsageError: It cannot be written.
    """
    own = calibrated.own
    try:
        (folder / TABLES).mkdir(parents=True, exist_ok=True)
        for table in own.tables:
            table.save(folder / TABLES / f"{table.code}.json")
        if own.fusion is not None:
            atomic_write(folder / FUSION, (own.fusion.model_dump_json(indent=1) + "\n").encode())
        atomic_write(folder / INDEX, (own.index.model_dump_json(indent=1) + "\n").encode())
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror or error}") from None


def _observations(rows: Sequence[Row], code: str) -> list[tuple[int, Observation]]:
    """Return the scores of one finding with the numbers of their rows."""
    return [
        (number, Observation(s.value, row.sample.fake, row.sample.source, row.scored.quality))
        for number, row in enumerate(rows)
        for s in row.scored.scores
        if s.code == code
    ]


def _table(rows: Sequence[Row], code: str, settings: Settings) -> CalibrationTable:
    seen = [o for _, o in _observations(rows, code)]
    if len({o.score for o in seen}) == 1:
        raise UsageError("it says the same of every picture")
    score = next(s for row in rows for s in row.scored.scores if s.code == code)
    return CalibrationTable(
        code=code,
        detector=score.detector,
        version=score.version,
        question=settings.question,
        name=settings.name,
        note=settings.note,
        buckets=fit_buckets(seen, settings.kind, least=settings.least, replicates=settings.replicates),
    )


def _gathered(rows: Sequence[Row], tables: Sequence[CalibrationTable], settings: Settings) -> Gathered:
    codes = tuple(table.code for table in tables)
    scores = np.full((len(rows), len(codes)), np.nan)
    llrs = scores.copy()
    for column, code in enumerate(codes):
        seen = _observations(rows, code)
        places = [number for number, _ in seen]
        scores[places, column] = [o.score for _, o in seen]
        llrs[places, column] = held_out([o for _, o in seen], settings.kind, least=settings.least)
    truth = np.array([row.sample.fake for row in rows], np.bool_)
    return Gathered(codes, scores, llrs, truth, tuple(row.sample.source for row in rows))


def _index(
    rows: Sequence[Row],
    settings: Settings,
    tables: Sequence[CalibrationTable],
    skipped: Sequence[Skipped],
    learned: bool,
) -> Index:
    sides = [[row.sample.source for row in rows if row.sample.fake is fake] for fake in (False, True)]
    return Index(
        name=settings.name,
        question=settings.question,
        kind=settings.kind,
        real=len(sides[0]),
        fake=len(sides[1]),
        real_sources=len(set(sides[0])),
        fake_sources=len(set(sides[1])),
        codes=tuple(table.code for table in tables),
        skipped=tuple(skipped),
        fused=learned,
    )
