"""What networks are shown of a picture, against plain NumPy and Pillow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from forensics.detectors.own.preparing import inputs_of, shown
from forensics.detectors.own.settings import InputSettings


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    rng = np.random.default_rng(5)
    coarse = Image.fromarray(rng.integers(0, 256, (30, 41, 3), dtype=np.uint8))
    return np.asarray(coarse.resize((410, 300), Image.Resampling.BICUBIC))


def how(**values: Any) -> InputSettings:
    return InputSettings(**values)


def test_tiles_and_centre_are_pixels_of_the_picture(picture: np.ndarray) -> None:
    for settings in (how(size="tile", side=64, tiles=5), how(size="centre", side=100)):
        found = shown(picture, settings)
        assert found.corners is not None
        for piece, (y, x) in zip(found.pixels, found.corners, strict=True):
            assert (piece == picture[y : y + len(piece), x : x + len(piece)]).all()
    assert found.corners.tolist() == [[100, 155]]


def test_whole_pictures_are_cut_to_multiples(picture: np.ndarray) -> None:
    assert (shown(picture, how(size="native", multiple=32)).pixels[0] == picture[:288, :384]).all()
    assert "more than 1000 pixels" in shown(picture, how(size="native", most_pixels=1000)).reason
    assert "less than 512" in shown(picture, how(size="native", multiple=512)).reason


def test_pictures_that_are_too_small_say_so(picture: np.ndarray) -> None:
    for size in ("tile", "centre"):
        found = shown(picture, how(size=size, side=512))
        assert not len(found.pixels)
        assert "512 x 512" in found.reason


def test_scaling_is_that_of_pillow(picture: np.ndarray) -> None:
    found = shown(picture, how(size="resize", side=96, resample="bicubic")).pixels[0]
    expected = Image.fromarray(picture).resize((96, 96), Image.Resampling.BICUBIC)
    assert (found == np.asarray(expected)).all()


def test_shorter_side_and_centre_are_those_of_two_steps(picture: np.ndarray) -> None:
    found = shown(picture, how(size="shorter", shorter=256, side=224)).pixels[0]
    scaled = Image.fromarray(picture).resize((round(410 * 256 / 300), 256), Image.Resampling.BILINEAR)
    left = (scaled.width - 224) // 2
    expected = np.asarray(scaled.crop((left, 16, left + 224, 240)), float)
    assert np.abs(found - expected).mean() < 1.5  # a crop at half a pixel


def test_moments_order_and_layout(picture: np.ndarray) -> None:
    pieces = picture[None, :10, :20]
    settings = how(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])
    found = inputs_of(pieces, settings)
    expected = (pieces[0] / 255.0 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    assert found.shape == (1, 3, 10, 20)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[0].transpose(1, 2, 0), expected, atol=1e-5)
    turned = inputs_of(pieces, how(colours="bgr", layout="nhwc", range=255))
    np.testing.assert_array_equal(turned[0], pieces[0][..., ::-1])
    half = inputs_of(pieces, how(), "float16")
    assert half.dtype == np.float16
    grey = inputs_of(pieces, how(colours="grey", range=255), "uint8")
    by_pillow = np.asarray(Image.fromarray(pieces[0]).convert("L"), float)
    assert np.abs(grey[0, 0] - by_pillow).max() <= 1
