"""The detectors `warping` and `mesonet`: networks that look at the largest face of a picture or clip."""

from __future__ import annotations

from typing import ClassVar

from forensics.detectors.base import DETECTORS, SIGNAL, UNCALIBRATED, Detector, DetectorInfo, not_applicable
from forensics.detectors.buckets import quality_of
from forensics.detectors.calibrating.table import CalibrationTable
from forensics.detectors.faces.geometry import Box
from forensics.detectors.learned.findings import calibration_of
from forensics.detectors.learned.model import shipped, table_of
from forensics.detectors.over_time import over_time
from forensics.detectors.warping.looking import LEAST_SIDE, faces_in
from forensics.detectors.warping.model import FaceModel, open_face_model
from forensics.errors import MissingExtra, UsageError
from forensics.evidence import Evidence, Grade, Measurement, Question, Status
from forensics.media import Kind, Media

__all__ = ["FaceDetector", "MesoNet", "Warping"]

_KINDS = (Kind.IMAGE, Kind.ANIMATION, Kind.VIDEO)
_NEEDS = "ONNX Runtime (the extra cpu), PyAV (video) for clips"


class FaceDetector(Detector):
    """A network that looks at the largest face.

    Args:
        model: Of the user's own (`face_model_of`); what comes with the suite if None.
        table: What its scores weigh; what comes with the suite's model if None, and else nothing.
    """

    forged: ClassVar[str]

    def __init__(self, model: FaceModel | None = None, table: CalibrationTable | None = None) -> None:
        self._model, self._table = model, table

    def examine(self, media: Media) -> tuple[Evidence, ...]:
        """Look at the largest face of a picture, or of some frames of a clip."""
        if self._model is None and not shipped(self.info.name):
            reason = f"No model of this detector comes with the suite; `forensics train {self.info.name}`."
            return (self._nothing(reason),)
        try:
            if media.container.kind is Kind.IMAGE:
                return self._of_picture(media)
            return over_time(self.info, self._of_picture, media)
        except MissingExtra as error:
            return (self._nothing(f"{error}."),)
        except UsageError as error:  # there is nothing to find faces with
            return (self._nothing(f"{error}."),)

    def _of_picture(self, media: Media) -> tuple[Evidence, ...]:
        model = self._model or open_face_model(self.info.name)
        faces = faces_in(media.luma)
        if not faces:
            return (self._nothing(f"No face of {LEAST_SIDE:g} pixels or more that looks at the camera."),)
        score = model.score(media.pixels, faces[0])
        return (self._told(media, score, faces[0], len(faces)),)

    def _told(self, media: Media, score: float, face: Box, faces: int) -> Evidence:
        own, info = self._model is not None, self.info
        table = self._table if own else table_of(info.name)
        quality = quality_of(media)
        llr = table.llr(score, quality) if table else 0.0
        signal = llr >= SIGNAL
        summary = f"The largest face {'looks' if signal else 'does not look'} {self.forged}."
        if not table:
            summary = "The largest face was looked at; what its score means was not calibrated."
        return Evidence(
            detector=info.name,
            version=info.version,
            code=f"{info.name}.face",
            question=info.questions[0],
            grade=Grade.OPINION,
            status=Status.SIGNAL if signal else Status.CLEAR,
            summary=summary,
            llr=llr,
            calibration=table.to_calibration(quality) if table else UNCALIBRATED,
            limits=info.limits,
            measurements=(
                Measurement(name="score", value=round(score, 4)),
                Measurement(name="side of the face", value=round(face.side), unit="pixels"),
                Measurement(name="faces", value=faces),
            ),
        )

    def _nothing(self, reason: str) -> Evidence:
        return not_applicable(self.info, self.info.questions[0], reason)


@DETECTORS.register("warping")
class Warping(FaceDetector):
    """Faces that were warped to another size and back (Li & Lyu)."""

    forged = "warped into its place"
    info: ClassVar[DetectorInfo] = DetectorInfo(
        name="warping",
        version="1",
        title="Faces that were made at another size and warped into place",
        questions=(Question.ALTERED,),
        kinds=_KINDS,
        needs=_NEEDS,
        source="Li & Lyu 2018, arXiv:1811.00656",
        calibration=calibration_of("warping"),
        limits="Sees that a face is smoother than what is around it: retouching, filters, shallow focus and "
        "strong compression look the same, and faces made at full size leave nothing of that. No faces were "
        "at hand to learn from or to calibrate on: what comes with the suite learned of photos of things, "
        "and weighs nothing before it is calibrated on pictures of your own.",
    )


@DETECTORS.register("mesonet")
class MesoNet(FaceDetector):
    """Forged faces, by Meso-4 or MesoInception-4 (Afchar et al.)."""

    forged = "forged"
    info: ClassVar[DetectorInfo] = DetectorInfo(
        name="mesonet",
        version="1",
        title="Forged faces, by a small network of middle-sized traits",
        questions=(Question.SYNTHETIC,),
        kinds=_KINDS,
        needs=_NEEDS,
        source="Afchar et al. 2018, arXiv:1809.00888",
        calibration=calibration_of("mesonet"),
        limits="Knows the forgeries of its training. No weights come with the suite: there are no forged "
        "faces that may be passed on.",
    )
