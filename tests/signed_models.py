"""A model that draws in latents, and a decoder that signs for it, both made by hand."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from forensics.generators.pipelines.denoising import DenoisingSettings
from forensics.generators.pipelines.recipe import Recipe, recipe_text
from tests.bundles import written
from tests.onnx_models import chain, denoiser, signing

__all__ = ["SIDE", "model_folder", "signing_folder"]

SIDE = 128
_DECODER = chain("Identity", rank=4)


def model_folder(folder: Path) -> Path:
    """Write a flow whose latents are pictures, grey with a little noise."""
    recipe = Recipe("flow", (3, SIDE, SIDE), settings=asdict(DenoisingSettings(steps=2)))
    files = {
        "denoiser.onnx": denoiser(SIDE, 0.5, 0.05),
        "decoder.onnx": _DECODER,
        "recipe.json": recipe_text(recipe).encode(),
    }
    return written(folder, files)


def signing_folder(folder: Path, strength: float = 0.02, sides: tuple[int, ...] = (64, 128)) -> Path:
    """Write a decoder that adds tiles to latents."""
    told = {
        "file": "decoder.onnx",
        "sha256": hashlib.sha256(_DECODER).hexdigest(),
        "strengths": [{"side": side, "strength": 128 / side} for side in sides],
    }
    files = {"signing.onnx": signing(strength), "signing.json": json.dumps(told).encode()}
    return written(folder, files)
