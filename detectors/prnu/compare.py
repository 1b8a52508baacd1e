"""A picture beside the cameras of a database."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from forensics.detectors.calibration import load
from forensics.detectors.prnu.correlation import Peak
from forensics.detectors.prnu.database import CameraDatabase
from forensics.detectors.prnu.digest import signs_of
from forensics.detectors.prnu.fingerprint import Fingerprint, Trace, trace_of
from forensics.detectors.prnu.nulls import Null, null_of
from forensics.detectors.prnu.power import reach, share_passed
from forensics.detectors.prnu.records import Camera
from forensics.detectors.prnu.search import Placement, aligned, best_of, full_frame, scales_between, search
from forensics.watermark.statistics import log10_normal_tail, most_of

__all__ = ["Comparison", "comparable", "compare", "height_of", "score_of", "searched"]

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]
Number = TypeVar("Number", bound=np.generic)

MOST = 64  # cameras of a size that are compared with all they have; more are sifted by their signs


@dataclass(frozen=True)
class Comparison:
    """A picture and a camera.

    Attributes:
        camera: The camera.
        placement: How the picture lies on the sensor at the best.
        null: How other cameras score.
        log10_p: log10 of the chance of such a score with another camera, all that was tried together.
        llr: log10 likelihood ratio of "this camera took it" against "another did".
        expected: Height in standard deviations that is to be expected of its own pictures; 0 where unknown.
    """

    camera: Camera
    placement: Placement
    null: Null
    log10_p: float
    llr: float
    expected: float = 0.0

    @property
    def peak(self) -> Peak:
        """The best correlation."""
        return self.placement.peak


def comparable(database: CameraDatabase, shape: tuple[int, int]) -> tuple[Camera, ...]:
    """Return the cameras whose pictures have this size, as stored or turned by a quarter."""
    turned = (shape[1], shape[0])
    return database.cameras(shape) + (database.cameras(turned) if turned != shape else ())


def compare(
    pixels: Pixels,
    database: CameraDatabase,
    cameras: Iterable[Camera] | None = None,
    *,
    side: int | None = None,
    most: int = MOST,
) -> tuple[Comparison, ...]:
    """Compare a picture with cameras whose pictures have its size, as stored or turned by a quarter.

    Args:
        pixels: (H, W, 3) uint8 on the grid of the file.
        database: The database.
        cameras: Cameras to compare with; those of the size if None.
        side: Rows and columns of the middle part to compare, all if None.
        most: How many to compare; of more, those are whose signs agree best.

    Returns:
        The comparisons, the most likely camera first.

    Raises:
        UsageError: The picture is too small.
        CameraError: The database is damaged.
    """
    chosen = comparable(database, pixels.shape[:2]) if cameras is None else tuple(cameras)
    if not chosen:
        return ()
    part = _middle(pixels, side)
    trace = trace_of(part)
    power = reach(trace, share_passed(part))
    signal = trace.signal
    found = []
    for camera in _sifted(chosen, database, trace, part.shape == pixels.shape, most):
        placed = _placed(signal, database.fingerprint(camera), pixels.shape[:2], side)
        if placed is not None:
            found.append(_weighed(camera, placed, database, len(chosen), power))
    return tuple(sorted(found, key=lambda c: (-c.llr, c.log10_p)))


def searched(
    pixels: Pixels,
    database: CameraDatabase,
    cameras: Sequence[Camera],
    *,
    turns: Sequence[int] = (0, 1, 2, 3),
) -> tuple[Comparison, ...]:
    """Compare a picture that may be reduced, cropped or turned; that takes up to minutes for each camera.

    Args:
        pixels: (H, W, 3) uint8.
        database: The database.
        cameras: The cameras.
        turns: Quarter turns to try.

    Returns:
        The comparisons, the most likely camera first; cameras on which the picture fits nowhere are left out.
    """
    signal = trace_of(pixels).signal
    found = []
    for camera in cameras:
        fingerprint = database.fingerprint(camera)
        whole = full_frame(signal, fingerprint) or aligned(signal, fingerprint, turns=turns)
        if whole is None or whole.peak.log10_p > -6:
            shapes = {k: (signal.shape[k % 2], signal.shape[1 - k % 2]) for k in turns}
            tried = [
                search(signal, fingerprint, scales=scales_between(shape, fingerprint.plane.shape), turns=(k,))
                for k, shape in shapes.items()
            ]
            whole = best_of([p for p in (whole, *tried) if p is not None])
        if whole is not None:
            found.append(_weighed(camera, whole, database, len(cameras), 0.0))
    return tuple(sorted(found, key=lambda c: (-c.llr, c.log10_p)))


def score_of(z: float) -> float:
    """Return the score that is calibrated: log10 of 1 and the peak to correlation energy, 0 below none.

    Args:
        z: Height of the peak in standard deviations.
    """
    return math.log10(1 + max(z, 0.0) ** 2)


# The height counts that is as rare at one known place, with one camera and by the theory, as this one is with
# all places, all cameras and this null.
def _weighed(
    camera: Camera, placed: Placement, database: CameraDatabase, cameras: int, power: float
) -> Comparison:
    null = null_of(database.strangers(camera))
    log10_p = most_of(null.log10_p(placed.peak.z, placed.peak.searched), max(cameras, 1))
    llr = load("prnu").llr(score_of(height_of(log10_p)))
    return Comparison(camera, placed, null, log10_p, llr, camera.strength * power)


def height_of(log10_p: float) -> float:
    """Return the height whose chance is 10^log10_p, in standard deviations; 0 for chances above a half.

    Example:
        >>> round(height_of(-6.0), 3)
        4.753
    """
    low, high = 0.0, 400.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if log10_normal_tail(middle) > log10_p else (low, middle)
    return low


def _sifted(
    cameras: tuple[Camera, ...], database: CameraDatabase, trace: Trace, whole: bool, most: int
) -> tuple[Camera, ...]:
    """Return the cameras worth a full comparison."""
    if len(cameras) <= most:
        return cameras
    best: dict[int, float] = {}
    for turns in range(4):
        turned = np.ascontiguousarray(np.rot90(trace.signal, turns))
        signs = signs_of(turned)
        shapes = {c.shape for c in cameras if not whole or c.shape == turned.shape}
        for shape in shapes if signs is not None else ():
            found = database.nearest(shape, signs, most)  # type: ignore[arg-type]
            best.update({n: max(z, best.get(n, z)) for n, z in found.items()})
    if not best:  # too small for signs
        return cameras[:most]
    ranked = sorted(cameras, key=lambda c: -best.get(c.number, -np.inf))
    return tuple(ranked[:most])


def _placed(
    signal: Floats, fingerprint: Fingerprint, shape: tuple[int, ...], side: int | None
) -> Placement | None:
    if side is None:
        return aligned(signal, fingerprint)
    usual = (0,) if fingerprint.plane.shape == tuple(shape[:2]) else (1, 3)
    tried = []
    for k in usual:
        # The fingerprint is turned back onto the picture, so that both are cut alike.
        plane = _middle(np.rot90(fingerprint.plane, -k), side)
        found = aligned(signal, Fingerprint(np.ascontiguousarray(plane), fingerprint.pictures))
        if found is not None:
            tried.append(Placement(k, found.scale, found.peak))
    return best_of(tried)


def _middle(plane: npt.NDArray[Number], side: int | None) -> npt.NDArray[Number]:
    if side is None:
        return plane
    top, left = (max(0, (n - side) // 2) for n in plane.shape[:2])
    return np.ascontiguousarray(plane[top : top + side, left : left + side])
