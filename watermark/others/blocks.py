"""What dwtDct and dwtDctSvd share: blocks of a Haar approximation, each of which says one bit.

The arithmetic follows invisible-watermark 0.2.0 in its order of rounding, so that the same bits come out:
values on a grid of halves meet the thresholds exactly, and often.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError
from forensics.media.types import Pixels
from forensics.watermark.others.base import Decoder, Word

if TYPE_CHECKING:
    from forensics.watermark.others.base import Bits

__all__ = ["LENGTH", "STEP", "block_decoder"]

Doubles = npt.NDArray[np.float64]

LENGTH = 32  # bits read where nothing says how many
STEP = 36.0  # of the quantiser; a bit is one where the remainder lies in the upper half
_SIDE = 4
_HAAR = 0.7071067811865476
_LEAST_PIXELS = 256 * 256
_SWAPPED = "red and blue swapped"


def block_decoder(strength: Callable[[Doubles], Doubles]) -> Decoder:
    """Return a decoder from what it takes of a block.

    Every length is read twice: programs that forgot that the library wants blue first are about.

    Args:
        strength: Makes (n,) values of (n, 4, 4) blocks, each of which says a bit.
    """

    def read(pixels: Pixels, lengths: Sequence[int]) -> tuple[Word, ...]:
        if pixels.shape[0] * pixels.shape[1] < _LEAST_PIXELS or min(pixels.shape[:2]) < 2 * _SIDE:
            raise UsageError("the picture is too small: this scheme marks 256x256 pixels and more")
        words = []
        for how, image in (("", pixels), (_SWAPPED, pixels[..., ::-1])):
            votes = strength(_blocks(_approximation(_chroma(image)))) % STEP > STEP / 2
            for length in lengths or (LENGTH,):
                bits = _counted(votes, length)
                words.append(Word(bits, bits, how))
        return tuple(words)

    return read


def _chroma(pixels: Pixels) -> Pixels:
    """Return the second plane of YUV, which carries the mark."""
    import cv2

    return np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2YUV)[..., 1], np.uint8)


def _approximation(plane: Pixels) -> Doubles:
    """Return the Haar approximation of a plane, cut to whole fours."""
    height, width = (n // _SIDE * _SIDE for n in plane.shape)
    values = plane[:height, :width].astype(np.float64)
    rows = _HAAR * values[0::2] + _HAAR * values[1::2]
    return np.asarray(_HAAR * rows[:, 0::2] + _HAAR * rows[:, 1::2])


def _blocks(plane: Doubles) -> Doubles:
    """Return (n, 4, 4) blocks, row by row."""
    height, width = plane.shape[0] // _SIDE, plane.shape[1] // _SIDE
    whole = plane[: height * _SIDE, : width * _SIDE].reshape(height, _SIDE, width, _SIDE)
    return np.ascontiguousarray(whole.transpose(0, 2, 1, 3)).reshape(-1, _SIDE, _SIDE)


def _counted(votes: npt.NDArray[np.bool_], length: int) -> Bits:
    """Return the majority of every length-th vote; 0.498 of them are enough, as in the library."""
    place = np.arange(len(votes)) % length
    ones = np.bincount(place, votes, length)
    every = np.maximum(np.bincount(place, minlength=length), 1)
    return (ones / every * 255 > 127).astype(np.uint8)
