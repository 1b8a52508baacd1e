"""From blinks to evidence: what is said, what it is worth, and where it misleads."""

from __future__ import annotations

import numpy as np

from forensics.detectors.base import DetectorInfo, not_applicable
from forensics.detectors.faces.blinks import RATES, Rates, at_most, power
from forensics.detectors.faces.watching import Watched
from forensics.evidence import (
    Calibration,
    Evidence,
    Grade,
    Measurement,
    Plot,
    Question,
    Series,
    Status,
)

__all__ = ["CALIBRATION", "LEAST_POWER", "LIMITS", "NOTICED", "measured", "too_few"]

NOTICED = 0.7  # share of blinks that are noticed: assumed, lower than what was seen
LEAST_POWER = 0.95
RARE = 0.01
_POINTS = 1200  # of a plot

LIMITS = (
    "Generated faces have blinked like real ones for years, so that normal blinking says nothing, and few "
    "blinks are no more than odd: readers, players and patients may blink less than three times a minute. "
    "The rates of people are assumed from the literature, not measured. It counts for nothing in the "
    "verdict. Looking down or far to the side can be taken for closed eyes; eyes behind reflecting glasses "
    "are not seen."
)
CALIBRATION = Calibration(
    name="assumed rates of blinking",
    negatives=0,
    positives=0,
    note="Negative binomial: 10 blinks a minute on the average, gamma-distributed over persons with a shape "
    f"of 2, of which {NOTICED:.0%} are noticed. Means: Bentivoglio et al. 1997; the spread is assumed.",
)
_ANYBODY = RATES[-1]


def too_few(info: DetectorInfo, watched: Watched) -> Evidence:
    """Return whether somebody blinks too rarely, where the clip is long enough to say so.

    Closures too long for a blink count as well: whoever closes the eyes has lids.

    Args:
        info: The detector.
        watched: What the eyes did.
    """
    blinks = watched.blinks
    length, count = blinks.watched, len(blinks.blinks) + len(blinks.long)
    worth = power(length, _ANYBODY, NOTICED)
    if worth < LEAST_POWER:
        reason = (
            f"{length:.0f} s of a face are too short to miss blinks in: power {worth:.0%}, "
            f"{power(length, RATES[0], NOTICED):.0%} of somebody who reads."
        )
        return not_applicable(info, Question.SYNTHETIC, reason)
    p_value = at_most(count, length, _ANYBODY, NOTICED)
    found = p_value <= RARE
    told = f"The eyes close {_times(count)} in {length:.0f} s"
    few = f"; so few are seen of one person in {1 / max(p_value, 1e-9):.0f}."
    return Evidence(
        detector=info.name,
        version=info.version,
        code="blink.too_few",
        question=Question.SYNTHETIC,
        grade=Grade.OPINION,
        status=Status.SIGNAL if found else Status.CLEAR,
        summary=told + (few if found else ", which is nothing unusual."),
        p_value=p_value,
        calibration=CALIBRATION,
        limits=LIMITS,
        measurements=_powers(length),
    )


def measured(info: DetectorInfo, watched: Watched) -> Evidence:
    """Return how the eyes blink, as a part of what is known of the clip; of any length.

    Args:
        info: The detector.
        watched: What the eyes did.
    """
    blinks = watched.blinks
    count = len(blinks.blinks)
    lasting = f" of {1000 * blinks.duration:.0f} ms" if blinks.duration else ""
    return Evidence(
        detector=info.name,
        version=info.version,
        code="blink.measured",
        question=Question.HISTORY,
        grade=Grade.OPINION,
        status=Status.SIGNAL if count else Status.CLEAR,
        summary=f"{count} blink{'' if count == 1 else 's'}{lasting} in {blinks.watched:.1f} s of a face.",
        p_value=at_most(count + len(blinks.long), blinks.watched, _ANYBODY, NOTICED),
        calibration=CALIBRATION,
        limits=LIMITS,
        measurements=(*_numbers(watched), *_powers(blinks.watched)),
        plots=(_plot(watched),),
    )


def _times(count: int) -> str:
    return {0: "not once", 1: "once"}.get(count, f"{count} times")


def _numbers(watched: Watched) -> list[Measurement]:
    blinks = watched.blinks
    optional = {
        "mean duration": (blinks.duration, "s"),
        "irregularity of intervals": (blinks.irregularity, ""),
    }
    return [
        Measurement(name="blinks", value=len(blinks.blinks)),
        Measurement(name="rate", value=round(blinks.rate, 2), unit="per minute"),
        Measurement(name="watched", value=round(blinks.watched, 2), unit="s"),
        Measurement(name="longer closures", value=len(blinks.long)),
        *(
            Measurement(name=name, value=round(value, 3), unit=unit)
            for name, (value, unit) in optional.items()
            if value is not None
        ),
        Measurement(name="side of the face", value=round(watched.side), unit="pixels"),
        Measurement(name="frames per second", value=round(watched.rate, 2)),
        Measurement(name="persons followed", value=watched.people),
        Measurement(name="found by", value=watched.finder),
    ]


def _powers(length: float) -> tuple[Measurement, ...]:
    def named(rates: Rates) -> str:
        return f"power, {rates.name} ({rates.mean:g} per minute)"

    return tuple(
        Measurement(name=named(rates), value=round(power(length, rates, NOTICED), 4)) for rates in RATES
    )


def _plot(watched: Watched) -> Plot:
    known = np.flatnonzero(np.isfinite(watched.closed))
    groups = np.array_split(known, min(len(known), _POINTS))
    peaks = [int(group[np.argmax(watched.closed[group])]) for group in groups if len(group)]
    x = tuple(round(float(watched.seconds[i]), 3) for i in peaks)
    y = tuple(round(float(watched.closed[i]), 3) for i in peaks)
    return Plot(
        title="Eyes over time",
        x_label="seconds",
        y_label="probability of being closed",
        series=(Series(name="mean of both eyes", x=x, y=y),),
    )
