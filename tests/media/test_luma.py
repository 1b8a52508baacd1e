"""The luminance plane: what the JPEG decoder holds, shown by its quantisation, and Rec. 601 elsewhere."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image
from scipy.fft import dctn

from forensics.media import open_bytes
from forensics.media.quant import STANDARD_LUMA, ijg_table

from .helpers import encode


def test_luma_of_other_formats_is_rec_601(photo):
    luma = open_bytes(encode(photo, "png")).luma
    expected = photo @ np.array([0.299, 0.587, 0.114])  # ITU-R BT.601-7
    assert np.abs(luma - expected).max() <= 0.51


def quantised_error(luma, table):
    """Mean distance from whole quantisation steps, over coefficients whose step exceeds rounding noise."""
    height, width = (side // 8 * 8 for side in luma.shape)
    blocks = luma[:height, :width].reshape(height // 8, 8, width // 8, 8).swapaxes(1, 2).reshape(-1, 8, 8)
    inside = (blocks.min((1, 2)) > 0) & (blocks.max((1, 2)) < 255)
    coefficients = dctn(blocks[inside].astype(float) - 128, axes=(1, 2), norm="ortho")
    steps = np.reshape(table, (8, 8))
    distance = np.abs(coefficients / steps - np.rint(coefficients / steps))
    return distance[:, steps >= 8].mean()


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
def test_luma_still_shows_the_quantisation(photo, subsampling, progressive):
    data = encode(photo, "jpeg", quality=60, subsampling=subsampling, progressive=progressive)
    media = open_bytes(data)
    with Image.open(io.BytesIO(data)) as reference:
        reference.draft("YCbCr", None)
        assert np.array_equal(media.luma, np.asarray(reference)[..., 0])
    table = ijg_table(STANDARD_LUMA, 60)
    error = quantised_error(media.luma, table)
    assert error < 0.03
    assert quantised_error(open_bytes(encode(photo, "png")).luma, table) > 3 * error
    if subsampling != "4:4:4":  # the detour over RGB loses it
        assert quantised_error(open_bytes(encode(media.pixels, "png")).luma, table) > error


def test_luma_of_a_grey_jpeg(photo):
    media = open_bytes(encode(photo[..., 1], "jpeg", quality=60))
    assert media.image.mode == "grey"
    assert np.array_equal(media.luma, media.pixels[..., 0])
    assert quantised_error(media.luma, ijg_table(STANDARD_LUMA, 60)) < 0.03


def test_luma_of_an_rgb_jpeg(photo):
    data = encode(photo, "jpeg", quality=95, keep_rgb=True)
    media = open_bytes(data)
    assert media.jpeg.adobe_transform == 0
    assert np.abs(media.pixels.astype(int) - photo).mean() < 4
    assert np.abs(media.luma - media.pixels @ np.array([0.299, 0.587, 0.114])).max() <= 1


def test_cmyk_jpeg(photo):
    data = encode(photo, "jpeg", mode="CMYK", quality=95)
    media = open_bytes(data)
    assert media.image.mode == "cmyk"
    assert np.abs(media.pixels.astype(int) - photo).mean() < 3
    assert np.abs(media.luma - media.pixels @ np.array([0.299, 0.587, 0.114])).max() <= 1


def test_luma_of_a_ycck_jpeg(photo):
    """The stored first plane, seen by reading the same planes as plain CMYK."""
    plain = encode(photo, "jpeg", mode="CMYK", quality=60, subsampling="4:4:4")
    at = plain.index(b"Adobe") + 11
    media = open_bytes(plain[:at] + b"\x02" + plain[at + 1 :])
    assert media.jpeg.adobe_transform == 2
    with Image.open(io.BytesIO(plain)) as planes:
        assert np.array_equal(media.luma, 255 - np.asarray(planes)[..., 0])
    assert media.pixels.shape == photo.shape


def test_agrees_with_opencv(photo):
    data = encode(photo, "jpeg", quality=80)
    flags = cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION
    grey = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    assert np.abs(open_bytes(data).luma.astype(int) - grey).max() <= 1
