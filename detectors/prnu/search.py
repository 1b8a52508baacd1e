"""Where in the sensor's picture a picture comes from: turned, reduced, cropped, or all of it.

Goljan and Fridrich, "Camera identification from cropped and scaled images" (SPIE 6819, 2008). Every place
and size that is tried is counted, and the chance is that of all of them together.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.detectors.prnu.correlation import Peak, correlate, peak_of
from forensics.detectors.prnu.fingerprint import Fingerprint
from forensics.watermark.statistics import log10_normal_tail, most_of

__all__ = ["Placement", "aligned", "best_of", "full_frame", "scales_between", "search"]

Floats = npt.NDArray[np.float32]

LEAST_SCALE = 0.3  # below, four pixels of the sensor and more are averaged into one
_SIDE = 1024  # of the middle part by which sizes are tried: its border moves by a pixel from one to the next
_FINAL = 3  # sizes that are tried again with the whole picture


@dataclass(frozen=True)
class Placement:
    """How a picture lies on a sensor, as far as the best correlation says.

    Attributes:
        turns: Quarter turns anticlockwise that bring the picture onto the grid of the sensor.
        scale: Size of the picture's content over that on the sensor.
        peak: The correlation there; `searched` and `log10_p` count all that was tried.
    """

    turns: int
    scale: float
    peak: Peak


def aligned(
    signal: Floats, fingerprint: Fingerprint, *, turns: Iterable[int] | None = None
) -> Placement | None:
    """Return how well a picture of the whole sensor matches, in the turns that its size allows.

    Args:
        signal: (h, w) float32, as `Trace.signal`.
        fingerprint: The fingerprint.
        turns: Quarter turns to try; if None, none for a picture of the fingerprint's size, and both for one
            whose sides are exchanged.

    Returns:
        The best, None if the size is another one.
    """
    shape = fingerprint.plane.shape
    usual = (0,) if signal.shape == shape else (1, 3)
    tried = [
        Placement(k, 1.0, peak_of(correlate(_turned(signal, k), fingerprint), (0, 0), (0, 0)))
        for k in (usual if turns is None else turns)
        if (signal.shape[k % 2], signal.shape[1 - k % 2]) == shape
    ]
    return best_of(tried)


def full_frame(signal: Floats, fingerprint: Fingerprint) -> Placement | None:
    """Return how well a reduced picture of the whole sensor matches, without any search for its place.

    Args:
        signal: (h, w) float32.
        fingerprint: The fingerprint.

    Returns:
        The match; None if the sides are not in the proportion of the sensor's to within a pixel, if the
        picture is not smaller, or smaller than three tenths.
    """
    height, width = fingerprint.plane.shape
    tried = []
    for k in (0, 1, 3):
        h, w = (signal.shape[k % 2], signal.shape[1 - k % 2])
        scale = (h / height + w / width) / 2
        same = abs(h - scale * height) <= 1 and abs(w - scale * width) <= 1
        if same and LEAST_SCALE <= scale < 1:
            reduced = _resized(fingerprint.plane, (h, w))
            peak = peak_of(correlate(_turned(signal, k), reduced), (0, 0), (0, 0))
            tried.append(Placement(k, scale, peak))
    return best_of(tried)


def scales_between(signal: tuple[int, ...], sensor: tuple[int, ...]) -> tuple[float, ...]:
    """Return the sizes to try for a picture that may be reduced and cropped, the largest first.

    Args:
        signal: Rows and columns of the picture.
        sensor: Rows and columns of the fingerprint.
    """
    least = max(signal[0] / sensor[0], signal[1] / sensor[1], LEAST_SCALE)
    if least > 1:
        return ()
    step = 1 + 1 / min(_SIDE, max(signal[:2]))
    count = math.floor(math.log(1 / least) / math.log(step)) + 1
    sizes = [step**-k for k in range(count)]
    return (*sizes, least) if sizes[-1] > least * (1 + 1e-9) else tuple(sizes)


def search(
    signal: Floats, fingerprint: Fingerprint, *, scales: Iterable[float] = (1.0,), turns: Iterable[int] = (0,)
) -> Placement | None:
    """Look for a picture at all places, in some sizes and turns.

    With many sizes its middle part is tried first, and the best of them again with all of it.

    Args:
        signal: (h, w) float32.
        fingerprint: The fingerprint.
        scales: Sizes of the content over that on the sensor, at most 1.
        turns: Quarter turns.

    Returns:
        The best place; None if the picture fits nowhere.
    """
    wanted = [(k, s) for k in turns for s in scales]
    middle = _middle(signal) if len(wanted) > _FINAL else signal
    tried = list(_tried(middle, fingerprint, wanted))
    if middle.size == signal.size:
        return best_of(tried)
    first = sorted(tried, key=lambda p: -p.peak.z)[:_FINAL]
    final = list(_tried(signal, fingerprint, [(p.turns, p.scale) for p in first]))
    return best_of([*first, *final], searched=sum(p.peak.searched for p in (*tried, *final)))


def _tried(signal: Floats, fingerprint: Fingerprint, wanted: list[tuple[int, float]]) -> Iterator[Placement]:
    height, width = fingerprint.plane.shape
    for k, scale in wanted:
        turned = _turned(signal, k)
        shape = (max(turned.shape[0], round(height * scale)), max(turned.shape[1], round(width * scale)))
        if shape[0] > height or shape[1] > width:
            continue
        plane = fingerprint.plane if shape == (height, width) else _resized(fingerprint.plane, shape)
        yield Placement(k, scale, peak_of(correlate(turned, plane)))


def best_of(tried: list[Placement], searched: int | None = None) -> Placement | None:
    """Return the highest peak, its chance that of everything tried."""
    if not tried:
        return None
    best = max(tried, key=lambda p: p.peak.z)
    total = sum(p.peak.searched for p in tried) if searched is None else searched
    peak = best.peak
    log10_p = most_of(log10_normal_tail(peak.z), total)
    return Placement(best.turns, best.scale, Peak(peak.row, peak.column, peak.z, total, log10_p))


def _turned(signal: Floats, turns: int) -> Floats:
    return np.ascontiguousarray(np.rot90(signal, turns)) if turns % 4 else signal


def _resized(plane: Floats, shape: tuple[int, int]) -> Floats:
    import cv2

    return np.asarray(cv2.resize(plane, (shape[1], shape[0]), interpolation=cv2.INTER_AREA), np.float32)


def _middle(signal: Floats) -> Floats:
    top, left = (max(0, (n - _SIDE) // 2) for n in signal.shape)
    return np.ascontiguousarray(signal[top : top + _SIDE, left : left + _SIDE])
