"""Given pictures: changed, taken to noise and made of it again, with denoisers whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from forensics.errors import UsageError
from forensics.generators.pipelines.base import Request
from forensics.generators.pipelines.denoising import Denoising, DenoisingSettings
from forensics.generators.pipelines.recipe import Recipe
from forensics.generators.sampling.base import last
from forensics.generators.sampling.diffusion import ddim, invert
from forensics.generators.sampling.paths import PATHS
from forensics.generators.sampling.targets import denoiser
from forensics.generators.sampling.times import reversed_times, uniform

from .test_denoising import DEVIATION, SHAPE, Gaussian, recipe


def pictures(count: int = 5) -> np.ndarray:
    return np.random.default_rng(6).integers(90, 200, (count, 4, 4, 3)).astype(np.uint8)


def errors(pipeline: Denoising, given: np.ndarray, steps: int) -> np.ndarray:
    request = Request(steps=steps, batch=2)
    found = pipeline.reconstruct(pipeline.invert(given, request), request)
    assert found.shape == (len(given), *SHAPE)
    return np.abs(np.moveaxis(found, 1, -1) - given / 255.0)


@pytest.mark.parametrize("path", ["linear", "cosine"])
def test_pictures_come_back_from_their_noise(path: str) -> None:
    pipeline = Denoising(recipe(path), Gaussian(path))
    far = [errors(pipeline, pictures(), steps).mean() for steps in (10, 50, 400)]
    assert far[2] < far[1] < far[0]
    assert far[2] < 0.005


def test_inversion_is_that_of_the_sampler() -> None:
    network, path = Gaussian("linear"), PATHS["linear"]
    pipeline, given = Denoising(recipe(), network), pictures(3)
    found = pipeline.invert(given, Request(steps=8))
    x = np.moveaxis(given, -1, 1) / 127.5 - 1.0
    denoise = denoiser(lambda z, t: network(z.astype(np.float32), np.full(3, t, np.float32)), "x", path)
    z = last(invert(denoise, x, reversed_times(uniform(8), 1 / 16), path))
    np.testing.assert_allclose(found, z, atol=1e-4)
    again = last(ddim(denoise, z, uniform(8), path))
    np.testing.assert_allclose(pipeline.reconstruct(found, Request(steps=8)), (again + 1) / 2, atol=1e-4)


def test_likely_pictures_have_likely_noise() -> None:
    """Those that a model draws: each goes back to noise of size one."""
    pipeline = Denoising(recipe(), Gaussian("linear"))
    drawn = np.stack(list(pipeline.sample(Request(60, steps=60, batch=60))))
    noise = pipeline.invert(drawn, Request(steps=100, batch=60))
    assert noise.mean() == pytest.approx(0, abs=0.1)
    assert noise.std() == pytest.approx(1, abs=0.12)


def test_more_strength_changes_more_and_none_nothing() -> None:
    pipeline, given = Denoising(recipe(), Gaussian("linear")), pictures(1)[0]
    request = Request(30, seed=3, steps=20)
    far = []
    for strength in (0.0, 0.3, 0.6, 1.0):
        found = np.stack(list(pipeline.edit(given, request, strength))).astype(float)
        far.append(np.abs(found - given).mean())
    assert far[0] == 0
    assert far == sorted(far)
    assert found.std() / 127.5 == pytest.approx(DEVIATION, rel=0.15)  # nothing is left of the picture
    many = list(pipeline.edit(given, request, 0.5))
    few = list(pipeline.edit(given, Request(2, seed=3, steps=20, batch=1), 0.5))
    np.testing.assert_array_equal(few, many[:2])


@pytest.mark.parametrize("sampler", ["ancestral", "dpmpp_2m", "edm", "rk45"])
def test_all_samplers_change_pictures(sampler: str) -> None:
    pipeline = Denoising(recipe(), Gaussian("linear"))
    found = list(pipeline.edit(pictures(1)[0], Request(2, steps=6, sampler=sampler), 0.5))
    assert [picture.shape for picture in found] == [(4, 4, 3)] * 2


def test_latents_need_an_encoder() -> None:
    def decode(z: np.ndarray) -> np.ndarray:
        return np.repeat(np.repeat(0.5 + z[:, :3] / 4, 2, axis=2), 2, axis=3)

    def encode(x: np.ndarray) -> np.ndarray:
        assert x.dtype == np.float32
        assert 0 <= x.min() <= x.max() <= 1
        return 4 * (x[:, :, ::2, ::2] - 0.5)

    described = Recipe("flow", SHAPE, settings=vars(DenoisingSettings()))
    pipeline = Denoising(described, Gaussian("linear"), decode, encode)
    assert pipeline.size == (8, 8)
    given = np.repeat(np.repeat(pictures(2), 2, axis=1), 2, axis=2)
    noise = pipeline.invert(given, Request(steps=200))
    assert noise.shape == (2, *SHAPE)
    back = np.moveaxis(pipeline.reconstruct(noise, Request(steps=200)), 1, -1)
    np.testing.assert_allclose(back, given / 255.0, atol=0.02)
    with pytest.raises(UsageError, match="no encoder"):
        Denoising(described, Gaussian("linear"), decode).invert(given, Request())


def test_what_cannot_be_done_is_said() -> None:
    pipeline = Denoising(recipe(), Gaussian("linear"))
    large = np.zeros((1, 8, 4, 3), np.uint8)
    with pytest.raises(UsageError, match="pictures of 4 x 4"):
        pipeline.invert(large, Request())
    with pytest.raises(UsageError, match="pictures of 4 x 4"):
        next(pipeline.edit(large[0], Request(), 0.5))
    with pytest.raises(UsageError, match="strength"):
        next(pipeline.edit(pictures(1)[0], Request(), 1.5))
    student = Denoising(recipe(sampler="consistency"), Gaussian("linear"))
    with pytest.raises(UsageError, match="no way back"):
        student.invert(pictures(), Request())
