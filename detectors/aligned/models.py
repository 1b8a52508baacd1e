"""Trained models as makers: the bundled codec, flow and GAN, and those of users."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import numpy as np

from forensics.detectors.aligned.makers import MAKERS, Made, Make, Maker
from forensics.errors import ModelError
from forensics.media.types import Pixels

__all__ = ["drawn", "edited", "own_model", "reconstructed"]

CODEC, MODEL = "codec:", "model:"
_NOISED = (0.02, 0.12)  # of latents of unit size: as far as generated ones are from those of photos
_STRENGTHS = (0.1, 0.35)
_STEPS = 12


def reconstructed(model: str, *, noised: bool = False) -> Make:
    """Return what takes photos through the encoder and decoder of a model.

    Args:
        model: Name of one that comes with the suite, or a folder.
        noised: Whether latents are disturbed, so that they are no longer those of a photo.

    Raises:
        MissingExtra: ONNX Runtime is not installed.
        ModelError: It has no encoder and decoder.
        UsageError: There is no such model.
    """
    from forensics.generators.pipelines.base import pixels_of
    from forensics.generators.pipelines.opening import DECODER, ENCODER, network_of, open_model

    bundle = open_model(model)
    encode, decode = network_of(bundle, ENCODER), network_of(bundle, DECODER)

    def make(photo: Pixels, rng: np.random.Generator) -> Made:
        x = np.moveaxis(photo, -1, 0)[None].astype(np.float32) / np.float32(255)
        z = np.asarray(encode(np.ascontiguousarray(x)), np.float32)
        if noised:
            z = z + np.float32(rng.uniform(*_NOISED)) * rng.standard_normal(z.shape, np.float32)
        return Made(next(pixels_of(np.asarray(decode(z), np.float32))))

    return make


def drawn(model: str) -> Make:
    """Return what draws pictures of its own, whatever the photo.

    Raises:
        MissingExtra: ONNX Runtime is not installed.
        ModelError: It draws nothing.
        UsageError: There is no such model.
    """
    from forensics.generators.pipelines.base import Request
    from forensics.generators.pipelines.opening import open_pipeline

    pipeline = open_pipeline(model)
    labels = len(pipeline.recipe.labels)

    def make(_photo: Pixels, rng: np.random.Generator) -> Made:
        label = int(rng.integers(labels)) if labels else -1
        return Made(next(pipeline.sample(Request(seed=int(rng.integers(2**31)), label=label))))

    return make


# Meng et al. 2021, arXiv:2108.01073 (SDEdit): noise is added to the photo and taken away again.
def edited(model: str) -> Make:
    """Return what adds noise to photos and takes it away again by a model that denoises.

    Raises:
        MissingExtra: ONNX Runtime is not installed.
        ModelError: It is none that denoises.
        UsageError: There is no such model.
    """
    from forensics.generators.pipelines.base import Request
    from forensics.generators.pipelines.denoising import Denoising
    from forensics.generators.pipelines.opening import open_pipeline

    pipeline = open_pipeline(model)
    if not isinstance(pipeline, Denoising):
        raise ModelError(f"{model} does not denoise", actual=pipeline.recipe.family)

    def make(photo: Pixels, rng: np.random.Generator) -> Made:
        request = Request(seed=int(rng.integers(2**31)), steps=_STEPS)
        return Made(next(pipeline.edit(photo, request, float(rng.uniform(*_STRENGTHS)))))

    return make


def own_model(name: str) -> Maker | None:
    """Return the maker of a model of somebody's own by "codec:FOLDER" or "model:FOLDER", None for others.

    Raises:
        MissingExtra: ONNX Runtime is not installed.
        ModelError: There is no such model in the folder.
    """
    kind, _, folder = name.partition(":")
    if not folder or f"{kind}:" not in (CODEC, MODEL):
        return None
    if kind == "codec":
        make = reconstructed(folder)
        return Maker(_slug(name), "own", "a codec of yours", "", lambda: make, step=8)
    return _own_generator(name, folder)


@cache
def _own_generator(name: str, folder: str) -> Maker:
    make = drawn(folder)
    blank = np.zeros((1, 1, 3), np.uint8)
    shape = make(blank, np.random.default_rng(0)).pixels.shape
    if len(shape) != 3 or shape[0] != shape[1]:
        raise ModelError(f"{folder} does not draw square pictures", expected="(S, S, 3)", actual=shape)
    return Maker(_slug(name), "own", "a generator of yours", "", lambda: make, side=shape[0], paired=False)


def _slug(name: str) -> str:
    """Return the name of a folder for what a maker of somebody's own makes."""
    kind, _, folder = name.partition(":")
    return re.sub(r"[^\w.-]+", "_", f"{kind}_{Path(folder).resolve().name}")


_OF_CODEC = "Rombach et al. 2021, arXiv:2112.10752"

for _maker in (
    Maker(
        "autoencoder", "autoencoder", "through the bundled codec and back", _OF_CODEC,
        lambda: reconstructed("codec"), step=8, least=32,
    ),
    Maker(
        "autoencoder_noised", "autoencoder", "through the bundled codec, with disturbed latents", _OF_CODEC,
        lambda: reconstructed("codec", noised=True), step=8, least=32,
    ),
    Maker(
        "flow_edited", "flow", "noise added, and taken away by the bundled flow", "arXiv:2108.01073",
        lambda: edited("flow"), side=64,
    ),
    Maker(
        "flow", "flow", "drawn by the bundled flow, whatever the photo", "arXiv:2209.03003",
        lambda: drawn("flow"), side=64, paired=False,
    ),
    Maker(
        "gan", "gan", "drawn by the bundled GAN, whatever the photo", "Goodfellow et al., arXiv:1406.2661",
        lambda: drawn("gan"), side=32, paired=False,
    ),
):  # fmt: skip
    MAKERS.register(_maker.name)(_maker)
