"""The detector: whose fingerprint a picture bears, among the generators of a book."""

from __future__ import annotations

from functools import cache
from typing import ClassVar

from forensics.detectors.base import DETECTORS, Detector, DetectorInfo, not_applicable
from forensics.detectors.fingerprint.book import Book, Match, open_book
from forensics.detectors.learned.model import shipped
from forensics.errors import MissingExtra
from forensics.evidence import Calibration, Evidence, Grade, Measurement, Question, Status
from forensics.media import Kind, Media
from forensics.runtime.store import bundled

__all__ = ["MODEL", "Fingerprint"]

MODEL = "fingerprint"
_RARE = 1e-4
_NULL = "correlations of photos"


@DETECTORS.register("fingerprint")
class Fingerprint(Detector):
    """What all pictures of one generator have in common."""

    info: ClassVar[DetectorInfo] = DetectorInfo(
        name="fingerprint",
        version="1",
        title="Fingerprints of generators that are known",
        questions=(Question.SYNTHETIC,),
        kinds=(Kind.IMAGE, Kind.ANIMATION),
        needs="cpu",
        source="Marra et al. 2019, arXiv:1812.11842; Yu et al. 2019, arXiv:1811.08180",
        calibration=Calibration(name=_NULL, negatives=0, positives=0, note="Normal, with their deviation."),
        limits=(
            "Only the generators of the book, and only pictures on the grid that they came out on. A photo "
            "that shares a fixed pattern with a generator, such as the same camera's noise in its training "
            "pictures, would be taken for its work."
        ),
    )

    def examine(self, media: Media) -> tuple[Evidence, ...]:
        """Look at the first frame."""
        if not shipped(MODEL):
            return (self._nothing("No book of fingerprints comes with this installation."),)
        try:
            book = self.book()
        except MissingExtra as error:
            return (self._nothing(str(error)),)
        matches, tiles = book.matches(media.pixels)
        if not matches:
            side = book.side
            return (self._nothing(f"No square of {side} x {side} pixels is neither flat nor clipped."),)
        return (self._told(matches, tiles),)

    def book(self) -> Book:
        """Return the fingerprints.

        Raises:
            MissingExtra: ONNX Runtime is not installed.
            ModelError: Its files are not those of its card.
        """
        return _bundled_book()

    def _nothing(self, reason: str) -> Evidence:
        return not_applicable(self.info, Question.SYNTHETIC, reason)

    def _told(self, matches: tuple[Match, ...], tiles: int) -> Evidence:
        best = matches[0]
        p_value = min(1.0, best.p_value * len(matches))  # any of them would have been named
        found = p_value < _RARE
        return Evidence(
            detector=self.info.name,
            version=self.info.version,
            code="fingerprint.known",
            question=Question.SYNTHETIC,
            grade=Grade.OPINION,
            status=Status.SIGNAL if found else Status.CLEAR,
            summary=(
                f"The residual resembles that of all pictures of {best.name}."
                if found
                else f"None of {len(matches)} known generators left its fingerprint."
            ),
            p_value=p_value,
            calibration=self.info.calibration,
            limits=self.info.limits,
            measurements=(
                Measurement(name="score", value=round(best.z, 3)),
                Measurement(name="nearest generator", value=best.name),
                Measurement(name="correlation", value=round(best.correlation, 5)),
                Measurement(name="tiles", value=tiles),
            ),
        )


@cache
def _bundled_book() -> Book:
    return open_book(bundled(MODEL))
