"""The detectors, their weights and their sum as one judge: what an audit would say, without the verdict."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from forensics.detectors.base import Detector
from forensics.detectors.judging.looking import Fused, Judge
from forensics.detectors.judging.seen import weights_of
from forensics.evidence import Evidence, Question
from forensics.fusion.opinions import fuse
from forensics.fusion.own import OwnCalibration

__all__ = ["judge_of"]


def judge_of(
    detectors: Sequence[Detector], question: Question, calibration: OwnCalibration | None = None
) -> Judge:
    """Return those who look at pictures and weigh what they find as an audit does, at an even prior.

    Args:
        detectors: Those to ask.
        question: Which of their findings count.
        calibration: Weights of the user's own; those that ship if None.

    Raises:
        UsageError: The calibration is of another version of a detector.
    """
    asked = [detector for detector in detectors if question in detector.info.questions]
    if calibration is not None:
        calibration.check(asked)
    learned = calibration.dependence(question) if calibration is not None else None

    def fused(evidence: Sequence[Evidence]) -> Fused:
        opinion = fuse(evidence, question, dependence=learned)
        return Fused(opinion.llr, len(opinion.terms))

    return Judge(
        detectors=tuple(asked),
        question=question,
        weighed=calibration.applied if calibration is not None else lambda found, _: found,
        fused=fused,
        made_with=_made_with(asked, question, calibration),
    )


def _made_with(detectors: Sequence[Detector], question: Question, calibration: OwnCalibration | None) -> str:
    """Return what the scores depend on; tables that ship change with the version of their detector."""
    versions = [f"{d.info.name} {d.info.version} {weights_of(d.info.name)}" for d in detectors]
    return json.dumps([question.value, *versions, _digest(calibration) if calibration is not None else ""])


def _digest(calibration: OwnCalibration) -> str:
    tables = [table.model_dump_json() for table in calibration.tables]
    fusion = calibration.fusion.model_dump_json() if calibration.fusion is not None else ""
    return hashlib.sha256("\n".join([*tables, fusion]).encode()).hexdigest()
