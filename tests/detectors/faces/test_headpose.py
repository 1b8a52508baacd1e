"""Poses of made-up heads, whole and with a centre that is turned another way."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from forensics.detectors.faces.headpose import CENTRE, WHOLE, head_pose, pose_difference
from forensics.errors import UsageError

SHAPE = (480, 640)


@pytest.fixture(scope="module")
def head() -> np.ndarray:
    """Sixty-eight points on half an ellipsoid that looks at the camera."""
    rng = np.random.default_rng(0)
    xy = rng.uniform(-0.7, 0.7, (68, 2))
    return np.column_stack([70 * xy[:, 0], 95 * xy[:, 1], -60 * np.sqrt(1 - (xy**2).sum(axis=1) / 1.2)])


def shown(
    head: np.ndarray, turn: tuple[float, float, float], at: tuple[float, ...] = (20, -10, 700)
) -> np.ndarray:
    """Project points by hand."""
    angle = np.linalg.norm(turn)
    axis = np.array(turn) / max(angle, 1e-12)
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    rotation = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    x, y, z = (head @ rotation.T + np.array(at)).T
    return np.column_stack([SHAPE[1] * x / z + SHAPE[1] / 2, SHAPE[1] * y / z + SHAPE[0] / 2])


@pytest.mark.parametrize("turn", [(0.0, 0.0, 0.0), (0.1, 0.4, -0.1), (-0.3, -0.2, 0.2)])
def test_the_pose_of_a_projected_head_is_found(head: np.ndarray, turn: tuple[float, float, float]) -> None:
    pose = head_pose(shown(head, turn), head, SHAPE)
    np.testing.assert_allclose(pose.rotation, cv2.Rodrigues(np.array(turn))[0], atol=1e-3)
    np.testing.assert_allclose(pose.translation, (20, -10, 700), atol=0.5)
    assert pose.error < 0.01
    assert np.linalg.norm(pose.facing) == pytest.approx(1)


def test_a_whole_head_has_one_pose(head: np.ndarray) -> None:
    found = pose_difference(shown(head, (0.1, 0.3, 0.0)), head, SHAPE)
    assert found.angle < 0.1
    assert np.abs(found.rotation).max() < 1e-3


def test_a_face_put_on_a_head_is_turned_otherwise(head: np.ndarray) -> None:
    landmarks = shown(head, (0.0, 0.3, 0.0))
    landmarks[list(CENTRE)] = shown(head, (0.0, 0.12, 0.0))[list(CENTRE)]
    noisy = shown(head, (0.0, 0.3, 0.0)) + np.random.default_rng(0).normal(0, 0.7, (68, 2))
    swapped, real = pose_difference(landmarks, head, SHAPE), pose_difference(noisy, head, SHAPE)
    assert swapped.angle > 2
    assert swapped.angle > 3 * real.angle


def test_the_centre_is_a_part_of_the_whole() -> None:
    assert set(CENTRE) < set(WHOLE)
    assert set(range(17)) == set(WHOLE) - set(CENTRE)


def test_too_few_landmarks_are_told(head: np.ndarray) -> None:
    with pytest.raises(UsageError, match="68 landmarks"):
        pose_difference(np.zeros((5, 2)), head, SHAPE)
    with pytest.raises(UsageError, match="six landmarks"):
        head_pose(np.zeros((5, 2)), head[:5], SHAPE)
