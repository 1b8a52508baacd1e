"""How likely pictures are to models that say so exactly, in bits: how many a picture takes."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from forensics.generators.pipelines.base import Floats, Network, Pixels
from forensics.generators.pipelines.chance import Chance
from forensics.generators.pipelines.flowing import PatchFlowing

__all__ = [
    "bits_of_flow",
    "bits_of_levels",
    "bits_of_patches",
    "bits_of_tokens",
    "code_lengths",
    "dequantised",
]

Doubles: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
_GREY_LEVELS = 256


# Theis et al. 2015, arXiv:1511.01844, section 3.1: the density of what has noise bounds the probability of
# what has none, so that the bits are no fewer than those of the picture itself.
def dequantised(pixels: Pixels, chance: Chance) -> Floats:
    """Return (B, 3, S, S) pictures from 0 to 1 with even noise inside each grey level.

    Args:
        pixels: (B, S, S, 3) uint8.
        chance: Draws the noise of each.
    """
    levels = np.moveaxis(pixels, -1, 1).astype(np.float32)
    return np.asarray((levels + chance.uniform(levels.shape[1:])) / _GREY_LEVELS, np.float32)


def bits_of_flow(network: Network, x: Floats) -> Doubles:
    """Return (B,) bits for each value of pictures, by a flow in one step.

    Args:
        network: (B, 3, S, S) pictures from 0 to 1, with noise, to (B,) bits for each value.
        x: Such pictures.
    """
    return np.asarray(network(np.ascontiguousarray(x)), np.float64)


def bits_of_patches(flow: PatchFlowing, x: Floats) -> Doubles:
    """Return (B,) bits for each value of pictures, by a transformer flow.

    Args:
        flow: Of pictures from -1 to 1.
        x: (B, 3, S, S) from 0 to 1, with noise inside each grey level.
    """
    values = math.prod(x.shape[1:])
    log_prob = flow.log_prob(2.0 * x - 1.0) + values * math.log(2.0)
    return np.asarray(math.log2(_GREY_LEVELS) - log_prob / (values * math.log(2.0)), np.float64)


# van den Oord et al. 2016, arXiv:1601.06759, eq. 1: what is found is the product of its chances.
def bits_of_tokens(network: Network, tokens: Ints) -> Doubles:
    """Return (B,) bits for each of (B, N) tokens.

    Args:
        network: Tokens to (B, N, tokens) logits, each from those before it.
        tokens: From 0.
    """
    return code_lengths(network(tokens), tokens).mean(1)


def bits_of_levels(network: Network, levels: Ints) -> Doubles:
    """Return (B,) bits for each of (B, C, H, W) grey levels.

    Args:
        network: Grey levels to (B, C, H, W, levels) logits, each from those before it.
        levels: From 0.
    """
    return code_lengths(network(levels), levels).reshape(len(levels), -1).mean(1)


def code_lengths(logits: npt.NDArray[np.floating], found: Ints) -> Doubles:
    """Return (...) bits, -log2 of the chance of what was found, for (..., choices) logits."""
    shifted = np.asarray(logits, np.float64) - logits.max(-1, keepdims=True)
    chosen = np.take_along_axis(shifted, found[..., None], -1)[..., 0]
    return np.asarray((np.log(np.exp(shifted).sum(-1)) - chosen) / math.log(2.0), np.float64)
