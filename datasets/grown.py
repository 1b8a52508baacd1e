"""Textures grown from a sample, or drawn as a Markov random field: a class for each of the ways."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forensics.datasets.labelled import Labelled
from forensics.datasets.numbering import at_least, numbered
from forensics.datasets.synthesis import ashikhmin, efros_leung, markov_field
from forensics.datasets.textures import texture_of, woven
from forensics.datasets.words import COLOURS

__all__ = ["WAYS", "grown"]

Pixels = npt.NDArray[np.uint8]

WAYS = ("copied pixels", "copied pieces", "Markov field")
_LEAST = 16  # pixels a side of a sample


def grown(seed: int, count: int, side: int) -> Labelled:
    """Return square textures by the methods before networks; number i does not depend on `count`.

    The first two ways copy from a sample half as large: of 64 pixels, one takes seconds (Efros & Leung 1999),
    the other half a second (Ashikhmin 2001).

    Args:
        seed: 0 or more.
        count: How many, at least 1.
        side: Of each in pixels, at least 4.

    Raises:
        UsageError: A number is out of its range.
    """
    at_least(1, count=count)
    at_least(4, side=side)
    pixels, labels, captions = np.empty((count, side, side, 3), np.uint8), np.empty(count, np.int64), []
    for number in range(count):
        rng = numbered(seed, number)
        what, labels[number] = texture_of(rng), rng.integers(len(WAYS))
        if WAYS[labels[number]] == "Markov field":
            pixels[number] = _field(rng, side, what.first, what.second)
            captions.append(f"rough ground in {what.first} and {what.second}")
            continue
        sample = woven(rng, what, max(_LEAST, side // 2), max(_LEAST, side // 2))
        grow = efros_leung if WAYS[labels[number]] == "copied pixels" else ashikhmin
        pixels[number] = grow(rng, sample, side, side).pixels
        captions.append(what.caption)
    return Labelled(pixels, labels, tuple(captions), WAYS)


def _field(rng: np.random.Generator, side: int, first: str, second: str) -> Pixels:
    """Draw a field whose neighbours are alike in one direction, and alike or not in the other."""
    across, down = rng.permutation([rng.uniform(0.6, 1.2), rng.uniform(-0.8, 0.8)])
    even = side + side % 2
    found = markov_field(rng, even, even, (float(across), float(down)), sweeps=30)[:side, :side]
    return np.array([COLOURS[first], COLOURS[second]], np.uint8)[found]
