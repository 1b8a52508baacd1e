"""Turns do what OpenCV does, and come back."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from forensics.watermark.train.turning import Turn, draw_turn  # noqa: E402


@pytest.fixture
def smooth(photo: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(photo[:128, :128, 1].astype(np.float32), (0, 0), 3)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("degrees", [0.0, 20.0, -75.0])
def test_turn_is_that_of_opencv(smooth: np.ndarray, degrees: float, mirrored: bool) -> None:
    found = Turn(math.radians(degrees), 1.0, mirrored).apply(torch.from_numpy(smooth[None, None]))
    matrix = cv2.getRotationMatrix2D((63.5, 63.5), -degrees, 1.0)  # OpenCV counts counter-clockwise
    source = np.ascontiguousarray(smooth[:, ::-1]) if mirrored else smooth
    expected = cv2.warpAffine(source, matrix, (128, 128), flags=cv2.INTER_CUBIC)
    inner = slice(24, 104)
    assert np.abs(found[0, 0].numpy()[inner, inner] - expected[inner, inner]).max() < 1.0


@pytest.mark.parametrize("turn", [Turn(0.7, 1.0, False), Turn(0.0, 0.6, True), Turn(-2.0, 1.4, True)])
def test_way_back_ends_where_it_began(smooth: np.ndarray, turn: Turn) -> None:
    value = torch.from_numpy(smooth[None, None])
    there = turn.apply(value)
    assert there.shape[-1] == round(128 * turn.scale / 2) * 2
    back = turn.undo(there, 128)[0, 0].numpy()
    inner = slice(40, 88)
    assert np.abs(back[inner, inner] - smooth[inner, inner]).max() < 3


def test_gradient_passes(smooth: np.ndarray) -> None:
    value = torch.from_numpy(smooth[None, None]).requires_grad_()
    turn = Turn(0.3, 0.8, False)
    turn.undo(turn.apply(value), 128).sum().backward()
    assert float(value.grad.abs().mean()) > 0.3


def test_half_of_the_turns_are_none() -> None:
    drawn = [draw_turn(np.random.default_rng(i), 1.0) for i in range(400)]
    assert 150 < sum(turn is None for turn in drawn) < 250
    scales = [turn.scale for turn in drawn if turn]
    assert 0.4 <= min(scales) < 0.5
    assert 1.3 < max(scales) <= 1.5
    assert all(draw_turn(np.random.default_rng(i), 0.0) is None for i in range(50))
