"""Where in a picture the pattern of its own camera is missing.

Chen, Fridrich, Goljan and Lukas, "Determining image origin and integrity using sensor noise" (IEEE TIFS
3(1), 2008), section IV: correlation in a sliding window, against what the content there lets expect.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.detectors.prnu.fingerprint import Fingerprint, Trace
from forensics.watermark.statistics import log10_normal_tail, most_of

__all__ = ["WINDOW", "Regions", "regions"]

Floats = npt.NDArray[np.float32]

WINDOW = 128
_STEP = 32
_TELLING = 4.0  # standard deviations that a window has to be expected at, to say anything
_LEAST_SPREAD = 0.25  # of the expectation: content has more to it than light and texture


@dataclass(frozen=True)
class Regions:
    """The pattern in windows of a picture, every 32 pixels.

    Attributes:
        found: (h, w) float32, the correlation in standard deviations.
        expected: (h, w) float32, the same as light and texture let expect it.
        spread: By what share of the expectation windows of this picture depart from it.
        log10_p: log10 of the chance of the worst window, all of them together, if the pattern is everywhere.
        telling: Share of the windows that could say something.
    """

    found: Floats
    expected: Floats
    spread: float
    log10_p: float
    telling: float

    @property
    def missing(self) -> Floats:
        """(h, w) float32 in [0, 1]: how much is missing of what is expected; 0 where nothing can be said."""
        share = 1 - self.found / np.maximum(self.expected, 1e-6)
        return np.asarray(np.where(self.expected >= _TELLING, np.clip(share, 0, 1), 0), np.float32)


def regions(trace: Trace, passed: Floats, fingerprint: Fingerprint) -> Regions | None:
    """Look for the pattern in windows of a picture that as a whole shows it.

    How strong it is in this picture is taken from the picture itself: the middle of all windows counts as
    untouched.

    Args:
        trace: What the picture shows.
        passed: (H, W), as `share_passed` gives it.
        fingerprint: The camera's fingerprint, of the same size.

    Returns:
        The windows; None if the picture is smaller than one, or none can say anything.
    """
    signal = trace.signal
    if min(signal.shape) < WINDOW:
        return None
    products = _sums(signal * fingerprint.plane)
    model = _sums(trace.weight * trace.weight * passed)
    noise = np.sqrt(np.maximum(_sums(signal * signal), 1e-6))
    weights = model / noise
    found = products / noise
    strength = _weighted_median(found / np.maximum(weights, 1e-9), weights)
    expected = np.asarray(max(strength, 0.0) * weights, np.float32)
    tells = expected >= _TELLING
    if not tells.any():
        return None
    share = (found[tells] - expected[tells]) / expected[tells]
    own = 1.4826 * float(np.median(np.abs(share - np.median(share))))
    spread = max(_LEAST_SPREAD, own)
    depart = (expected - found) / np.sqrt(1 + (spread * expected) ** 2)
    windows = max(1.0, float(tells.sum()) * (_STEP / WINDOW) ** 2)
    worst = most_of(log10_normal_tail(float(depart[tells].max())), windows)
    return Regions(np.asarray(found, np.float32), expected, spread, worst, float(tells.mean()))


def _sums(plane: Floats) -> Floats:
    """Return sums over the windows that lie wholly inside."""
    import cv2

    whole = cv2.boxFilter(plane, cv2.CV_32F, (WINDOW, WINDOW), normalize=False, anchor=(0, 0))
    down, across = plane.shape[0] - WINDOW + 1, plane.shape[1] - WINDOW + 1
    return np.ascontiguousarray(whole[:down:_STEP, :across:_STEP])


def _weighted_median(values: npt.NDArray[np.floating], weights: npt.NDArray[np.floating]) -> float:
    order = np.argsort(values, axis=None)
    heavy = np.cumsum(weights.ravel()[order])
    return float(values.ravel()[order[np.searchsorted(heavy, heavy[-1] / 2)]])
