"""Procedural pictures: the same seed gives the same bytes, and the traces are where they should be."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from forensics.datasets import procedural
from forensics.errors import UsageError


def test_same_seed_gives_the_same_bytes_and_another_seed_does_not() -> None:
    first = procedural.camera(3, 96, 128)
    assert first.tobytes() == procedural.camera(3, 96, 128).tobytes()
    assert first.tobytes() != procedural.camera(4, 96, 128).tobytes()


def test_a_picture_of_the_corpus_does_not_depend_on_its_size() -> None:
    few = [p.tobytes() for p in procedural.corpus(1, 2, 64, 64)]
    more = [p.tobytes() for p in procedural.corpus(1, 4, 64, 64)]
    assert more[:2] == few
    assert len(set(more)) == 4


@pytest.mark.parametrize("make", [procedural.gradient, procedural.dead_leaves])
@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (33, 64)])
def test_scenes_are_in_range(make: object, shape: tuple[int, int]) -> None:
    scene = make(0, *shape)  # type: ignore[operator]
    assert scene.shape == (*shape, 3)
    assert scene.dtype == np.float32
    assert 0 <= scene.min() <= scene.max() <= 1


@pytest.mark.parametrize("shape", [(1, 1), (1, 8), (8, 1)])
def test_a_camera_of_one_row_sees_only_the_colours_of_its_sites(shape: tuple[int, int]) -> None:
    """What no site measures is black: a quotient of nothing by nothing was made a number before."""
    config = procedural.CameraConfig(pattern=(0, 0), sharpen=0.0)
    picture = procedural.camera(0, *shape, config)
    assert picture.shape == (*shape, 3)
    assert picture[..., 0].min() > 0
    assert (picture[..., 2] == 0).all()


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.0])
def test_coloured_noise_has_the_slope_it_is_asked_for(exponent: float) -> None:
    noise = procedural.coloured_noise(0, 256, 256, exponent)
    assert noise.mean() == pytest.approx(0, abs=1e-4)
    assert noise.std() == pytest.approx(1, rel=1e-3)
    power = np.abs(np.fft.fft2(noise)) ** 2
    radius = np.hypot(np.fft.fftfreq(256)[:, None], np.fft.fftfreq(256)[None, :])
    used = (radius > 0.02) & (radius < 0.4)
    slope = np.polyfit(np.log(radius[used]), np.log(power[used]), 1)[0]
    assert slope == pytest.approx(-2 * exponent, abs=0.1)


def test_demosaicing_keeps_the_samples_and_fills_in_means() -> None:
    rng = np.random.default_rng(0)
    scene = rng.random((12, 14, 3), dtype=np.float32)
    for pattern in ((0, 0), (0, 1), (1, 0), (1, 1)):
        mosaic = procedural.bayer_mosaic(scene, pattern)
        full = procedural.demosaic_bilinear(mosaic, pattern)
        row, column = pattern
        assert np.array_equal(full[row::2, column::2, 0], scene[row::2, column::2, 0])
        assert np.array_equal(full[1 - row :: 2, 1 - column :: 2, 2], scene[1 - row :: 2, 1 - column :: 2, 2])
        y, x = 4 + row, 4 + column  # a red site inside: green is the mean of its four neighbours
        four = [scene[y - 1, x, 1], scene[y + 1, x, 1], scene[y, x - 1, 1], scene[y, x + 1, 1]]
        assert full[y, x, 1] == pytest.approx(np.mean(four), rel=1e-5)
        corners = [scene[y + i, x + j, 2] for i in (-1, 1) for j in (-1, 1)]
        assert full[y, x, 2] == pytest.approx(np.mean(corners), rel=1e-5)


def test_a_constant_scene_survives_the_mosaic() -> None:
    scene = np.full((8, 8, 3), 0.25, dtype=np.float32)
    assert procedural.demosaic_bilinear(procedural.bayer_mosaic(scene)) == pytest.approx(0.25)


def test_noise_follows_the_signal() -> None:
    noisy = procedural.CameraConfig(shot=4e-3, read=0.0, sharpen=0.0, blur=False)
    quiet = procedural.CameraConfig(shot=0.0, read=0.0, sharpen=0.0, blur=False)
    difference = procedural.camera(5, 128, 128, noisy).astype(float) - procedural.camera(5, 128, 128, quiet)
    assert difference.std() > 1
    assert procedural.camera(5, 128, 128, quiet).tobytes() == procedural.camera(5, 128, 128, quiet).tobytes()


@pytest.mark.parametrize(
    ("codec", "name"), [("png", "PNG"), ("jpeg", "JPEG"), ("webp", "WEBP"), ("avif", "AVIF")]
)
def test_encode(codec: str, name: str) -> None:
    picture = procedural.camera(1, 64, 80)
    with Image.open(io.BytesIO(procedural.encode(picture, codec, 90))) as image:
        assert image.format == name
        assert image.size == (80, 64)
        decoded = np.asarray(image.convert("RGB")).astype(float)
    assert np.abs(decoded - picture).mean() < (1e-9 if codec == "png" else 25)


def test_quality_changes_the_file() -> None:
    picture = procedural.camera(1, 64, 80)
    sizes = [len(procedural.encode(picture, "jpeg", q)) for q in (70, 80, 90, 95)]
    assert sizes == sorted(set(sizes))


def test_refusals() -> None:
    with pytest.raises(UsageError, match="at least one pixel"):
        procedural.camera(0, 0, 10)
    with pytest.raises(UsageError, match="no codec"):
        procedural.encode(np.zeros((2, 2, 3), np.uint8), "gif")
