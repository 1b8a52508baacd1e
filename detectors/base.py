"""The contract of a detector, and the registry of all of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from forensics.evidence import Calibration, Evidence, Grade, Question, Status
from forensics.media import Kind, Media
from forensics.registry import Registry

__all__ = [
    "DETECTORS",
    "SIGNAL",
    "UNCALIBRATED",
    "Detector",
    "DetectorInfo",
    "few_colours",
    "not_applicable",
]

SIGNAL = 0.3
"""log10 likelihood ratio from which an opinion is a signal, unless its method says otherwise: 2 to 1."""

UNCALIBRATED = Calibration(
    name="none", negatives=0, positives=0, note="`forensics calibrate` finds out what such scores weigh."
)
"""What a score rests on whose weight nobody measured: it weighs nothing."""


@dataclass(frozen=True)
class DetectorInfo:
    """What `forensics detectors` lists.

    Attributes:
        name: Registered name.
        version: Version of the method; a change moves its calibration.
        title: One line: what it looks for.
        questions: What its evidence speaks about.
        kinds: Kinds of file it reads.
        needs: What it needs beyond the base installation, "" for nothing.
        source: Paper or standard.
        calibration: What its weights rest on, None for plain reading of claims.
        limits: When it misleads.
        needs_pixels: Whether it is left out where the pixels cannot be decoded.
    """

    name: str
    version: str
    title: str
    questions: tuple[Question, ...]
    kinds: tuple[Kind, ...]
    needs: str
    source: str
    calibration: Calibration | None
    limits: str
    needs_pixels: bool = True


class Detector(ABC):
    """One method. Construct it once, call `examine` for every file; it keeps no state between files."""

    info: ClassVar[DetectorInfo]

    @abstractmethod
    def examine(self, media: Media) -> tuple[Evidence, ...]:
        """Look at one file.

        An opinion whose weight was made from one number gives that as a measurement called "score", whether
        it speaks for anything or not: `forensics calibrate` makes weights of it on pictures of the user's
        own. Without one it takes the weight itself.

        Args:
            media: The opened file on its own pixel grid.

        Returns:
            At least one piece of evidence; `not_applicable` where the method says nothing about it.

        Raises:
            MediaError: The file cannot be decoded.
        """


DETECTORS: Registry[type[Detector]] = Registry(
    "forensics.detectors",
    builtin=(
        "forensics.detectors.metadata",
        "forensics.detectors.jpeg",
        "forensics.detectors.periodicity",
        "forensics.detectors.copy_move",
        "forensics.detectors.prnu",
        "forensics.detectors.noise",
        "forensics.detectors.watermark",
        "forensics.detectors.faces",
        "forensics.detectors.warping",
        "forensics.detectors.two_stream",
        "forensics.detectors.spectral",
        "forensics.detectors.dct",
        "forensics.detectors.cooccurrence",
        "forensics.detectors.residual",
        "forensics.detectors.reconstruction",
        "forensics.detectors.dire.detector",
        "forensics.detectors.fingerprint",
    ),
)


def few_colours(media: Media) -> bool:
    """Return whether a picture is stored with few colours, which takes away what is looked for in its noise.

    Raises:
        MediaError: The file cannot be decoded.
    """
    return media.image is not None and media.image.mode in ("palette", "bilevel")


def not_applicable(info: DetectorInfo, question: Question, reason: str) -> Evidence:
    """Return the evidence of a detector that says nothing about a file.

    Args:
        info: The detector.
        question: What it would have answered.
        reason: Why it says nothing: one sentence.
    """
    return Evidence(
        detector=info.name,
        version=info.version,
        code=f"{info.name}.not_applicable",
        question=question,
        grade=Grade.OPINION,
        status=Status.NOT_APPLICABLE,
        summary=reason,
    )
