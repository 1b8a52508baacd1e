from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from skimage import measure

from forensics.media.types import Pixels
from forensics.watermark.attacks import parse_attack

GREY = np.full((200, 300, 3), 128, np.uint8)


def difference(first: Pixels, second: Pixels, margin: int) -> float:
    inside = np.s_[margin:-margin, margin:-margin]
    return float(np.abs(first[inside].astype(float) - second[inside]).max())


@pytest.mark.parametrize("sigma", [2, 8, 25])
def test_noise_has_its_deviation(sigma: float) -> None:
    added = parse_attack(f"noise:{sigma}")(GREY, seed=1) - 128.0
    assert added.mean() == pytest.approx(0, abs=0.2)
    assert added.std() == pytest.approx(np.hypot(sigma, 12**-0.5), rel=0.01)


def test_speckle_grows_with_the_value() -> None:
    deviations = [parse_attack("speckle:0.1")(np.full_like(GREY, v), seed=1).std() for v in (40, 80, 160)]
    assert deviations == pytest.approx([4, 8, 16], rel=0.03)


def test_salt_and_pepper_takes_whole_pixels() -> None:
    result = parse_attack("salt_pepper:0.1")(GREY, seed=1)
    assert (result == 0).all(axis=2).mean() == pytest.approx(0.05, abs=0.005)
    assert (result == 255).all(axis=2).mean() == pytest.approx(0.05, abs=0.005)
    assert (result == 128).all(axis=2).mean() == pytest.approx(0.9, abs=0.007)


@pytest.mark.parametrize("sigma", [0.5, 1, 4, 10])
def test_blur_is_that_of_scipy(photo: Pixels, sigma: float) -> None:
    theirs = ndimage.gaussian_filter(photo.astype(float), (sigma, sigma, 0))
    assert difference(parse_attack(f"blur:{sigma}")(photo), theirs, 45) <= 1


@pytest.mark.parametrize("size", [3, 5, 9, 17])
def test_median_and_box_are_those_of_scipy(photo: Pixels, size: int) -> None:
    window = (size, size, 1)
    assert difference(parse_attack(f"median:{size}")(photo), ndimage.median_filter(photo, window), size) == 0
    theirs = ndimage.uniform_filter(photo.astype(float), window)
    assert difference(parse_attack(f"box:{size}")(photo), theirs, size) <= 0.51


@pytest.mark.parametrize("block", [2, 5, 16])
def test_pixelate_takes_means_of_blocks(photo: Pixels, block: int) -> None:
    rows, columns = 192 // block, 256 // block
    part = photo[: rows * block, : columns * block]
    means = measure.block_reduce(part.astype(float), (block, block, 1), np.mean)
    expected = means.repeat(block, axis=0).repeat(block, axis=1)
    result = parse_attack(f"pixelate:{block}")(photo)
    assert result.shape == photo.shape
    assert np.abs(result[: rows * block, : columns * block] - expected).max() <= 0.51


def test_defocus_spreads_a_point_over_a_disc() -> None:
    point = np.zeros((61, 61, 3), np.uint8)
    point[28:33, 28:33] = 255
    disc = parse_attack("defocus:8")(point)[..., 0].astype(float)
    rows, columns = np.indices((61, 61)) - 30
    distance = np.hypot(rows, columns)
    assert disc[distance > 13].max() == 0
    assert disc[distance < 4] == pytest.approx(25 * 255 / (np.pi * 8.0**2), rel=0.06)
    assert disc.sum() == pytest.approx(25 * 255, rel=0.03)


@pytest.mark.parametrize(("angle", "slope"), [(0, 0), (90, np.inf), (45, 1), (-45, -1)])
def test_motion_spreads_a_point_along_a_line(angle: float, slope: float) -> None:
    point = np.zeros((61, 61, 3), np.uint8)
    point[30, 30] = 255
    line = parse_attack(f"motion:15,angle={angle}")(point)[..., 0]
    rows, columns = np.nonzero(line)
    length = np.hypot(np.ptp(rows), np.ptp(columns))
    assert length == pytest.approx(15, abs=2.1)
    up, right = 30 - rows, columns - 30
    assert (right == 0).all() if np.isinf(slope) else np.allclose(up, slope * right)
    assert int(line.sum()) == pytest.approx(255, abs=12)


@pytest.mark.parametrize("bits", [1, 3, 7])
def test_bit_depth_has_evenly_spaced_levels(photo: Pixels, bits: int) -> None:
    levels = np.linspace(0, 255, 2**bits)
    result = parse_attack(f"bit_depth:{bits}")(photo)
    least = np.abs(np.arange(256)[:, None] - levels).min(axis=1)[photo]
    assert set(np.unique(result)) <= set(np.rint(levels))
    assert (np.abs(result.astype(float) - photo) <= least + 0.5).all()
