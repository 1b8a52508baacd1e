"""The detector: measures once, answers three questions apart."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from forensics.detectors.base import DETECTORS, Detector, DetectorInfo, not_applicable
from forensics.detectors.calibration import load
from forensics.detectors.periodicity import findings
from forensics.detectors.periodicity.peaks import Group, Lines, find_lines
from forensics.detectors.periodicity.resampling import Periodogram, periodogram
from forensics.detectors.periodicity.spectrum import (
    Floats,
    Pixels,
    activity,
    cut,
    radial_profile,
    residual,
    spectra,
)
from forensics.evidence import Evidence, Question
from forensics.media import Kind, Media

__all__ = ["MIN_TILES", "Measured", "Periodicity", "measure", "refusal", "score"]

MIN_TILES = 12
_LATTICE_SIDE, _LATTICE_TILES = 64, 384
_WIDE_SIDE, _WIDE_TILES, _WIDE_LEAST = 128, 96, 4
_FLOOR = 0.02  # shares below this are the noise of a dozen tiles


@dataclass(frozen=True)
class Measured:
    """What one picture gives.

    Attributes:
        profile: (32,) radial spectrum of the additive residual in dB; None where `lines` is.
        lines: The lattice of the additive residual; None with fewer than `MIN_TILES` usable tiles.
        resampling: The tests of the predictor's error; None with fewer than four wide tiles.
        seen: Number of small tiles looked at.
        used: Number of those that were neither flat nor clipped.
    """

    profile: Floats | None
    lines: Lines | None
    resampling: Periodogram | None
    seen: int
    used: int


def measure(luma: Pixels) -> Measured:
    """Measure a picture on its own grid.

    Args:
        luma: (H, W) uint8.
    """
    small = cut(luma, _LATTICE_SIDE, _LATTICE_TILES)
    used = len(small.pixels)
    transform = spectra(residual(small.pixels)) if used >= MIN_TILES else None
    profile = radial_profile(transform) if transform is not None else None
    lines = find_lines(transform) if transform is not None else None
    wide = cut(luma, _WIDE_SIDE, _WIDE_TILES)
    tests = periodogram(spectra(activity(wide.pixels))) if len(wide.pixels) >= _WIDE_LEAST else None
    return Measured(profile, lines, tests, small.seen, used)


def refusal(container: str, mode: str) -> str:
    """Return why the lattice says nothing about the origin of such a file, "" where it does.

    Args:
        container: Lower-case format name.
        mode: Storage mode.
    """
    if container == "jpeg":
        return (
            "In a JPEG the lines of up-sampling layers cannot be told from those of the encoder: those in "
            "many cameras leave a pattern that repeats every 8 pixels as well."
        )
    if container not in ("avif", "bmp", "png", "tiff", "webp"):
        return f"There is no calibration for files of this type ({container})."
    if mode in ("palette", "bilevel"):
        return "The picture was reduced to few colours, and the pattern of that is not in the calibration."
    return ""


def score(lines: Lines) -> float:
    """Return log10 of the share of the eighths off the axes, where neither WebP nor mosaics write."""
    return math.log10(max(lines.share(Group.EIGHTH), 0.0) + _FLOOR)


@DETECTORS.register("periodicity")
class Periodicity(Detector):
    """Lines in the residual spectrum: decoders' up-sampling, patterns of period 2 and 4, scaling."""

    info: ClassVar[DetectorInfo] = DetectorInfo(
        name="periodicity",
        version="1",
        title="Traces of up-sampling and of scaling in the spectrum of the residual",
        questions=(Question.SYNTHETIC, Question.HISTORY),
        kinds=(Kind.IMAGE, Kind.ANIMATION),
        needs="",
        source="Odena et al. 2016; Corvi et al. arXiv 2304.06408; Kirchner, MM&Sec 2008",
        calibration=load("periodicity").to_calibration(),
        limits=findings.SYNTHETIC_LIMITS,
    )

    def examine(self, media: Media) -> tuple[Evidence, ...]:
        """Look at the first frame."""
        measured = measure(media.luma)
        return (
            self._synthetic(media, measured),
            self._pattern(measured),
            self._resampling(measured),
        )

    def _synthetic(self, media: Media, measured: Measured) -> Evidence:
        image = media.image
        reason = refusal(media.container.format, image.mode if image else "")
        if reason:
            return not_applicable(self.info, Question.SYNTHETIC, reason)
        if measured.lines is None or measured.profile is None:
            return not_applicable(self.info, Question.SYNTHETIC, _too_little(measured))
        return findings.upsampling(self.info, measured.lines, measured.profile, score(measured.lines))

    def _pattern(self, measured: Measured) -> Evidence:
        if measured.lines is None:
            return not_applicable(self.info, Question.HISTORY, _too_little(measured))
        return findings.pattern(self.info, measured.lines)

    def _resampling(self, measured: Measured) -> Evidence:
        if measured.resampling is None:
            reason = "Too few textured tiles of 128 x 128 pixels to look for traces of scaling."
            return not_applicable(self.info, Question.HISTORY, reason)
        return findings.resampling(self.info, measured.resampling)


def _too_little(measured: Measured) -> str:
    return (
        f"Only {measured.used} of {measured.seen} tiles of 64 x 64 pixels are neither flat nor clipped; "
        f"{MIN_TILES} are needed."
    )
