"""Maps of DIRE as features of tiles, made with the flow model that comes with the suite."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from forensics.detectors.dire.maps import Settings, dire_maps, latent_maps
from forensics.errors import ModelError
from forensics.generators.pipelines.denoising import Denoising
from forensics.generators.pipelines.opening import open_pipeline

__all__ = ["GAIN", "MODEL", "bundled_model", "dire_features", "latent_features"]

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

MODEL = "flow"
GAIN = 8.0  # of magnitudes: what is not given back is a small part of the range


@cache
def bundled_model(name: str = MODEL) -> Denoising:
    """Return a diffusion or flow model: one that comes with the suite, or in a folder.

    Raises:
        MissingExtra: ONNX Runtime is not installed.
        ModelError: It is no such model.
    """
    found = open_pipeline(name)
    if not isinstance(found, Denoising):
        raise ModelError(
            f"{name} draws in another way than by denoising: nothing can be inverted", actual=name
        )
    return found


def dire_features(tiles: Pixels) -> Floats:
    """Return (N, 3, 64, 64) maps of DIRE, times 8, of (N, 64, 64, 3) uint8 tiles."""
    return GAIN * dire_maps(tiles, bundled_model(), Settings())


def latent_features(tiles: Pixels) -> Floats:
    """Return (N, 3, 64, 64) maps of one step, times 8, of (N, 64, 64, 3) uint8 tiles."""
    return GAIN * latent_maps(tiles, bundled_model(), Settings())
