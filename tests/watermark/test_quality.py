"""Measures of quality against scikit-image and against their equations in plain numpy."""

from __future__ import annotations

import math
import time

import cv2
import numpy as np
import pytest
from scipy.ndimage import correlate1d
from scipy.signal import convolve2d
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from forensics.errors import UsageError
from forensics.watermark.quality import Quality, gmsd, measure, ms_ssim, psnr, ssim

RGB = np.ndarray


def damaged(photo: RGB, kind: str) -> RGB:
    rng = np.random.default_rng(5)
    if kind == "noise":
        return np.clip(np.rint(photo + rng.normal(0, 6, photo.shape)), 0, 255).astype(np.uint8)
    if kind == "blur":
        return cv2.GaussianBlur(photo, (0, 0), 1.2)
    if kind == "jpeg":
        return cv2.imdecode(cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, 30])[1], -1)
    if kind == "negative":
        return 255 - photo
    return np.clip(photo.astype(int) + 17, 0, 255).astype(np.uint8)


KINDS = ("noise", "blur", "jpeg", "negative", "bright")


def luma(pixels: RGB) -> RGB:
    return cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)


def by_hand_gmsd(first: RGB, second: RGB) -> float:
    """The authors' Matlab code, line by line (conv2 with 'same' and zeros around)."""

    def magnitude(plane: RGB) -> RGB:
        padded = np.pad(plane.astype(float), ((0, 1), (0, 1)))
        mean = (padded[:-1, :-1] + padded[1:, :-1] + padded[:-1, 1:] + padded[1:, 1:]) / 4
        half = mean[::2, ::2]
        prewitt = np.array([[1, 0, -1]] * 3) / 3
        across, down = (convolve2d(half, k, "same") for k in (prewitt, prewitt.T))
        return np.sqrt(across**2 + down**2)

    x, y = magnitude(first), magnitude(second)
    quality = (2 * x * y + 170) / (x**2 + y**2 + 170)
    return float(np.sqrt(((quality - quality.mean()) ** 2).sum() / (quality.size - 1)))


def by_hand_ms_ssim(first: RGB, second: RGB) -> float:
    """Wang 2003, eq. 7, in double precision."""
    taps = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    taps /= taps.sum()

    def mean(plane: RGB) -> RGB:
        return correlate1d(correlate1d(plane, taps, 0), taps, 1)[5:-5, 5:-5]

    x, y = first.astype(float), second.astype(float)
    c1, c2 = 6.5025, 58.5225
    product = 1.0
    for level, weight in enumerate((0.0448, 0.2856, 0.3001, 0.2363, 0.1333)):
        mx, my = mean(x), mean(y)
        vx, vy, cov = mean(x * x) - mx * mx, mean(y * y) - my * my, mean(x * y) - mx * my
        contrast = (2 * cov + c2) / (vx + vy + c2)
        if level == 4:
            contrast = contrast * (2 * mx * my + c1) / (mx**2 + my**2 + c1)
        product *= max(contrast.mean(), 0.0) ** weight
        even = [p[: p.shape[0] // 2 * 2, : p.shape[1] // 2 * 2] for p in (x, y)]
        x, y = ((p[::2, ::2] + p[1::2, ::2] + p[::2, 1::2] + p[1::2, 1::2]) / 4 for p in even)
    return product


@pytest.mark.parametrize("kind", KINDS)
def test_psnr_and_ssim_are_those_of_scikit_image(photo: RGB, kind: str) -> None:
    changed = damaged(photo, kind)
    assert psnr(photo, changed) == pytest.approx(
        peak_signal_noise_ratio(photo, changed, data_range=255), abs=1e-9
    )
    wanted = structural_similarity(
        luma(photo),
        luma(changed),
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=255,
    )
    assert ssim(photo, changed) == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(192, 256), (181, 233), (177, 256)])
