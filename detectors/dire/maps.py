"""From pictures to what a diffusion model does not give back of them.

Maps stay numbers from here to the classifier. The published code kept them as picture files under the names
of their sources, so that those of photos were JPEG and those of generated pictures PNG, and its classifier
learned to tell the two apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError
from forensics.generators.pipelines.base import Request
from forensics.generators.pipelines.denoising import Denoising

__all__ = ["MAPS", "Reversible", "Settings", "Way", "dire_maps", "latent_maps", "step_maps"]

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]
Way: TypeAlias = Literal["dire", "latent", "step"]

_SEED = 0  # of the noise of one step: the same for every picture, so that maps can be compared


@dataclass(frozen=True)
class Settings:
    """How maps are made.

    Attributes:
        steps: There and back again; of `dire` alone.
        noise: Share of the way to noise at which one step is taken; of the others.
        batch: Pictures at a time.
    """

    steps: int = 10
    noise: float = 0.2
    batch: int = 8

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            UsageError: They are out of their range.
        """
        if self.steps < 1 or self.batch < 1 or not 0.0 < self.noise < 1.0:
            raise UsageError("steps and batch are at least 1, noise lies between 0 and 1", actual=self)


class Reversible(Protocol):
    """What takes pictures to noise and back: `Denoising`, or `DiffusersInversion` of one's own pipeline."""

    def invert(self, pictures: Pixels, request: Request) -> Floats:
        """Return the noise that (N, H, W, 3) pictures come from."""
        ...

    def reconstruct(self, noise: Floats, request: Request) -> Floats:
        """Return the pictures that come of it, (N, 3, H, W), 0 to 1 and a little beyond."""
        ...


# Wang et al. 2023, "DIRE for diffusion-generated image detection" (arXiv:2303.09295), eqs. 4 and 5: DDIM from
# the picture to noise, and back; the magnitude of the difference. Survey eqs. 130 to 132.
def dire_maps(pictures: Pixels, model: Reversible, settings: Settings) -> Floats:
    """Return (N, 3, H, W) float32 magnitudes of what is not given back, 0 to 1.

    Args:
        pictures: (N, H, W, 3) uint8 RGB, of the size of the model's own.
        model: A diffusion or flow model, in pixels or latents.
        settings: Number of steps.

    Raises:
        UsageError: The pictures have another size, or the model has no way back.
    """
    if not len(pictures):
        return np.empty((0, 3, *pictures.shape[1:3]), np.float32)
    request = Request(steps=settings.steps, batch=settings.batch)
    again = np.clip(model.reconstruct(model.invert(pictures, request), request), 0.0, 1.0)
    return np.asarray(np.abs(_planes(pictures) - again), np.float32)


# Luo et al. 2024, "LaRE2" (arXiv:2403.17465), eq. 3: the error of one step in latents, and here the picture
# that it amounts to.
def latent_maps(pictures: Pixels, model: Denoising, settings: Settings) -> Floats:
    """Return (N, 3, H, W) float32 magnitudes of what one step from a little noise does not give back.

    Args:
        pictures: (N, H, W, 3) uint8 RGB, of the size of the model's own.
        model: A diffusion or flow model.
        settings: How much noise.

    Raises:
        UsageError: As for `dire_maps`.
    """
    if not len(pictures):
        return np.empty((0, 3, *pictures.shape[1:3]), np.float32)
    parts = _parts(pictures, settings)
    found = [_planes(part) - model.decode(_once(part, model, settings)[1]) for part in parts]
    return np.asarray(np.abs(np.concatenate(found)).clip(0.0, 1.0), np.float32)


# Ma et al. 2023, "Exposing the fake" (SeDID, arXiv:2307.06272), eq. 7: the difference of the
# latents themselves.
def step_maps(pictures: Pixels, model: Denoising, settings: Settings) -> Floats:
    """Return (N, C, h, w) float32 magnitudes of what one step does to latents.

    Args:
        pictures: (N, H, W, 3) uint8 RGB, of the size of the model's own.
        model: A diffusion or flow model.
        settings: How much noise.

    Raises:
        UsageError: As for `dire_maps`.
    """
    if not len(pictures):
        return np.empty((0, *model.recipe.shape), np.float32)
    found = [np.subtract(*_once(part, model, settings)) for part in _parts(pictures, settings)]
    return np.asarray(np.abs(np.concatenate(found)), np.float32)


MAPS: Mapping[Way, Callable[[Pixels, Denoising, Settings], Floats]] = {
    "dire": dire_maps,
    "latent": latent_maps,
    "step": step_maps,
}


def _once(part: Pixels, model: Denoising, settings: Settings) -> tuple[Floats, Floats]:
    """Return latents, and what the model takes them for when there is noise on them."""
    x = model.encode(part)
    rng = np.random.default_rng(_SEED)
    noise = rng.standard_normal(x.shape[1:]).astype(np.float32)
    time = 1.0 - settings.noise
    denoise = model.denoiser(Request(steps=settings.steps))
    found = denoise(np.asarray(model.path.at(time).mix(x, noise), np.float32), time)
    return x, np.asarray(found.x, np.float32)


def _parts(pictures: Pixels, settings: Settings) -> list[Pixels]:
    return np.split(pictures, range(settings.batch, len(pictures), settings.batch))


def _planes(pictures: Pixels) -> Floats:
    return np.asarray(np.moveaxis(pictures.astype(np.float32) / 255.0, -1, 1), np.float32)
