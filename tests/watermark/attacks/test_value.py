from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageEnhance
from skimage import color, exposure

from forensics.media.types import Pixels
from forensics.watermark.attacks import parse_attack

ENHANCERS = {
    "brightness": ImageEnhance.Brightness,
    "contrast": ImageEnhance.Contrast,
    "saturation": ImageEnhance.Color,
    "sharpness": ImageEnhance.Sharpness,
}


def difference(first: Pixels, second: Pixels) -> int:
    return int(np.abs(first.astype(int) - second).max())


@pytest.mark.parametrize("factor", [0, 0.1, 0.5, 1.5, 2, 3])
@pytest.mark.parametrize("name", ENHANCERS)
def test_factor_means_what_pillow_means(photo: Pixels, name: str, factor: float) -> None:
    theirs = np.asarray(ENHANCERS[name](Image.fromarray(photo)).enhance(factor))
    ours = parse_attack(f"{name}:{factor}")(photo)
    inside = np.s_[1:-1, 1:-1]  # Pillow leaves the outermost pixels unsharpened
    assert difference(ours[inside], theirs[inside]) <= 1 + round(factor)


@pytest.mark.parametrize("exponent", [0.4, 2.2])
def test_gamma_is_that_of_skimage(photo: Pixels, exponent: float) -> None:
    theirs = exposure.adjust_gamma(photo, exponent)
    assert difference(parse_attack(f"gamma:{exponent}")(photo), theirs) <= 1


@pytest.mark.parametrize("turn", [-0.4, 0.1, 0.25, 0.5])
def test_hue_is_that_of_skimage(photo: Pixels, turn: float) -> None:
    hsv = color.rgb2hsv(photo)
    hsv[..., 0] = (hsv[..., 0] + turn) % 1
    theirs = np.rint(255 * color.hsv2rgb(hsv)).astype(np.uint8)
    assert difference(parse_attack(f"hue:{turn}")(photo), theirs) <= 1


def test_grey_is_that_of_pillow(photo: Pixels) -> None:
    ours = parse_attack("grey")(photo)
    theirs = np.asarray(Image.fromarray(photo).convert("L"))
    assert all(difference(ours[..., c], theirs) <= 1 for c in range(3))


def test_equalise_flattens_the_histogram(photo: Pixels) -> None:
    ours = parse_attack("equalise")(photo[..., :].copy())
    for channel in range(3):
        theirs = 255 * exposure.equalize_hist(photo[..., channel])
        assert np.abs(ours[..., channel] - theirs).mean() < 3
    flat = np.full((32, 32, 3), 77, np.uint8)
    assert np.array_equal(parse_attack("equalise")(flat), flat)


def test_autocontrast_is_that_of_skimage(photo: Pixels) -> None:
    ours = parse_attack("autocontrast:2")(photo)
    for channel in range(3):
        low, high = np.percentile(photo[..., channel], (2, 98))
        theirs = exposure.rescale_intensity(photo[..., channel], in_range=(low, high), out_range=(0, 255))
        assert np.abs(ours[..., channel].astype(float) - theirs).mean() < 2


@pytest.mark.parametrize("bits", range(1, 9))
def test_posterise_keeps_the_high_bits(photo: Pixels, bits: int) -> None:
    dropped = 8 - bits
    assert np.array_equal(parse_attack(f"posterise:{bits}")(photo), photo >> dropped << dropped)


def test_white_balance_is_one_gain_a_channel() -> None:
    pixels = np.full((20, 20, 3), (100, 120, 200), np.uint8)
    assert parse_attack("white_balance:0.1")(pixels)[3, 4].tolist() == [110, 120, 180]
    assert parse_attack("white_balance:-0.5")(pixels)[3, 4].tolist() == [50, 120, 255]


def test_invert(photo: Pixels) -> None:
    assert np.array_equal(parse_attack("invert")(photo), 255 - photo)
