"""Faces in single pictures: found at a bounded size, believed where both eyes are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forensics.detectors.faces.align import warped
from forensics.detectors.faces.finding import EyeFinder, FaceFinder
from forensics.detectors.faces.geometry import Box, Similarity
from forensics.detectors.warping.crops import cut, regions_of

__all__ = ["LEAST_SIDE", "faces_in", "largest_face"]

Pixels = npt.NDArray[np.uint8]

LEAST_SIDE = 64.0
"""Side of a face in pixels below which nothing is said of it."""
_WORKED = 400  # shorter side, in pixels, at which faces are looked for
_EYES = 128  # side of a face in which eyes are looked for


def faces_in(luma: Pixels) -> tuple[Box, ...]:
    """Return the faces of a picture in which both eyes are seen, the largest first.

    Args:
        luma: (H, W) uint8.

    Raises:
        ModelError: The user's finder of faces does not run.
        UsageError: There is nothing to find faces with.
    """
    import cv2

    if min(luma.shape) < LEAST_SIDE:
        return ()
    factor = min(1.0, _WORKED / min(luma.shape))
    small = luma
    if factor < 1:
        size = (max(1, round(luma.shape[1] * factor)), max(1, round(luma.shape[0] * factor)))
        small = np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.uint8)
    eyes = EyeFinder()
    found = []
    for face in FaceFinder().find(np.ascontiguousarray(small)):
        box = face.box.scaled(1 / factor)
        if box.side < LEAST_SIDE:
            continue
        if face.eyes is not None or eyes.find(warped(luma, Similarity.of_box(box), _EYES)) is not None:
            found.append(box)
    return tuple(found)


def largest_face(pixels: Pixels) -> Pixels | None:
    """Return the largest face of a picture with a little around it, (h, w, 3); None where there is none.

    Args:
        pixels: (H, W, 3) uint8 RGB.

    Raises:
        ModelError: The user's finder of faces does not run.
        UsageError: There is nothing to find faces with.
    """
    from forensics.media.image import luma_of

    found = faces_in(luma_of(pixels))
    if not found:
        return None
    (region,) = regions_of(found[0], pixels.shape, np.random.default_rng(0), 1)
    part = pixels[region.top : region.bottom, region.left : region.right]
    return cut(part, region.__class__(0, 0, *part.shape[:2]), max(part.shape[:2]))
