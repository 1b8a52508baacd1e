"""Codes of parts at places, against codes of whole pictures made in the usual way."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from forensics.datasets.procedural import camera
from forensics.errors import UsageError
from forensics.fingerprints import Fingerprint, fingerprint
from forensics.fingerprints.placed import placed_codes, placed_distances


def square(seed: int) -> np.ndarray:
    grey = cv2.cvtColor(camera(seed, 256, 256), cv2.COLOR_RGB2GRAY).astype(np.float32)
    return grey


def whole(grey: np.ndarray) -> Fingerprint:
    pixels = np.repeat(np.rint(grey).astype(np.uint8)[..., None], 3, axis=2)
    return fingerprint(pixels)


def test_the_whole_in_its_place_has_the_code_of_the_picture() -> None:
    grey = square(1)
    codes = placed_codes(grey - grey.mean(), (0,), (0,))
    assert codes.shape == (1, 1, 4, 32)
    assert placed_distances(codes, whole(grey))[0, 0] == 0
    assert placed_distances(codes, whole(square(2)))[0, 0] > 90


def test_a_part_is_what_the_picture_would_be_with_grey_around_it() -> None:
    grey = square(3)
    part = grey[40:200, 90:250] - grey[40:200, 90:250].mean()
    rows, columns = (20, 40), (80, 90, 96)
    codes = placed_codes(part, rows, columns)
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            canvas = np.full((256, 256), 128, np.float32)
            canvas[row : row + 160, column : column + 160] = part + 128
            expected = whole(np.clip(canvas, 0, 255))
            assert placed_distances(codes, expected)[i, j] <= 6  # rounded and clipped
    own = placed_distances(codes, whole(grey))
    assert np.unravel_index(own.argmin(), own.shape) == (1, 1)
    assert own.min() < 85


def test_what_reaches_beyond_the_picture_is_cut_off() -> None:
    grey = square(4)
    around = np.pad(grey, 30, mode="reflect")
    codes = placed_codes(around - grey.mean(), (-30, -400, 300), (-30,))
    assert placed_distances(codes, whole(grey))[0, 0] == 0
    assert not codes[1:].any()  # nothing is left of it


def test_only_codes_of_this_kind_are_compared() -> None:
    codes = placed_codes(np.zeros((256, 256), np.float32), (0,), (0,))
    with pytest.raises(UsageError, match="dct"):
        placed_distances(codes, Fingerprint("pdq", bytes(32), 1.0))
