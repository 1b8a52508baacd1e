from __future__ import annotations

import numpy as np
import pytest
from scipy import signal
from skimage import restoration

from forensics.media.types import Pixels
from forensics.watermark.attacks import parse_attack
from forensics.watermark.attacks.pictures import wiener


@pytest.mark.parametrize("size", [3, 5, 9])
def test_wiener_is_that_of_scipy(photo: Pixels, size: int) -> None:
    values = photo[..., 0].astype(np.float32)
    inside = np.s_[size:-size, size:-size]
    theirs = signal.wiener(values.astype(float), size, noise=60.0)
    assert wiener(values, size, 60.0)[inside] == pytest.approx(theirs[inside], abs=0.02)


def test_wiener_takes_the_noise_of_the_picture_where_none_is_given(photo: Pixels) -> None:
    values = photo[..., 0].astype(np.float32)
    mean = float(np.var(np.lib.stride_tricks.sliding_window_view(values, (5, 5)), axis=(2, 3)).mean())
    assert wiener(values)[5:-5, 5:-5] == pytest.approx(wiener(values, 5, mean)[5:-5, 5:-5], abs=1.0)


@pytest.mark.parametrize("method", ["bilateral", "nlm", "wiener"])
def test_denoising_brings_the_clean_picture_closer(photo: Pixels, method: str) -> None:
    clean = parse_attack("blur:2")(photo)
    noisy = parse_attack("noise:10")(clean, seed=1)
    result = parse_attack(f"denoise:10,method={method}")(noisy)
    before, after = (np.mean((x.astype(float) - clean) ** 2) for x in (noisy, result))
    assert after < 0.6 * before


def test_non_local_means_is_near_that_of_skimage(photo: Pixels) -> None:
    noisy = parse_attack("blur:2+noise:10")(photo, seed=1)
    theirs = restoration.denoise_nl_means(
        noisy, patch_size=7, patch_distance=10, h=10, channel_axis=2, preserve_range=True
    )
    ours = parse_attack("denoise:10,method=nlm")(noisy)
    changes = [(x.astype(float) - noisy).ravel() for x in (ours, theirs)]
    assert np.corrcoef(*changes)[0, 1] > 0.6


def test_regeneration_leaves_the_scene_and_takes_the_detail(photo: Pixels) -> None:
    result = parse_attack("regen_lite")(photo)
    low = [parse_attack("blur:6")(x).astype(float) for x in (photo, result)]
    assert np.abs(low[0] - low[1]).mean() < 2
    detail = [(x - parse_attack("blur:2")(x).astype(float)).std() for x in (photo, result)]
    assert detail[1] < 0.4 * detail[0]
