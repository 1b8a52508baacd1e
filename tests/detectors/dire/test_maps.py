"""Maps of what a diffusion model does not give back."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from forensics.detectors.dire.features import GAIN, bundled_model, dire_features
from forensics.detectors.dire.maps import MAPS, Settings, dire_maps, latent_maps, step_maps
from forensics.errors import ModelError, UsageError
from forensics.generators.sampling.paths import PATHS

Floats = npt.NDArray[np.float32]


def planes(pictures: npt.NDArray[np.uint8]) -> Floats:
    return np.asarray(np.moveaxis(pictures / np.float32(255), -1, 1), np.float32)


class Forgetting:
    """A model in pixels that gives back a quarter less."""

    path = PATHS["linear"]
    recipe = SimpleNamespace(shape=(3, 16, 16))

    def __init__(self) -> None:
        self.asked: list[tuple[int, float]] = []

    def invert(self, pictures: npt.NDArray[np.uint8], request: Any) -> Floats:
        self.asked.append((len(pictures), request.steps))
        return planes(pictures)

    def reconstruct(self, noise: Floats, request: Any) -> Floats:
        return 0.75 * noise

    def encode(self, pictures: npt.NDArray[np.uint8]) -> Floats:
        return planes(pictures)

    def decode(self, z: Floats) -> Floats:
        return z

    def denoiser(self, request: Any) -> Any:
        def denoise(z: Floats, t: float) -> Any:
            self.asked.append((len(z), t))
            return SimpleNamespace(x=z)

        return denoise


def pictures(count: int = 5) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (count, 16, 16, 3), dtype=np.uint8)


def test_maps_are_what_is_not_given_back() -> None:
    model = Forgetting()
    found = dire_maps(pictures(), model, Settings(steps=7))  # type: ignore[arg-type]
    assert found == pytest.approx(0.25 * planes(pictures()), abs=1e-6)
    assert model.asked == [(5, 7)]


def test_one_step_leaves_the_noise_that_was_added() -> None:
    """Where the model takes noisy latents for the picture, the map is what noise made of them."""
    model, share = Forgetting(), 0.3
    found = step_maps(pictures(), model, Settings(noise=share, batch=2))  # type: ignore[arg-type]
    noise = np.random.default_rng(0).standard_normal((3, 16, 16)).astype(np.float32)
    x = planes(pictures())
    expected = np.abs(x - ((1 - share) * x + share * noise))
    assert found == pytest.approx(expected, abs=1e-5)
    assert [count for count, _ in model.asked] == [2, 2, 1]
    assert [time for _, time in model.asked] == pytest.approx([1 - share] * 3)
    in_pixels = latent_maps(pictures(), model, Settings(noise=share))  # type: ignore[arg-type]
    assert in_pixels == pytest.approx(np.minimum(expected, 1), abs=1e-5)


@pytest.mark.parametrize("way", sorted(MAPS))
def test_no_pictures_have_no_maps(way: Any) -> None:
    found = MAPS[way](pictures(0), Forgetting(), Settings())  # type: ignore[arg-type]
    assert found.shape[0] == 0
    assert found.ndim == 4


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"batch": 0}, {"noise": 0.0}, {"noise": 1.0}])
def test_settings_are_checked(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Settings(**wrong)


def test_maps_of_the_bundled_model_are_magnitudes_and_always_the_same() -> None:
    tiles = np.random.default_rng(1).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    found = dire_features(tiles)
    assert found.shape == (2, 3, 64, 64)
    assert 0.0 <= found.min()
    assert found.max() <= GAIN
    assert (found == dire_features(tiles)).all()


def test_what_does_not_denoise_has_no_maps() -> None:
    with pytest.raises(ModelError, match="inverted"):
        bundled_model("gan")