def test_gmsd_and_ms_ssim_follow_their_equations(photo: RGB, kind: str, shape: tuple[int, int]) -> None:
    first = np.ascontiguousarray(photo[: shape[0], : shape[1]])
    second = damaged(first, kind)
    assert gmsd(first, second) == pytest.approx(by_hand_gmsd(luma(first), luma(second)), abs=1e-6)
    assert ms_ssim(first, second) == pytest.approx(by_hand_ms_ssim(luma(first), luma(second)), abs=1e-5)


@pytest.mark.slow
def test_strips_make_no_difference(photo: RGB) -> None:
    """A picture of many strips (wide ones have the fewest rows) has the SSIM of scikit-image too."""
    wide = np.tile(photo, (3, 80, 1))
    rng = np.random.default_rng(1)
    changed = np.clip(wide + rng.integers(-9, 10, wide.shape), 0, 255).astype(np.uint8)
    wanted = structural_similarity(
        luma(wide), luma(changed), gaussian_weights=True, use_sample_covariance=False, data_range=255
    )
    found = measure(wide, changed)
    assert found.ssim == pytest.approx(wanted, abs=1e-5)
    assert found.psnr == pytest.approx(peak_signal_noise_ratio(wide, changed, data_range=255), abs=1e-9)


def test_flat_pictures_lose_no_precision() -> None:
    """Squares of grey levels cancel in single precision; a flat bright picture shows it."""
    flat = np.full((64, 64, 3), 250, np.uint8)
    changed = flat.copy()
    changed[::2, ::2] += 1
    wanted = structural_similarity(
        luma(flat), luma(changed), gaussian_weights=True, use_sample_covariance=False, data_range=255
    )
    assert ssim(flat, changed) == pytest.approx(wanted, abs=1e-4)


def test_equal_pictures_are_perfect(photo: RGB) -> None:
    assert measure(photo, photo.copy()) == Quality(math.inf, 1.0, 0.0)
    assert ms_ssim(photo, photo) == pytest.approx(1.0)


def test_more_damage_is_worse(photo: RGB) -> None:
    mild, strong = damaged(photo, "noise"), damaged(damaged(photo, "noise"), "jpeg")
    better, worse = measure(photo, mild), measure(photo, strong)
    assert (better.psnr, better.ssim) > (worse.psnr, worse.ssim)
    assert better.gmsd < worse.gmsd
    assert measure(mild, photo).gmsd == pytest.approx(better.gmsd)  # symmetric


@pytest.mark.parametrize(
    "pair",
    [
        (np.zeros((20, 20, 3), np.uint8), np.zeros((20, 21, 3), np.uint8)),
        (np.zeros((20, 20, 3), np.uint8), np.zeros((20, 20, 3), np.float32)),
        (np.zeros((20, 20), np.uint8), np.zeros((20, 20), np.uint8)),
        (np.zeros((10, 20, 3), np.uint8), np.zeros((10, 20, 3), np.uint8)),
        (np.zeros((0, 0, 3), np.uint8), np.zeros((0, 0, 3), np.uint8)),
        (None, np.zeros((20, 20, 3), np.uint8)),
    ],
)
@pytest.mark.parametrize("function", [measure, psnr, ssim, gmsd, ms_ssim])
def test_what_cannot_be_compared_is_named(function, pair) -> None:
    with pytest.raises(UsageError) as caught:
        function(*pair)
    assert caught.value.expected


def test_ms_ssim_needs_room_for_five_scales(photo: RGB) -> None:
    small = np.ascontiguousarray(photo[:175])
    with pytest.raises(UsageError, match="compared"):
        ms_ssim(small, small)


@pytest.mark.slow
def test_twelve_megapixels_take_about_a_second() -> None:
    rng = np.random.default_rng(0)
    first = rng.integers(0, 256, (3000, 4000, 3), np.uint8)
    second = first ^ 1
    began = time.process_time()
    ssim(first, second)
    assert time.process_time() - began < 3.0  # of all threads together, on a busy machine
