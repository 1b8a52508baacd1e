"""What the networks of a model are shown when they work, made of real pictures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from forensics.detectors.learned.model import CLASSIFIER, FEATURES, METHOD
from forensics.generators.pipelines.opening import DECODER, DENOISER, ENCODER
from forensics.generators.pipelines.recipe import RECIPE
from forensics.runtime.sessions import Port, Session
from forensics.runtime.store import Bundle, bundled
from forensics.watermark.decoders import SIGNED_DECODER

__all__ = ["Inputs", "inputs_of", "side_of", "splits"]

Array = npt.NDArray[Any]
Inputs = Mapping[str, Sequence[Array]]
Pixels = npt.NDArray[np.uint8]

_SIDE, _TILE = 64, 64


def inputs_of(bundle: Bundle, networks: Mapping[str, Session], pictures: Pixels) -> Inputs:
    """Return inputs for each network of a model.

    Detectors get features of the pictures, codecs the pictures, decoders their latents, denoisers mixtures
    of those and noise. What draws from noise, and networks of kinds that are not known here, get noise.

    Args:
        bundle: The model.
        networks: By name of file.
        pictures: (N, S, S, 3) uint8 RGB.
    """
    if METHOD in bundle.card["files"]:
        method = json.loads(bundle.read(METHOD))["method"]
        return {CLASSIFIER: (FEATURES[method](pictures),)}
    planes = np.ascontiguousarray(np.moveaxis(pictures.astype(np.float32) / 255.0, -1, 1))
    rng = np.random.default_rng(0)
    found: dict[str, Sequence[Array]] = {}
    if ENCODER in networks and RECIPE in bundle.card["files"]:
        found[ENCODER] = (planes,)
        found[DECODER] = (_latents(networks[ENCODER], planes),)
    for name, session in networks.items():
        if name == SIGNED_DECODER:
            codec = bundled("codec")
            tiles = rng.choice([-1.0, 1.0], (len(planes), _TILE, _TILE)).astype(np.float32)
            found[name] = (_latents(Session(codec.read(ENCODER)), planes), tiles)
        elif name == DENOISER:
            clean = found[DECODER][0] if DECODER in found else 2.0 * planes - 1.0
            found[name] = _mixtures(session.takes, clean, rng)
        elif name not in found:
            found[name] = tuple(_shown(port, planes, rng) for port in session.takes)
    return {name: found[name] for name in networks}


def side_of(networks: Mapping[str, Session], wanted: int) -> int:
    """Return the side of the pictures that networks are shown: theirs, if they have one.

    Args:
        networks: By name of file.
        wanted: Side if they leave that open; 64 if 0.
    """
    for name in (ENCODER, CLASSIFIER, DENOISER, *networks):
        shape = networks[name].shapes[0] if name in networks else ()
        if len(shape) >= 4 and shape[-3] in (1, 3) and shape[-1]:
            return shape[-1]
    return wanted or _SIDE


def splits(calls: Sequence[Array], size: int) -> list[Sequence[Array]]:
    """Return the inputs of several calls, each of so many pictures."""
    return [[values[start : start + size] for values in calls] for start in range(0, len(calls[0]), size)]


def _latents(encoder: Session, planes: Array) -> Array:
    return np.concatenate([encoder(part)[0] for part in np.array_split(planes, max(1, len(planes) // 8))])


# Liu et al. 2022, arXiv:2209.03003, eq. 1: z = t x + (1 - t) e.
def _mixtures(ports: Sequence[Port], clean: Array, rng: np.random.Generator) -> Sequence[Array]:
    """Return mixtures with noise, their times, and whatever else a denoiser is told."""
    shape, count = ports[0].shape, len(clean)
    if len(shape) == 5:  # clips: what moves is the same picture, pushed aside
        clean = np.stack([np.roll(clean, 2 * step, axis=-1) for step in range(shape[1] or 8)], axis=1)
    times = rng.uniform(0.02, 0.98, count).astype(np.float32)
    wide = times.reshape(-1, *[1] * (clean.ndim - 1))
    noise = rng.standard_normal(clean.shape).astype(np.float32)
    rest = [_shown(port, clean, rng) for port in ports[2:]]
    return (wide * clean + (1 - wide) * noise, times, *rest)


def _shown(port: Port, planes: Array, rng: np.random.Generator) -> Array:
    """Return pictures if a port takes some, and else noise, classes or truth values."""
    shape, count = port.shape, len(planes)
    if port.kind == "float" and len(shape) == 4 and shape[1] == 3 and not shape[2]:
        return planes
    if port.kind == "float" and len(shape) == 4 and shape[1] == 1 and not shape[2]:  # luminance, grey levels
        luma = np.tensordot(planes, np.array([0.299, 0.587, 0.114], np.float32), (1, 0))
        return np.ascontiguousarray(255.0 * luma[:, None], np.float32)
    size = (count, *(n or planes.shape[-1] for n in shape[1:]))
    if port.kind == "bool":
        return rng.random(size) < 0.5
    if port.kind.startswith(("int", "uint")):
        return rng.integers(0, 2, size).astype(port.kind)
    return rng.standard_normal(size).astype(np.float16 if port.kind == "float16" else np.float32)
