"""Evidence: no bare scores, no weight without a run, and JSON that can be read back."""

from __future__ import annotations

import json

import numpy as np
import pytest
from pydantic import ValidationError

from forensics.evidence import (
    Calibration,
    Claim,
    ClaimSource,
    Evidence,
    EvidenceMap,
    Grade,
    Measurement,
    Origin,
    Plot,
    Question,
    Series,
    Status,
)

CALIBRATION = Calibration(name="exact null", negatives=0, positives=0)
RAN = (Status.SIGNAL, Status.CLEAR)
DID_NOT_RUN = (Status.NOT_APPLICABLE, Status.ERROR)


def evidence(**changes: object) -> Evidence:
    fields: dict[str, object] = {
        "detector": "example",
        "code": "example.finding",
        "question": Question.ALTERED,
        "grade": Grade.OPINION,
        "status": Status.SIGNAL,
        "summary": "Two regions are equal.",
        "llr": 0.8,
        "calibration": CALIBRATION,
    }
    return Evidence.model_validate(fields | changes)


@pytest.mark.parametrize("status", RAN)
def test_opinion_needs_a_weight(status: Status) -> None:
    with pytest.raises(ValidationError, match="needs an llr or a p_value"):
        evidence(status=status, llr=None)


@pytest.mark.parametrize("status", RAN)
@pytest.mark.parametrize("weight", [{"llr": 0.3}, {"llr": None, "p_value": 0.04}])
def test_opinion_needs_its_calibration(status: Status, weight: dict[str, float | None]) -> None:
    with pytest.raises(ValidationError, match="needs its calibration"):
        evidence(status=status, calibration=None, **weight)
    assert evidence(status=status, **weight).calibration == CALIBRATION


@pytest.mark.parametrize("status", DID_NOT_RUN)
@pytest.mark.parametrize("grade", list(Grade))
@pytest.mark.parametrize("weight", [{"llr": 0.0}, {"llr": None, "p_value": 1.0}])
def test_what_did_not_run_carries_no_weight(
    status: Status, grade: Grade, weight: dict[str, float | None]
) -> None:
    with pytest.raises(ValidationError, match="carries no weight"):
        evidence(status=status, grade=grade, **weight)
    assert evidence(status=status, grade=grade, llr=None).llr is None


@pytest.mark.parametrize("grade", [Grade.PROOF, Grade.CLAIM])
def test_proof_and_claims_need_no_number(grade: Grade) -> None:
    assert evidence(grade=grade, llr=None, calibration=None).p_value is None


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_numbers_are_finite(value: float) -> None:
    with pytest.raises(ValidationError):
        evidence(llr=value)
    with pytest.raises(ValidationError):
        evidence(llr=None, p_value=value)
    with pytest.raises(ValidationError):
        Measurement(name="ratio", value=value)
    with pytest.raises(ValidationError):
        Series(name="line", x=(0.0,), y=(value,))


@pytest.mark.parametrize("value", [-0.001, 1.001])
def test_p_value_is_a_probability(value: float) -> None:
    with pytest.raises(ValidationError):
        evidence(llr=None, p_value=value)


def test_calibration_counts_are_not_negative() -> None:
    with pytest.raises(ValidationError):
        Calibration(name="set", negatives=-1, positives=0)


def test_records_are_frozen_and_closed() -> None:
    record = evidence()
    with pytest.raises(ValidationError):
        record.llr = 2.0
    with pytest.raises(ValidationError):
        evidence(score=0.99)


def test_json_round_trip_keeps_everything_but_pixels() -> None:
    record = evidence(
        claims=(Claim(source=ClaimSource.XMP, origin=Origin.SYNTHETIC, text="trainedAlgorithmicMedia"),),
        measurements=(Measurement(name="blocks", value=12), Measurement(name="exact", value=True)),
        plots=(Plot(title="t", x_label="x", y_label="y", series=(Series(name="s", x=(0.0,), y=(1.0,)),)),),
    )
    assert Evidence.model_validate_json(record.model_dump_json()) == record


def test_map_values_stay_out_of_json_and_repr() -> None:
    picture = EvidenceMap(name="map", caption="bright: copied", values=np.ones((2, 3), np.float32))
    text = evidence(maps=(picture,)).model_dump_json()
    assert json.loads(text)["maps"] == [{"name": "map", "caption": "bright: copied", "file": None}]
    assert "values" not in repr(picture)
