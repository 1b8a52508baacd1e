"""The corpora of pictures that need no data, by name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from forensics.datasets.grown import grown
from forensics.datasets.labelled import Labelled
from forensics.datasets.numbering import at_least
from forensics.datasets.procedural import camera
from forensics.datasets.shapes import shapes
from forensics.datasets.squares import cut
from forensics.datasets.textures import textures

__all__ = ["CORPORA", "leaves", "origins_of"]

_SCENE = 4  # squares along the side of a scene
_SCENES = 2**32  # at most so many of one seed


def leaves(seed: int, count: int, side: int) -> Labelled:
    """Return squares of what a simulated camera sees of dead leaves, all of one class.

    Sixteen at a time are cut from one scene; number i does not depend on `count`.

    Args:
        seed: 0 or more.
        count: How many, at least 1.
        side: Of each in pixels, at least 1.

    Raises:
        UsageError: A number is out of its range.
    """
    at_least(0, seed=seed)
    at_least(1, count=count, side=side)
    pixels = np.empty((count, side, side, 3), np.uint8)
    for start in range(0, count, _SCENE**2):
        scene = camera(seed * _SCENES + start // _SCENE**2, _SCENE * side, _SCENE * side)
        pixels[start : start + _SCENE**2] = cut(scene, side)[: count - start]
    return Labelled(pixels, np.zeros(count, np.int64), ("dead leaves",) * count, ("leaves",))


# Each takes a seed, a count and a side.
CORPORA: dict[str, Callable[[int, int, int], Labelled]] = {
    "grown": grown,
    "procedural": leaves,
    "shapes": shapes,
    "textures": textures,
}

_FROM_ONE = {"procedural": _SCENE**2}  # squares that are cut from one picture, one after the other


def origins_of(source: str, count: int) -> npt.NDArray[np.int64]:
    """Return (count,) numbers of the pictures that squares of a corpus were cut from.

    Args:
        source: Name of a corpus; of what is none, each is from a picture of its own.
        count: Squares.
    """
    return np.arange(count) // _FROM_ONE.get(source, 1)
