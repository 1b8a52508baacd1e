"""Textures in two colours with a class and a caption each: no outlines, only the statistics of a surface.

As a corpus without data: Baradad et al., "Learning to see by looking at noise" (arXiv 2106.05963).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.datasets.fields import FIELDS, clouds
from forensics.datasets.labelled import Labelled
from forensics.datasets.numbering import at_least, numbered
from forensics.datasets.procedural import Seed, coloured_noise
from forensics.datasets.words import COLOURS, TEXTURES

__all__ = ["Texture", "texture", "texture_of", "textures", "woven"]

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

_CONTRAST = 130.0  # least distance of the two colours
_SHADES = 12.0  # levels by which a colour differs from the one that its name stands for
_HUES = 0.16  # by which the channels of noise differ
_LIGHT, _NOISE = 4.0, 2.0  # levels: deviations of its light and of its noise


@dataclass(frozen=True)
class Texture:
    """What a texture is.

    Attributes:
        kind: One of `words.TEXTURES`.
        first: One of `words.COLOURS`.
        second: Another one, not too near.
    """

    kind: str
    first: str
    second: str

    @property
    def caption(self) -> str:
        """A phrase of `words.WORDS`, such as "stripes in red and white"."""
        return f"{self.kind} in {self.first} and {self.second}"


def texture(seed: Seed, height: int, width: int) -> Pixels:
    """Return a texture of some kind.

    Args:
        seed: Seed or generator.
        height: Rows, at least 1.
        width: Columns, at least 1.

    Returns:
        (height, width, 3) uint8 RGB.

    Raises:
        UsageError: A side is below 1.
    """
    at_least(1, height=height, width=width)
    rng = np.random.default_rng(seed)
    return woven(rng, texture_of(rng), height, width)


def textures(seed: int, count: int, side: int) -> Labelled:
    """Return square textures with their kinds and captions; number i does not depend on `count`.

    Args:
        seed: 0 or more.
        count: How many, at least 1.
        side: Of each in pixels, at least 1; from 24 on all kinds can be told apart.

    Raises:
        UsageError: A number is out of its range.
    """
    at_least(1, count=count, side=side)
    pixels = np.empty((count, side, side, 3), np.uint8)
    made = []
    for number in range(count):
        rng = numbered(seed, number)
        made.append(texture_of(rng))
        pixels[number] = woven(rng, made[-1], side, side)
    labels = np.array([TEXTURES.index(m.kind) for m in made], np.int64)
    return Labelled(pixels, labels, tuple(m.caption for m in made), TEXTURES)


def texture_of(rng: np.random.Generator) -> Texture:
    """Draw what a texture is."""
    kind = TEXTURES[int(rng.integers(len(TEXTURES)))]
    names = sorted(COLOURS)
    first = names[int(rng.integers(len(names)))]
    far = [name for name in names if _distance(name, first) >= _CONTRAST]
    return Texture(kind, first, far[int(rng.integers(len(far)))])


def woven(rng: np.random.Generator, what: Texture, height: int, width: int) -> Pixels:
    """Draw a texture, (height, width, 3) uint8 RGB."""
    field = FIELDS[what.kind](rng, height, width)[..., None]
    if what.kind == "clouds":  # of its own in every channel, a little
        others = [clouds(rng, height, width) for _ in range(3)]
        field = field + np.float32(2 * _HUES) * (np.stack(others, axis=-1) - np.float32(0.5))
    first, second = (_shade(rng, name) for name in (what.first, what.second))
    picture = first + field * (second - first)
    picture += np.float32(_LIGHT) * coloured_noise(rng, height, width, 1.0)[..., None]
    picture += np.float32(_NOISE) * rng.standard_normal(picture.shape, np.float32)
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def _shade(rng: np.random.Generator, name: str) -> Floats:
    colour = np.array(COLOURS[name]) + rng.uniform(-_SHADES, _SHADES, 3)
    return np.asarray(np.clip(colour, 0, 255), np.float32)


def _distance(one: str, other: str) -> float:
    return float(np.linalg.norm(np.subtract(COLOURS[one], COLOURS[other])))
