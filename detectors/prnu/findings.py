"""From comparisons to evidence: what is said, how much it weighs and where it misleads."""

from __future__ import annotations

import numpy as np

from forensics.detectors.base import DetectorInfo
from forensics.detectors.calibration import load
from forensics.detectors.prnu.compare import Comparison
from forensics.detectors.prnu.models import Label
from forensics.detectors.prnu.regions import Regions
from forensics.evidence import Calibration, Evidence, EvidenceMap, Grade, Measurement, Question, Status

__all__ = ["LIMITS", "RARE", "absent", "claim_differs", "no_camera", "recorded", "tampered"]

RARE = -6.0  # log10 of the chance below which a match is one, all cameras together
REGION = -3.0
ABSENCE_WEIGHT = 0.5  # log10: at most three to one, which never accuses alone
LIMITS = (
    "Knows the cameras in your database only: no match says nothing about any other camera, and nothing of "
    "how the picture was made. A match says that the picture, or most of it, was recorded by that sensor; a "
    "fingerprint can be copied into a picture by whoever has other pictures of that camera. Strong "
    "compression, reduction, denoising and stabilisation weaken the pattern."
)
_COMPUTATIONAL = (
    " This maker's phones merge, align and denoise several frames: such pictures often show no pattern, or "
    "one that their models share."
)
_SHARED = (
    " Recent cameras of this maker gave many false alarms in arXiv 2009.04878, for their models share "
    "patterns: enrol a second one of the model, or take a bare match with care."
)
_THEORY = " No other camera of the model is enrolled, so that its null is the theory's."


def recorded(info: DetectorInfo, best: Comparison, cameras: int) -> Evidence:
    """Return that an enrolled camera took the picture.

    Args:
        info: The detector.
        best: The match.
        cameras: Number of cameras compared.
    """
    turned = ", turned by a quarter" if best.placement.turns % 2 else ""
    return Evidence(
        detector=info.name,
        version=info.version,
        code="prnu.camera",
        question=Question.CAPTURED,
        grade=Grade.OPINION,
        status=Status.SIGNAL,
        summary=f"The sensor of your camera {best.camera.name!r} recorded it{turned} "
        f"(p = 10^{best.log10_p:.0f}).",
        llr=best.llr,
        p_value=10.0**best.log10_p,
        calibration=load("prnu").to_calibration(),
        limits=_limits(best),
        measurements=_measured(best, cameras),
    )


def no_camera(info: DetectorInfo, best: Comparison, cameras: int) -> Evidence:
    """Return that none of the enrolled cameras is found; that weighs nothing."""
    who = "Your camera of this picture size is not found in it"
    return Evidence(
        detector=info.name,
        version=info.version,
        code="prnu.camera",
        question=Question.CAPTURED,
        grade=Grade.OPINION,
        status=Status.CLEAR,
        summary=(
            f"None of your {cameras} cameras of this picture size is found in it" if cameras > 1 else who
        )
        + "; others may have taken it.",
        llr=0.0,
        p_value=10.0**best.log10_p,
        calibration=load("prnu").to_calibration(),
        limits=LIMITS,
        measurements=_measured(best, cameras),
    )


def claim_differs(info: DetectorInfo, best: Comparison, label: Label) -> Evidence:
    """Return that the metadata names another camera than the one whose pattern is there."""
    theirs = best.camera.label
    said, found = (f"{one.make} {one.model} {one.serial}".strip() for one in (label, theirs))
    return Evidence(
        detector=info.name,
        version=info.version,
        code="prnu.metadata",
        question=Question.HISTORY,
        grade=Grade.OPINION,
        status=Status.SIGNAL,
        summary=f"Its EXIF names the camera {said!r}, and its pattern is that of {best.camera.name!r} "
        f"({found}): the metadata are not those of this picture.",
        p_value=10.0**best.log10_p,
        calibration=load("prnu").to_calibration(),
        limits=_limits(best) + " The camera may have been enrolled under pictures of another one.",
        measurements=_measured(best, 1),
    )


def absent(info: DetectorInfo, claimed: Comparison) -> Evidence:
    """Return that the very camera that the file names is enrolled, and that its pattern is missing."""
    llr = min(max(-claimed.llr, 0.0), ABSENCE_WEIGHT)
    return Evidence(
        detector=info.name,
        version=info.version,
        code="prnu.absent",
        question=Question.ALTERED,
        grade=Grade.OPINION,
        status=Status.SIGNAL,
        summary=f"Its EXIF names the body of your camera {claimed.camera.name!r}, whose pattern should show "
        "in it, and does not.",
        llr=llr,
        calibration=load("prnu").to_calibration(),
        limits="Noise reduction, stabilisation, lens correction, digital zoom and a copy that was saved anew "
        "hide the pattern of an honest picture as well. The weight is bounded for that.",
        measurements=_measured(claimed, 1),
    )


def tampered(info: DetectorInfo, best: Comparison, seen: Regions) -> Evidence:
    """Return where the pattern of the camera that took the picture is missing."""
    found = seen.log10_p <= REGION
    area = float((seen.missing > 0.7).mean())
    return Evidence(
        detector=info.name,
        version=info.version,
        code="prnu.regions",
        question=Question.ALTERED,
        grade=Grade.OPINION,
        status=Status.SIGNAL if found else Status.CLEAR,
        summary=f"In part of the picture the pattern of {best.camera.name!r} is missing where it should show."
        if found
        else f"The pattern of {best.camera.name!r} is wherever it can be expected to show.",
        p_value=10.0**seen.log10_p,
        calibration=Calibration(
            name="windows of the picture itself",
            negatives=0,
            positives=0,
            note="Normal, about what light and texture let expect, with the spread of this picture's own "
            "windows; corrected for their number. The tail is not calibrated, so that it has no weight.",
        ),
        limits="Says something only where the pattern is strong: not in shadows, clipped areas and texture, "
        "hardly in strongly compressed pictures. Retouched brightness may look the same as a paste.",
        measurements=(
            Measurement(name="share of the picture where it can be told", value=round(seen.telling, 3)),
            Measurement(name="share of the picture where most is missing", value=round(area, 4)),
            Measurement(name="spread between windows", value=round(seen.spread, 3)),
        ),
        maps=(
            EvidenceMap(
                name="pattern_missing",
                caption="Bright: the pattern is missing. Black: it is there, or nothing can be said.",
                values=np.asarray(seen.missing, np.float32),
            ),
        ),
    )


def _limits(best: Comparison) -> str:
    flags = best.camera.flags
    text = LIMITS
    if "computational" in flags:
        text += _COMPUTATIONAL
    if "shared_patterns" in flags:
        text += _SHARED
    return text if best.null.scores else text + _THEORY


def _measured(best: Comparison, cameras: int) -> tuple[Measurement, ...]:
    peak = best.peak
    return (
        Measurement(name="camera", value=best.camera.name),
        Measurement(name="peak to correlation energy", value=round(peak.pce, 1)),
        Measurement(name="height in standard deviations", value=round(peak.z, 2)),
        Measurement(name="height expected of its pictures", value=round(best.expected, 1)),
        Measurement(name="log10 p, all cameras together", value=round(best.log10_p, 2)),
        Measurement(name="cameras of this size", value=cameras),
        Measurement(name="scores of other cameras of the model", value=best.null.scores),
        Measurement(name="spread of those", value=round(best.null.spread, 2)),
        Measurement(name="pictures behind the fingerprint", value=best.camera.pictures),
    )
