"""Networks of faces on disk: crops of a face go in, one number comes out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from forensics.detectors.faces.geometry import Box
from forensics.detectors.learned.model import CLASSIFIER, planes
from forensics.detectors.learned.settings import settings_of
from forensics.detectors.warping.crops import ten_crops
from forensics.errors import ModelError
from forensics.runtime.sessions import Session
from forensics.runtime.store import Bundle, bundled

__all__ = ["METHODS", "FaceModel", "face_model_of", "open_face_model"]

Pixels = npt.NDArray[np.uint8]

METHODS = ("mesonet", "warping")


@dataclass(frozen=True)
class FaceModel:
    """A network of faces.

    Attributes:
        method: "warping" or "mesonet".
        side: Rows and columns of a crop.
        crops: Of a face.
        network: (N, 3, S, S), 0 to 1, to logits; higher for what was forged.
    """

    method: str
    side: int
    crops: int
    network: Session

    def score(self, pixels: Pixels, face: Box) -> float:
        """Return the mean logit of all crops of a face.

        Args:
            pixels: (H, W, 3) uint8 RGB.
            face: Where it is.

        Raises:
            ModelError: The network does not take such crops, or gives no numbers.
        """
        crops = planes(ten_crops(pixels, face, self.side, self.crops))
        logits = self.network(crops)[0].reshape(len(crops), -1)[:, -1]
        if not np.isfinite(logits).all():
            raise ModelError(f"the model of {self.method} gave no numbers for this picture")
        return float(logits.mean())


@cache
def open_face_model(name: str) -> FaceModel:
    """Return a network of faces that comes with the suite.

    Raises:
        MissingExtra: ONNX Runtime is not installed.
        ModelError: There is none of that name, or its files are not those of its card.
    """
    return face_model_of(bundled(name))


def face_model_of(bundle: Bundle) -> FaceModel:
    """Return the network in a bundle that `forensics train warping` or `mesonet` wrote.

    Raises:
        MissingExtra: ONNX Runtime is not installed.
        ModelError: It is none, or its files are not those of its card.
    """
    told = settings_of(bundle, METHODS)
    return FaceModel(told.method, told.side, told.crops, Session(bundle.read(CLASSIFIER)))
