"""Clips by methods for pictures: a few frames are looked at, and what they say becomes one answer.

Frames of a clip are not independent, for they share their scene, camera and codec. So the mean of their
log10 likelihood ratios counts as often as there are *effective* frames, and never for more than the
calibration allows: neighbours that say the same are one witness. P-values are joined by twice their mean,
which holds under any dependence (Rüschendorf 1982; Vovk & Wang 2020, "Combining p-values via averaging").
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.detectors.base import DetectorInfo, not_applicable
from forensics.errors import UsageError
from forensics.evidence import Evidence, Measurement, Plot, Question, Series, Status
from forensics.media import Frame, Media, Pixels

__all__ = [
    "COMMON",
    "FRAMES",
    "Joined",
    "Still",
    "autocorrelation",
    "effective_number",
    "joined",
    "joined_p_value",
    "over_time",
]

Floats = npt.NDArray[np.float64]
Examine = Callable[[Media], tuple[Evidence, ...]]

FRAMES = 8
"""Frames of a clip that are looked at."""
COMMON = 0.5
"""Correlation assumed of any two frames of one clip: what they all share cannot be measured within it."""


@dataclass(frozen=True)
class Joined:
    """What several frames say together.

    Attributes:
        llr: log10 likelihood ratio.
        mean: That of one frame, on the average.
        effective: Number of independent frames that are worth as much.
    """

    llr: float
    mean: float
    effective: float


class Still(Media):
    """One frame of a clip, as a detector of pictures is given it: its container is still that of the clip."""

    def __init__(self, clip: Media, frame: Frame) -> None:
        super().__init__(clip._source, clip.limits)
        self.frame = frame

    @property
    def pixels(self) -> Pixels:
        """The frame, (H, W, 3) uint8 RGB."""
        return self.frame.pixels

    @property
    def luma(self) -> Pixels:
        """Its Rec. 601 luminance, (H, W) uint8."""
        from forensics.media.image import luma_of

        return luma_of(self.frame.pixels)


def autocorrelation(values: Sequence[float] | Floats) -> Floats:
    """Return the autocorrelation of a series at steps 1 to N - 1, (N - 1,); ones where it does not change."""
    x = np.asarray(values, np.float64)
    centred = x - x.mean()
    power = float(centred @ centred)
    if power <= 1e-12 * max(1.0, float(x @ x)):
        return np.ones(max(len(x) - 1, 0))
    return np.array([float(centred[step:] @ centred[:-step]) / power for step in range(1, len(x))])


# The variance of a mean: n_eff = n / (1 + 2 sum_k (1 - k/n) rho_k) (Bayley & Hammersley 1946), up to the
# first step without correlation, as later ones are noise (Geyer 1992). With a share of the variance that is
# common to all, 1 + (n - 1) r stands below the line, r the mean correlation of two frames (Kish 1965).
def effective_number(values: Sequence[float] | Floats, common: float = COMMON) -> float:
    """Return how many independent values a series is worth, from 1 to its length.

    Args:
        values: In the order of time, evenly spaced.
        common: Correlation of any two values that the series itself cannot show, 0-1.

    Raises:
        UsageError: There are none, or `common` is out of range.
    """
    count = len(values)
    if not count or not 0 <= common <= 1:
        raise UsageError("values, and a correlation from 0 to 1, are needed", actual=(count, common))
    if count == 1:
        return 1.0
    rho = autocorrelation(values)
    ends = np.flatnonzero(rho <= 0)
    rho = rho[: ends[0]] if len(ends) else rho
    steps = np.arange(1, len(rho) + 1)
    within = min(1.0, 2.0 * float(((1 - steps / count) * rho).sum()) / (count - 1))
    return count / (1.0 + (count - 1) * (common + (1.0 - common) * within))


def joined(
    llrs: Sequence[float], *, common: float = COMMON, most: float = math.inf, least: float = -math.inf
) -> Joined:
    """Return what frames say together: their mean, times how many of them count.

    Args:
        llrs: log10 likelihood ratio of each frame, in the order of time.
        common: See `effective_number`.
        most: Largest ratio that the calibration allows.
        least: Smallest.
    """
    mean, effective = float(np.mean(llrs)), effective_number(llrs, common)
    return Joined(min(max(mean * effective, least), most), mean, effective)


def joined_p_value(p_values: Sequence[float]) -> float:
    """Return twice the mean of p-values, 1 at most: a p-value, however they depend on each other.

    Raises:
        UsageError: There are none.
    """
    if not len(p_values):
        raise UsageError("p-values are needed", actual=0)
    return min(1.0, (2.0 if len(p_values) > 1 else 1.0) * float(np.mean(p_values)))


def over_time(
    info: DetectorInfo, examine: Examine, media: Media, *, frames: int = FRAMES, signal: float = 0.3
) -> tuple[Evidence, ...]:
    """Let a method for pictures look at some frames of a clip, and join what it says of each finding.

    Args:
        info: The detector.
        examine: Looks at one picture.
        media: A clip or an animation.
        frames: That are looked at, evenly spread over its length.
        signal: log10 ratio from which joined ratios are a signal.

    Returns:
        One piece of evidence for each finding; `not_applicable` where it applies to no frame.

    Raises:
        MediaError: It cannot be decoded.
        MissingExtra: PyAV is not installed.
    """
    times: list[float] = []
    found: list[tuple[float, Evidence]] = []
    for frame in media.frames(frames):
        times.append(frame.seconds)
        found += [(frame.seconds, e) for e in examine(Still(media, frame))]
    ran = [(t, e) for t, e in found if e.status in (Status.SIGNAL, Status.CLEAR)]
    if not ran:
        return (_nothing(info, [e for _, e in found], len(times)),)
    codes = list(dict.fromkeys(e.code for _, e in ran))
    return tuple(_one([pair for pair in ran if pair[1].code == code], len(times), signal) for code in codes)


def _one(found: list[tuple[float, Evidence]], frames: int, signal: float) -> Evidence:
    """Return one piece of evidence for one finding on several frames."""
    times, pieces = [t for t, _ in found], [e for _, e in found]
    last = pieces[-1]
    llrs = [e.llr for e in pieces if e.llr is not None]
    p_values = [e.p_value for e in pieces if e.p_value is not None]
    together = _capped(last, llrs) if llrs else None
    spoke = sum(e.status is Status.SIGNAL for e in pieces)
    speaks = together.llr >= signal if together else 2 * spoke > len(pieces)
    told = f"In {spoke} of {len(pieces)} frames looked at: "
    example = next((e for e in pieces if e.status is Status.SIGNAL), last) if spoke else last
    return last.model_copy(
        update={
            "status": Status.SIGNAL if speaks else Status.CLEAR,
            "summary": told + example.summary[:1].lower() + example.summary[1:],
            "llr": together.llr if together else None,
            "p_value": joined_p_value(p_values) if p_values else None,
            "measurements": _numbers(pieces, frames, spoke, together),
            "maps": example.maps,
            "plots": (_plot(times, pieces),),
        }
    )


def _capped(last: Evidence, llrs: list[float]) -> Joined:
    """Return what ratios say together, within log10(N + 1) of the calibration, or what one frame says."""
    largest = max(map(abs, llrs))
    known = last.calibration
    most = math.log10(known.negatives + 1) if known and known.negatives else largest
    least = math.log10(known.positives + 1) if known and known.positives else largest
    return joined(llrs, most=max(most, 0.0), least=-max(least, 0.0))


def _numbers(
    pieces: list[Evidence], frames: int, spoke: int, together: Joined | None
) -> tuple[Measurement, ...]:
    scores = [float(m.value) for e in pieces for m in e.measurements if m.name == "score"]
    out = [
        Measurement(name="frames looked at", value=frames),
        Measurement(name="frames to which it applies", value=len(pieces)),
        Measurement(name="frames that speak for it", value=spoke),
    ]
    if scores:
        out.insert(0, Measurement(name="score", value=round(float(np.mean(scores)), 4)))
    if together:
        out.append(Measurement(name="effective frames", value=round(together.effective, 2)))
        out.append(Measurement(name="mean log10 ratio of a frame", value=round(together.mean, 4)))
    return tuple(out)


def _nothing(info: DetectorInfo, found: list[Evidence], frames: int) -> Evidence:
    reasons = Counter(e.summary for e in found)
    question = found[0].question if found else info.questions[0]
    if not reasons:
        return not_applicable(info, question, "No frame of this clip can be decoded.")
    return not_applicable(info, question, f"None of {frames} frames: {reasons.most_common(1)[0][0]}")


def _plot(times: list[float], pieces: list[Evidence]) -> Plot:
    by_ratio = all(e.llr is not None for e in pieces)
    values = [e.llr if by_ratio else e.p_value for e in pieces]
    known = [(t, v) for t, v in zip(times, values, strict=True) if v is not None]
    return Plot(
        title="Frames over time",
        x_label="seconds",
        y_label="log10 likelihood ratio" if by_ratio else "p-value",
        series=(
            Series(
                name=Question(pieces[0].question).value,
                x=tuple(round(t, 3) for t, _ in known),
                y=tuple(round(float(v), 4) for _, v in known),
            ),
        ),
    )
