"""Warped faces without a generator: a part of a picture is taken to another size, smoothed, and put back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.detectors.faces.geometry import Box, Similarity
from forensics.detectors.train.delivery import Delivery, delivered

__all__ = ["Face", "Jitter", "drawn_face", "jittered", "warped_back"]

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Points = npt.NDArray[np.float64]

_SCALES = (0.25, 0.35, 0.5, 0.7)  # of the size to which a face is aligned, as shares of its own
_CORNERS = 10  # of a hull that was changed at random


@dataclass(frozen=True, eq=False)
class Face:
    """Where a face is, or what stands in for one.

    Attributes:
        hull: (N, 2) x, y of the corners of its convex outline, in pixels.
        tilt: How far it is turned, in radians.
    """

    hull: Points
    tilt: float

    @property
    def box(self) -> Box:
        """The rectangle around the outline."""
        left, top = self.hull.min(axis=0)
        right, bottom = self.hull.max(axis=0)
        return Box(float(left), float(top), float(right - left), float(bottom - top))


@dataclass(frozen=True)
class Jitter:
    """What is done to colours and sharpness.

    Attributes:
        brightness: Factor of all values.
        contrast: Factor of their distance from the mean.
        colour: Factor of their distance from grey.
        sharpness: Share of the difference from a smoothed copy that is added; negative smooths.
    """

    brightness: float = 1.0
    contrast: float = 1.0
    colour: float = 1.0
    sharpness: float = 0.0

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Jitter:
        """Return one drawn by lot."""
        light, contrast, colour = rng.uniform(0.8, 1.2, 3)
        return cls(float(light), float(contrast), float(colour), float(rng.uniform(-0.5, 0.7)))


def drawn_face(shape: tuple[int, ...], rng: np.random.Generator, landmarks: Points | None = None) -> Face:
    """Return an outline: the hull of some landmarks, or of points of an ellipse where there are none.

    Args:
        shape: Rows and columns of the picture.
        rng: Draws it: which landmarks count, or the ellipse, and how far its points are moved.
        landmarks: (N, 2) x, y of a face, in pixels.
    """
    import cv2

    if landmarks is not None:
        kept = landmarks[rng.random(len(landmarks)) < 0.8]
        points = kept if len(kept) >= 3 else landmarks
        hull = cv2.convexHull(points.astype(np.float32))[:, 0].astype(np.float64)
        return Face(hull, float(rng.normal(0.0, 0.1)))
    side = min(shape[:2])
    tall = side * rng.uniform(0.26, 0.36)
    wide = tall * rng.uniform(0.7, 0.95)
    middle = np.array([shape[1], shape[0]]) * rng.uniform(0.42, 0.58, 2)
    tilt = float(rng.normal(0.0, 0.2))
    angles = np.sort(rng.uniform(0.0, 2.0 * np.pi, _CORNERS)) if rng.random() < 0.5 else _evenly(32)
    ring = np.stack([wide * np.cos(angles), tall * np.sin(angles)], axis=1)
    turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    hull = cv2.convexHull((ring @ turn.T + middle).astype(np.float32))[:, 0].astype(np.float64)
    return Face(hull, tilt)


# Li & Lyu 2018 (arXiv:1811.00656), section 3.1 and figure 2: a generator of one small size is imitated by an
# alignment to one of several sizes, a Gaussian filter of 5 x 5, and the way back; only the hull is replaced.
def warped_back(picture: Pixels, face: Face, rng: np.random.Generator) -> Pixels:
    """Return a picture in which a face was warped to another size and back.

    Args:
        picture: (H, W, 3) uint8 RGB.
        face: Which part of it.
        rng: Draws the size, how much is smoothed, and how soft the edge is.
    """
    import cv2

    box, scale = face.box, float(rng.choice(_SCALES))
    side = max(12, round(scale * box.side))
    turn = complex(np.cos(face.tilt), np.sin(face.tilt)) * box.side * 1.25
    place = Similarity(turn, complex(*box.centre) - turn * (0.5 + 0.5j))
    there = Similarity(complex(side), 0j).after(place.inverse())
    small = cv2.warpAffine(
        picture, there.matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    small = cv2.GaussianBlur(small, (5, 5), float(rng.uniform(0.0, 1.0)) + 1e-3)
    size = (picture.shape[1], picture.shape[0])
    flags = (cv2.INTER_LINEAR if rng.random() < 0.5 else cv2.INTER_CUBIC) | cv2.WARP_INVERSE_MAP
    back = cv2.warpAffine(small, there.matrix, size, flags=flags, borderMode=cv2.BORDER_REFLECT_101)
    share = _soft(face, picture.shape, float(rng.uniform(0.0, 3.0)))
    mixed = picture + share[..., None] * (back.astype(np.float32) - picture)
    return np.asarray(np.clip(np.rint(mixed), 0, 255), np.uint8)


def jittered(picture: Pixels, how: Jitter, delivery: Delivery | None = None) -> Pixels:
    """Return a picture after its colours were changed and it was delivered: alike for both classes.

    Args:
        picture: (H, W, 3) uint8 RGB.
        how: What is changed.
        delivery: How it was saved; it is not if None.
    """
    import cv2

    x = picture.astype(np.float32)
    if how.sharpness:
        x = x + how.sharpness * (x - cv2.GaussianBlur(x, (0, 0), 1.0))
    x = how.brightness * (x.mean() + how.contrast * (x - x.mean()))
    grey = x.mean(axis=2, keepdims=True)
    x = grey + how.colour * (x - grey)
    out = np.asarray(np.clip(np.rint(x), 0, 255), np.uint8)
    return out if delivery is None else delivered(out, delivery)


def _soft(face: Face, shape: tuple[int, ...], blur: float) -> Floats:
    """Return (H, W) which share of each pixel is replaced."""
    import cv2

    mask: Floats = np.zeros(shape[:2], np.float32)
    cv2.fillConvexPoly(mask, np.rint(face.hull).astype(np.int32), 1.0)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), blur), np.float32) if blur > 0.3 else mask


def _evenly(count: int) -> Points:
    return np.arange(count) * 2.0 * np.pi / count
