"""Finding faces and eyes: OpenCV's bundled cascades, or YuNet where the user has its model."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from forensics.detectors.faces.geometry import Box, Points
from forensics.errors import ModelError, UsageError

__all__ = ["VARIABLE", "EyeFinder", "Face", "FaceFinder", "cascade", "model_named"]

VARIABLE = "FORENSICS_FACE_MODEL"
Pixels = npt.NDArray[np.uint8]

_FACES, _EYES = "haarcascade_frontalface_alt2.xml", "haarcascade_eye.xml"
_FACE_STEP, _FACE_VOTES = 1.15, 4
_EYE_STEP, _EYE_VOTES = 1.1, 3
_LEAST = 0.12  # of the shorter side: smaller faces are not looked for
_SCORE = 0.7  # of YuNet
# Where eyes lie in the box of a face, in its sides: upper part, each in its half.
_EYE_ROWS, _EYE_MIDDLE = (0.16, 0.60), 0.5
_EYE_SIDES = (0.16, 0.42)
_MOST_TILT, _EYE_DISTANCE = 0.35, (0.25, 0.62)


@dataclass(frozen=True)
class Face:
    """A face in a picture.

    Attributes:
        box: From the forehead to the chin.
        eyes: (2, 2) x, y of the middle of each eye, the one further left in the picture first; None where
            the finder does not say.
    """

    box: Box
    eyes: Points | None = None


def cascade(name: str) -> Any:
    """Return one of OpenCV's bundled cascades.

    Raises:
        UsageError: This OpenCV has none: version 5 dropped them.
    """
    import cv2

    folder = getattr(getattr(cv2, "data", None), "haarcascades", "")
    if not hasattr(cv2, "CascadeClassifier") or not (Path(folder) / name).is_file():
        raise UsageError(
            f"OpenCV {cv2.__version__} has no cascades to find faces with: "
            f"pip install 'opencv-python-headless<5', or name a model of YuNet in ${VARIABLE}",
            expected="OpenCV below 5",
            actual=cv2.__version__,
        )
    return cv2.CascadeClassifier(str(Path(folder) / name))


def model_named() -> Path | None:
    """Return the user's model of YuNet, None where $FORENSICS_FACE_MODEL names none.

    Raises:
        UsageError: What it names is no file.
    """
    name = os.environ.get(VARIABLE, "")
    if name and not Path(name).is_file():
        raise UsageError(f"${VARIABLE} names no file: {name}", expected="an ONNX file of YuNet", actual=name)
    return Path(name) if name else None


class FaceFinder:
    """Finds faces in luminance. Keep one per thread: cascades have a state while they look.

    Args:
        model: ONNX file of YuNet (github.com/opencv/opencv_zoo); what $FORENSICS_FACE_MODEL names if None,
            and OpenCV's frontal cascade where it names nothing.
    """

    def __init__(self, model: Path | None = None) -> None:
        self._model = model_named() if model is None else model

    @property
    def name(self) -> str:
        """What finds them."""
        return "cascades" if self._model is None else "YuNet"

    def find(self, luma: Pixels, near: Box | None = None) -> tuple[Face, ...]:
        """Return the faces in a picture, the largest first.

        Args:
            luma: (H, W).
            near: Look around this box only, for faces of about its size.

        Raises:
            ModelError: The user's model does not run.
            UsageError: OpenCV has no cascades.
        """
        if self._model is not None:
            found = self._by_model(luma)
        elif near is None:
            found = self._by_cascade(luma, max(24, int(_LEAST * min(luma.shape))), max(luma.shape))
        else:
            found = self._around(luma, near)
        return tuple(sorted(found, key=lambda face: -face.box.side))

    def _by_cascade(self, luma: Pixels, least: int, most: int) -> list[Face]:
        sizes = {"minSize": (least, least), "maxSize": (most, most)}
        boxes = self._faces.detectMultiScale(luma, _FACE_STEP, _FACE_VOTES, **sizes)
        return [Face(Box(*map(float, box))) for box in boxes]

    def _around(self, luma: Pixels, near: Box) -> list[Face]:
        """Look in a part of the picture, a fourth of the box wider on each side."""
        left, top = (max(0, int(v - near.side / 4)) for v in (near.left, near.top))
        right, bottom = (int(v + 1.25 * near.side) + 1 for v in (near.left, near.top))
        part = np.ascontiguousarray(luma[top:bottom, left:right])
        if min(part.shape) < 24:
            return []
        found = self._by_cascade(part, max(24, int(0.75 * near.side)), int(1.35 * near.side))
        return [Face(Box(f.box.left + left, f.box.top + top, f.box.width, f.box.height)) for f in found]

    def _by_model(self, luma: Pixels) -> list[Face]:
        import cv2

        height, width = luma.shape
        try:
            self._yunet.setInputSize((width, height))
            _, rows = self._yunet.detect(cv2.cvtColor(luma, cv2.COLOR_GRAY2BGR))
        except cv2.error as error:
            raise ModelError(f"{self._model}: not a model of YuNet that this OpenCV runs") from error
        found = [] if rows is None else [np.asarray(row, np.float64) for row in rows]
        eyes = [row[4:8].reshape(2, 2) for row in found]
        return [
            Face(Box(*map(float, row[:4])), two[np.argsort(two[:, 0])])
            for row, two in zip(found, eyes, strict=True)
        ]

    @cached_property
    def _faces(self) -> Any:
        return cascade(_FACES)

    @cached_property
    def _yunet(self) -> Any:
        import cv2

        return cv2.FaceDetectorYN.create(str(self._model), "", (320, 320), _SCORE)


class EyeFinder:
    """Finds both eyes in the square of a face. Keep one per thread."""

    def find(self, face: Pixels) -> Points | None:
        """Return where the eyes are.

        Args:
            face: (S, S) luminance of an upright face, its box and no more.

        Returns:
            (2, 2) x, y in sides of the square, the one further left first; None where they are not both
            seen, or not where eyes are.
        """
        side = len(face)
        top, bottom = (int(side * share) for share in _EYE_ROWS)
        half = int(side * _EYE_MIDDLE)
        found = []
        for left, right in ((0, half), (half, side)):
            eye = self._best(face[top:bottom, left:right], side)
            if eye is None:
                return None
            found.append((eye + np.array([left, top])) / side)
        eyes = np.stack(found)
        across, down = eyes[1] - eyes[0]
        plausible = _EYE_DISTANCE[0] < across < _EYE_DISTANCE[1] and abs(down) < _MOST_TILT * across
        return eyes if plausible else None

    def _best(self, part: Pixels, side: int) -> Points | None:
        """Return the middle of the surest eye in a part of a face, in its pixels."""
        least, most = (int(side * share) for share in _EYE_SIDES)
        boxes, _, sure = self._eyes.detectMultiScale3(
            part, _EYE_STEP, _EYE_VOTES, minSize=(least, least), maxSize=(most, most), outputRejectLevels=True
        )
        if not len(boxes):
            return None
        return Box(*map(float, boxes[int(np.argmax(sure))])).centre

    @cached_property
    def _eyes(self) -> Any:
        return cascade(_EYES)
