"""Buckets of quality: names, nesting, and what files are in."""

from __future__ import annotations

import io
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from forensics.detectors import buckets
from forensics.detectors.buckets import (
    ALL,
    Quality,
    bucket_names,
    is_soft,
    nearest,
    quality_of,
    was_resampled,
)
from forensics.media import open_bytes

Pixels = npt.NDArray[np.uint8]


def encoded(pixels: Pixels, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("quality", "name"),
    [
        (Quality("jpeg", 74, 10), "jpeg.low.small"),
        (Quality("jpeg", 75, 250_000), "jpeg.middle.medium"),
        (Quality("jpeg", 90, 2_000_000, resampled=True), "jpeg.high.large.resampled"),
        (Quality("jpeg", 90, 2_000_000, resampled=True, soft=False), "jpeg.high.large.resampled.crisp"),
        (Quality("lossy", None, 9, soft=True), "lossy.small.soft"),
        (Quality("lossless", None, 999_999, resampled=False), "lossless.medium.native"),
    ],
)
def test_names(quality: Quality, name: str) -> None:
    names = bucket_names(quality)
    assert names[0] == ALL
    assert names[-1] == name
    assert all(longer.startswith(shorter) for shorter, longer in pairwise(names[1:]))


def test_nearest_more_general_bucket_stands_in() -> None:
    good = Quality("jpeg", 95, 3_000_000)
    assert nearest(good, ["all", "jpeg", "jpeg.low", "lossless"]) == "jpeg"
    assert nearest(good, ["all", "lossless"]) == "all"
    assert nearest(good, ["jpeg.high.large", "all"]) == "jpeg.high.large"
    assert nearest(good, []) is None


@pytest.mark.parametrize(
    ("kind", "options", "expected"),
    [
        ("JPEG", {"quality": 92}, Quality("jpeg", 92, 192 * 256, soft=False)),
        ("PNG", {}, Quality("lossless", None, 192 * 256, soft=False)),
        ("WEBP", {"lossless": True}, Quality("lossless", None, 192 * 256, soft=False)),
        ("WEBP", {"quality": 80}, Quality("lossy", None, 192 * 256, soft=False)),
    ],
)
def test_quality_of_files(photo: Pixels, kind: str, options: dict[str, object], expected: Quality) -> None:
    assert quality_of(open_bytes(encoded(photo, kind, **options))) == expected


def test_interpolation_is_seen_and_too_little_texture_is_said() -> None:
    rng = np.random.default_rng(1)
    native = np.clip(rng.normal(128, 30, (768, 768)), 0, 255).astype(np.uint8)
    larger = np.asarray(Image.fromarray(native).resize((1000, 1000), Image.Resampling.BILINEAR))
    assert was_resampled(native) is False
    assert was_resampled(larger) is True
    assert was_resampled(np.full((768, 768), 90, np.uint8)) is None
    colour = np.repeat(larger[..., None], 3, axis=2)
    media = open_bytes(encoded(colour, "PNG", compress_level=1))
    assert bucket_names(quality_of(media, resampling=True))[-1] == "lossless.medium.resampled.crisp"


@pytest.mark.parametrize("side", [64, 1400])
def test_noise_and_edges_are_crisp_and_what_was_blurred_is_soft(side: int) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (side, side), np.uint8)
    assert is_soft(noise) is False
    assert is_soft(cv2.GaussianBlur(noise, (0, 0), 0.5)) is False
    assert is_soft(cv2.GaussianBlur(noise, (0, 0), 1.5)) is True
    assert is_soft(cv2.resize(noise, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)) is True
    assert is_soft(np.full((side, side), 7, np.uint8)) is None


def test_softness_is_the_ratio_of_steps() -> None:
    """White noise steps as far over one pixel as over two; a ramp twice as far over two."""
    ramp = np.tile(np.arange(250, dtype=np.uint8), (250, 1))
    assert is_soft(ramp) is True


def test_tiny_pictures_have_no_softness() -> None:
    assert is_soft(np.zeros((1, 1), np.uint8)) is None
    assert is_soft(np.array([[0, 255]], np.uint8)) is None


def test_softness_is_looked_for_once_in_a_file(photo: Pixels, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []
    monkeypatch.setattr(buckets, "is_soft", lambda luma: looked.append(luma.shape))
    for media in (open_bytes(encoded(photo, "PNG")), open_bytes(encoded(photo[:64], "PNG"))):
        assert [quality_of(media).soft for _ in range(3)] == [None] * 3
    assert looked == [(192, 256), (64, 256)]
