"""The eye-state network as an audit runs it: from crops of an eye over time to how surely it is closed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forensics.runtime.sessions import Session
from forensics.runtime.store import Bundle, bundled

__all__ = ["BUNDLE", "MODEL", "SIDE", "EyeStates", "normalised"]

BUNDLE, MODEL = "blink", "eyes.onnx"
SIDE = 32  # rows and columns of a crop
_FLOOR = 2.0  # grey levels of contrast below which there is only noise
_MOST = 4.0

Floats = npt.NDArray[np.float32]


def normalised(crops: npt.NDArray[np.uint8] | Floats) -> Floats:
    """Return crops without their brightness and contrast, each for itself.

    (x - median) / (2 mean|x - median|), cut at 4: a bright reflection neither moves nor squeezes the rest.

    Args:
        crops: (..., side, side) grey levels in 0-255.

    Returns:
        float32 of the same shape, about in [-4, 4].
    """
    values = np.asarray(crops, np.float32)
    centred = values - np.median(values, axis=(-2, -1), keepdims=True)
    spread = 2 * np.abs(centred).mean(axis=(-2, -1), keepdims=True)
    return np.asarray(np.clip(centred / np.maximum(spread, 2 * _FLOOR), -_MOST, _MOST), np.float32)


class EyeStates:
    """The bundled network, or one that a user trained.

    Args:
        bundle: Of `forensics train blink`; what ships if None.

    Raises:
        MissingExtra: ONNX Runtime is not installed.
        ModelError: It is no such model, or was changed.
    """

    def __init__(self, bundle: Bundle | None = None) -> None:
        bundle = bundled(BUNDLE) if bundle is None else bundle
        self._session = Session(bundle.read(MODEL))
        side = self._session.shapes[0][-1]
        self.side = SIDE if side is None else side

    def closed(self, crops: npt.NDArray[np.uint8]) -> Floats:
        """Return the probability that an eye is closed, frame by frame.

        Args:
            crops: (E, T, side, side) uint8: E eyes over T frames.

        Returns:
            (E, T) float32 in [0, 1].
        """
        if crops.shape[1] == 0:
            return np.zeros(crops.shape[:2], np.float32)
        (logits,) = self._session(normalised(crops))
        return np.asarray(1 / (1 + np.exp(-logits.reshape(crops.shape[:2]))), np.float32)
