"""Head poses by the whole face and by its centre: they differ where a face was put upon a head.

Yang, Li & Lyu 2018, "Exposing deep fakes using inconsistent head poses" (arXiv:1811.00661). It needs 68
landmarks (those of 300-W), which neither the cascades nor YuNet with its five give, and a model of a head in
space: both are the caller's. There is no detector of this name in an audit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError

__all__ = ["CENTRE", "WHOLE", "HeadPose", "PoseDifference", "head_pose", "pose_difference"]

Floats = npt.NDArray[np.float64]

# Counted from 0: brows, nose and corners of the mouth; the whole face has the contour as well.
CENTRE = (*range(17, 36), 48, 54)
WHOLE = (*range(36), 48, 54)


@dataclass(frozen=True)
class HeadPose:
    """Where a head is, and how it is turned.

    Attributes:
        rotation: (3, 3), from the head to the camera.
        translation: (3,) in units of the model.
        error: Root mean square distance of landmarks to where the pose puts them, in pixels.
    """

    rotation: Floats
    translation: Floats
    error: float

    @property
    def facing(self) -> Floats:
        """(3,) unit vector along which the face looks, in the camera."""
        return np.asarray(self.rotation @ np.array([0.0, 0.0, 1.0]))


@dataclass(frozen=True)
class PoseDifference:
    """How the pose by the centre of a face differs from that by the whole.

    Attributes:
        angle: Between both directions of looking, in degrees.
        rotation: (3,) difference of the rotation vectors, the features of the paper.
        translation: (3,) difference of the translations.
        error: The larger of the two errors, in pixels: poses that do not fit say nothing.
    """

    angle: float
    rotation: Floats
    translation: Floats
    error: float


def head_pose(landmarks: Floats, model: Floats, shape: tuple[int, int]) -> HeadPose:
    """Return the pose of a head, by a camera whose focal length is the width of the picture (section 3.1).

    Args:
        landmarks: (N, 2) x, y in pixels.
        model: (N, 3) the same points of a head in space, y downwards, z away from the camera.
        shape: Rows and columns of the picture.

    Raises:
        UsageError: There are fewer than six points, or not as many of both.
    """
    import cv2

    points, solid = np.asarray(landmarks, np.float64), np.asarray(model, np.float64)
    if len(points) != len(solid) or len(points) < 6:
        raise UsageError(
            "a pose needs six landmarks or more, and the model of each",
            expected="six or more",
            actual=(len(points), len(solid)),
        )
    rows, columns = shape
    camera = np.array([[columns, 0, columns / 2], [0, columns, rows / 2], [0, 0, 1]], np.float64)
    solve: Any = cv2.solvePnP
    _, turn, shift = solve(solid, points, camera, None, flags=cv2.SOLVEPNP_SQPNP)
    turn, shift = cv2.solvePnPRefineLM(solid, points, camera, None, turn, shift)
    shown, _ = cv2.projectPoints(solid, turn, shift, camera, None)
    error = float(np.sqrt(((shown.reshape(-1, 2) - points) ** 2).sum(axis=1).mean()))
    return HeadPose(
        np.asarray(cv2.Rodrigues(turn)[0], np.float64), np.asarray(shift, np.float64).ravel(), error
    )


def pose_difference(landmarks: Floats, model: Floats, shape: tuple[int, int]) -> PoseDifference:
    """Return how the pose by the centre of a face differs from that by the whole.

    Args:
        landmarks: (68, 2) x, y in pixels, in the order of 300-W.
        model: (68, 3) the same points of a head in space.
        shape: Rows and columns of the picture.

    Raises:
        UsageError: There are not 68 landmarks: five, as YuNet gives, are too few.
    """
    import cv2

    points, solid = np.asarray(landmarks, np.float64), np.asarray(model, np.float64)
    if points.shape != (68, 2) or solid.shape != (68, 3):
        raise UsageError(
            "poses of a face and of its centre need the 68 landmarks of 300-W",
            expected=((68, 2), (68, 3)),
            actual=(points.shape, solid.shape),
        )
    centre, whole = (head_pose(points[list(part)], solid[list(part)], shape) for part in (CENTRE, WHOLE))
    cosine = float(np.clip(centre.facing @ whole.facing, -1, 1))
    vectors = [np.asarray(cv2.Rodrigues(pose.rotation)[0], np.float64).ravel() for pose in (centre, whole)]
    return PoseDifference(
        float(np.degrees(np.arccos(cosine))),
        vectors[0] - vectors[1],
        centre.translation - whole.translation,
        max(centre.error, whole.error),
    )
