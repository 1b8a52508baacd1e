"""From measurements to evidence: what is said, how much it weighs and where it misleads."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources

import numpy as np

from forensics.detectors.base import SIGNAL, DetectorInfo
from forensics.detectors.calibration import empirical_p_value, load
from forensics.detectors.periodicity.peaks import PERIOD, Group, Line, Lines
from forensics.detectors.periodicity.resampling import Peak, Periodogram, factors, strongest
from forensics.detectors.periodicity.spectrum import Floats
from forensics.evidence import (
    Calibration,
    Evidence,
    EvidenceMap,
    Grade,
    Measurement,
    Plot,
    Question,
    Series,
    Status,
)

__all__ = ["SYNTHETIC_LIMITS", "null_scores", "pattern", "resampling", "upsampling"]

SYNTHETIC_LIMITS = (
    "Absence of lines says nothing: most decoders leave none that last, and JPEG, WebP and any scaling hide "
    "them. Encoders in cameras leave a fainter pattern of 8 pixels that survives in lossless copies, and the "
    "calibration knows few makes; a file that was a video frame, HEIC or JPEG XL before is not in it. Layers "
    "that double the grid only once or twice are not counted: cameras and WebP write such lines as well."
)
_PATTERN_LIMITS = (
    "Not evidence of a generator: up-sampling layers, WebP, mosaics of colour filters and the sensors of "
    "some phones all leave patterns of period 2 and 4."
)
_RESAMPLING_LIMITS = (
    "The factor is ambiguous, also because a JPEG that was scaled shows its stretched blocks. Factors whose "
    "line falls on a multiple of 1/8 (2, 4, 8/5, 4/3 among them) are invisible, reduction rarely leaves a "
    "trace, and JPEG below quality 90 mostly hides it. Panoramas, digital zoom and lens correction are "
    "scaling too. It does not say that anything was faked."
)
_RARE = 1e-4


def upsampling(info: DetectorInfo, lines: Lines, profile: Floats, raw: float) -> Evidence:
    """Return the opinion on whether a decoder's up-sampling left lines in the residual.

    Args:
        info: The detector.
        lines: The measured lattice.
        profile: Radial spectrum in dB.
        raw: Score of the lattice.
    """
    calibration = load("periodicity")
    llr = max(calibration.llr(raw), 0.0)  # absence of lines is no evidence
    found = llr >= SIGNAL
    strongest_line = lines.of(Group.EIGHTH)[0]
    if found:
        summary = (
            f"The residual holds lines at {_frequency(strongest_line)} and other eighths off the axes, in "
            f"step in {lines.tiles} tiles, as up-sampling layers leave them."
        )
    else:
        summary = "No lines of up-sampling layers beyond what cameras and codecs leave."
    return Evidence(
        detector=info.name,
        version=info.version,
        code="periodicity.upsampling",
        question=Question.SYNTHETIC,
        grade=Grade.OPINION,
        status=Status.SIGNAL if found else Status.CLEAR,
        summary=summary,
        llr=llr,
        p_value=empirical_p_value(raw, null_scores()),
        calibration=calibration.to_calibration(),
        limits=SYNTHETIC_LIMITS,
        measurements=(
            Measurement(name="score", value=round(raw, 4)),
            Measurement(name="share of quarters off the axes", value=round(lines.share(Group.QUARTER), 4)),
            Measurement(name="share of eighths off the axes", value=round(lines.share(Group.EIGHTH), 4)),
            Measurement(name="strongest line", value=_frequency(strongest_line), unit="cycles/pixel"),
            Measurement(name="log10 p of that line, phases random", value=round(strongest_line.log10_p, 2)),
            Measurement(name="tiles", value=lines.tiles),
        ),
        plots=(_lattice_plot(lines), _radial_plot(profile)),
    )


def pattern(info: DetectorInfo, lines: Lines) -> Evidence:
    """Return whether an additive pattern of period 2 or 4 is locked to the grid: part of the history."""
    p_value = lines.p_value(Group.HALF, Group.QUARTER)
    line = lines.of(Group.HALF, Group.QUARTER)[0]
    found = p_value < _RARE
    period = 2 if line.group is Group.HALF else 4
    return Evidence(
        detector=info.name,
        version=info.version,
        code="periodicity.pattern",
        question=Question.HISTORY,
        grade=Grade.OPINION,
        status=Status.SIGNAL if found else Status.CLEAR,
        summary=(
            f"A faint pattern of period {period} is locked to the pixel grid: an up-sampling layer, WebP or "
            "the camera's own processing."
            if found
            else "No pattern of period 2 or 4 is locked to the pixel grid."
        ),
        p_value=p_value,
        calibration=Calibration(
            name="random phases between tiles",
            negatives=0,
            positives=0,
            note="A bound that holds for any content whose phase is not locked to the grid.",
        ),
        limits=_PATTERN_LIMITS,
        measurements=(
            Measurement(name="strongest line", value=_frequency(line), unit="cycles/pixel"),
            Measurement(name="log10 p of that line", value=round(line.log10_p, 2)),
            Measurement(name="share", value=round(line.share, 4)),
        ),
    )


def resampling(info: DetectorInfo, tests: Periodogram) -> Evidence:
    """Return whether the picture was interpolated, and by which factors it may have been."""
    peak = strongest(tests)
    found = peak.p_value < _RARE
    candidates = factors(tests, peak) if found and peak.on_axis else ()
    return Evidence(
        detector=info.name,
        version=info.version,
        code="periodicity.resampling",
        question=Question.HISTORY,
        grade=Grade.OPINION,
        status=Status.SIGNAL if found else Status.CLEAR,
        summary=_resampling_summary(peak, candidates) if found else "No traces of scaling or rotation.",
        p_value=peak.p_value,
        calibration=Calibration(
            name="Gaussian noise around each frequency",
            negatives=0,
            positives=0,
            note="Each tile counts for at most -ln p = 3; corrected for all frequencies looked at.",
        ),
        limits=_RESAMPLING_LIMITS,
        measurements=(
            Measurement(name="vertical frequency", value=round(peak.row, 4), unit="cycles/pixel"),
            Measurement(name="horizontal frequency", value=round(peak.column, 4), unit="cycles/pixel"),
            Measurement(name="log10 p of this frequency", value=round(peak.log10_p, 2)),
            Measurement(name="candidate factors", value=", ".join(f"{s:.2f}" for s in candidates)),
            Measurement(name="tiles", value=tests.tiles),
        ),
        maps=(_spectrum_map(tests),) if found else (),
        plots=(_axis_plot(tests),),
    )


@cache
def null_scores() -> tuple[float, ...]:
    """Return the worst score of each source of the negatives of the calibration, sorted."""
    file = resources.files("forensics.detectors") / "tables" / "periodicity_null.json"
    return tuple(json.loads(file.read_text(encoding="utf-8")))


def _resampling_summary(peak: Peak, candidates: tuple[float, ...]) -> str:
    if not peak.on_axis:
        return "The picture was interpolated off its axes: rotated, sheared or corrected for perspective."
    if not candidates:
        return "The picture was interpolated, by a factor that cannot be told."
    words = " or ".join(f"{s:.2f}" for s in candidates[:3])
    return f"The picture was scaled, by about {words} (traces of interpolation)."


def _frequency(line: Line) -> str:
    row = line.row if line.row <= PERIOD // 2 else line.row - PERIOD
    return f"({row}/8, {line.column}/8)"


def _lattice_plot(lines: Lines) -> Plot:
    def series(name: str, *groups: Group) -> Series:
        chosen = sorted((_radius(line), line.share) for line in lines.lines if line.group in groups)
        return Series(name=name, x=tuple(r for r, _ in chosen), y=tuple(round(s, 4) for _, s in chosen))

    return Plot(
        title="Lines locked to the pixel grid",
        x_label="frequency (cycles/pixel)",
        y_label="power over the floor",
        series=(
            series("eighths off the axes", Group.EIGHTH),
            series("quarters off the axes", Group.QUARTER),
            series("halves", Group.HALF),
            series("on the axes", Group.AXIS),
        ),
    )


def _radial_plot(profile: Floats) -> Plot:
    x = tuple(round(k / (2 * len(profile)), 4) for k in range(1, len(profile)))
    y = tuple(round(float(v), 2) for v in profile[1:])
    return Plot(
        title="Radial spectrum of the residual",
        x_label="frequency (cycles/pixel)",
        y_label="power (dB)",
        series=(Series(name="mean of the tiles", x=x, y=y),),
    )


def _radius(line: Line) -> float:
    row = min(line.row, PERIOD - line.row)
    return round(float(np.hypot(row, line.column)) / PERIOD, 4)


def _axis_plot(tests: Periodogram) -> Plot:
    side = tests.exponent.shape[0]
    x = tuple(k / side for k in range(1, side // 2))
    mean = tests.exponent / np.float32(max(tests.tiles, 1))

    def series(name: str, values: Floats) -> Series:
        return Series(name=name, x=x, y=tuple(round(float(v), 3) for v in values[1 : side // 2]))

    return Plot(
        title="Predictability along the axes",
        x_label="frequency (cycles/pixel)",
        y_label="mean -ln p per tile",
        series=(series("horizontal", mean[0]), series("vertical", mean[:, 0])),
    )


def _spectrum_map(tests: Periodogram) -> EvidenceMap:
    values = np.fft.fftshift(tests.exponent / np.float32(3 * max(tests.tiles, 1)))
    return EvidenceMap(
        name="spectrum",
        caption="Spectrum of predictability, zero frequency in the centre (not a map of the picture): "
        "bright points are periodic traces",
        values=np.clip(values, 0, 1).astype(np.float32),
    )
