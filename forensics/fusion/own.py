"""A calibration of the user's own: the folder that `forensics calibrate` writes, and what it changes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import Field

from forensics import __version__
from forensics.detectors.base import SIGNAL, Detector
from forensics.detectors.buckets import Quality, quality_of
from forensics.detectors.calibrating.scales import ScaleKind
from forensics.detectors.calibrating.scoring import score_of
from forensics.detectors.calibrating.table import CalibrationTable, read_model
from forensics.errors import UsageError
from forensics.evidence import Evidence, Model, Question, Status
from forensics.fusion.learned import LearnedDependence
from forensics.media import Media

__all__ = ["FUSION", "INDEX", "TABLES", "Index", "OwnCalibration", "Skipped"]

INDEX, FUSION, TABLES = "calibration.json", "fusion.json", "tables"
_CODE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


class Skipped(Model):
    """A finding that was not calibrated, and why."""

    code: str
    reason: str


class Index(Model):
    """What a folder holds.

    Attributes:
        name: Name of the calibration set.
        question: What its label "fake" stands for.
        kind: How the scales were fitted.
        real: Number of real pictures that were read.
        fake: Number of fake ones.
        real_sources: Independent sources of the former.
        fake_sources: Of the latter.
        codes: Findings that were calibrated; each has a table.
        skipped: Findings that were not.
        fused: Whether it was learned how they repeat each other.
        suite_version: What made it.
    """

    schema_version: str = "1"
    name: str
    question: Question
    kind: ScaleKind
    real: int = Field(ge=1)
    fake: int = Field(ge=1)
    real_sources: int = Field(ge=1)
    fake_sources: int = Field(ge=1)
    codes: tuple[str, ...]
    skipped: tuple[Skipped, ...] = ()
    fused: bool = False
    suite_version: str = __version__


@dataclass(frozen=True)
class OwnCalibration:
    """Weights for scores, and for findings among each other, from pictures of the user's own.

    Attributes:
        index: What it was made from.
        tables: One for each finding that was calibrated.
        fusion: How findings repeat each other; None if that was not learned.
    """

    index: Index
    tables: tuple[CalibrationTable, ...]
    fusion: LearnedDependence | None

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read a folder that `forensics calibrate` wrote.

        Raises:
            UsageError: It is no such folder, or is damaged.
        """
        if not (folder / INDEX).is_file():
            raise UsageError(
                f"{folder} is no calibration: `forensics calibrate DIR -o {folder}` makes one",
                expected=f"a folder with {INDEX}",
                actual=str(folder),
            )
        index = read_model(Index, folder / INDEX, "calibration")
        for code in index.codes:
            if not _CODE.fullmatch(code):
                raise UsageError(f"{folder / INDEX}: {code!r} is no name of a finding", actual=code)
        tables = tuple(CalibrationTable.load(folder / TABLES / f"{code}.json") for code in index.codes)
        for code, table in zip(index.codes, tables, strict=True):
            if table.code != code or table.question is not index.question:
                raise UsageError(f"{folder}: the table of {code} is one of {table.code}", actual=table.code)
        fusion = read_model(LearnedDependence, folder / FUSION, "learned fusion") if index.fused else None
        return cls(index, tables, fusion)

    def check(self, detectors: Iterable[Detector]) -> None:
        """Refuse to weigh the scores of a method by those of an earlier one.

        Raises:
            UsageError: A detector is of another version than the one that was calibrated.
        """
        versions = {d.info.name: d.info.version for d in detectors}
        for table in self.tables:
            now = versions.get(table.detector, table.version)
            if now != table.version:
                raise UsageError(
                    f"the calibration {self.index.name!r} is for version {table.version} of "
                    f"{table.detector}, which is {now} now: run `forensics calibrate` again",
                    expected=table.version,
                    actual=now,
                )

    def applied(self, evidence: Iterable[Evidence], media: Media) -> list[Evidence]:
        """Return evidence with the weights of this calibration, where it has some; the rest as it is.

        Args:
            evidence: Of detectors.
            media: The file that they looked at.

        Raises:
            MediaError: The file cannot be decoded.
        """
        given = list(evidence)
        by_code = {table.code: table for table in self.tables}
        used = [by_code[e.code] for e in given if e.code in by_code and score_of(e) is not None]
        if not used:
            return given
        quality = quality_of(media, resampling=any(table.needs_resampling for table in used))
        return [_weighed(e, by_code.get(e.code), quality) for e in given]

    def dependence(self, question: Question) -> LearnedDependence | None:
        """Return how findings on a question repeat each other, if that was learned."""
        return self.fusion if self.fusion is not None and self.fusion.question is question else None


def _weighed(evidence: Evidence, table: CalibrationTable | None, quality: Quality) -> Evidence:
    score = score_of(evidence)
    if table is None or score is None or evidence.question is not table.question:
        return evidence
    llr = table.llr(score, quality)
    status = Status.SIGNAL if llr >= SIGNAL else Status.CLEAR
    changed = {
        Status.SIGNAL: f" By the calibration '{table.name}' its score speaks for it all the same.",
        Status.CLEAR: f" By the calibration '{table.name}' that weighs little.",
    }
    said = evidence.summary + (changed[status] if status is not evidence.status else "")
    return evidence.model_copy(
        update={
            "llr": llr,
            "p_value": None,  # that was under the null of the calibration that ships
            "status": status,
            "summary": said,
            "calibration": table.to_calibration(quality),
        }
    )
