"""Whether what a network makes moves as its input does: EQ-T of shifts, EQ-R of turns, in decibels."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError

__all__ = ["Maps", "rotation_equivariance", "translation_equivariance"]

Maps: TypeAlias = npt.NDArray[np.floating]
_RANGE = 1.0  # of the values of pictures


# Karras et al. 2021 (StyleGAN3), arXiv:2106.12423, eq. 3, for shifts by whole places of the input.
def translation_equivariance(
    network: Callable[[Maps], Maps], z: Maps, shifts: Sequence[tuple[int, int]]
) -> float:
    """Return the PSNR of pictures of shifted inputs against shifted pictures; infinite if they are the same.

    Args:
        network: (B, C, h, w) to (B, C', f h, f w) pictures from 0 to 1.
        z: Inputs.
        shifts: Down and right, in places of the input. What a shift brings in, and as far again around, is
            left out.

    Raises:
        UsageError: A shift leaves nothing, or the output is no multiple of the input.
    """
    factor = _factor(network(z), z)
    errors = []
    for down, right in shifts:
        margin = factor * (2 * max(abs(down), abs(right)))
        moved = network(np.roll(z, (down, right), (2, 3)))
        expected = np.roll(network(z), (factor * down, factor * right), (2, 3))
        if 2 * margin >= min(moved.shape[2:]):
            raise UsageError("such a shift leaves nothing to compare", actual=(down, right))
        inside = (..., slice(margin, moved.shape[2] - margin), slice(margin, moved.shape[3] - margin))
        errors.append(float(((moved - expected)[inside] ** 2).mean()))
    return _decibels(errors)


# Karras et al. 2021, appendix E.3; turning uses cubic splines, whose own error bounds what can be reached.
def rotation_equivariance(network: Callable[[Maps], Maps], z: Maps, degrees: Sequence[float]) -> float:
    """Return the PSNR of pictures of turned inputs against turned pictures, inside a disc.

    Args:
        network: As of `translation_equivariance`.
        z: Inputs, with square sides.
        degrees: Angles; multiples of 90 are exact.

    Raises:
        UsageError: The sides are no squares.
    """
    if z.shape[2] != z.shape[3]:
        raise UsageError("only squares are turned", expected="h = w", actual=z.shape[2:])
    made, errors = network(z), []
    side = made.shape[2]
    place = np.arange(side) - (side - 1) / 2
    inside = place[:, None] ** 2 + place**2 <= (0.9 * side / 2) ** 2
    for angle in degrees:
        difference = network(_turned(z, angle)) - _turned(made, angle)
        errors.append(float((difference[..., inside] ** 2).mean()))
    return _decibels(errors)


def _turned(x: Maps, degrees: float) -> Maps:
    if degrees % 90 == 0:
        return np.ascontiguousarray(np.rot90(x, int(degrees // 90), (2, 3)))
    from scipy.ndimage import rotate

    return np.asarray(rotate(x, degrees, (3, 2), reshape=False, order=3, mode="nearest"), x.dtype)


def _factor(made: Maps, z: Maps) -> int:
    factor, rest = divmod(made.shape[2], z.shape[2])
    if rest or made.shape[3] != factor * z.shape[3] or factor < 1:
        raise UsageError(
            "the sides of pictures are multiples of those of the input",
            expected=z.shape[2:],
            actual=made.shape[2:],
        )
    return factor


def _decibels(errors: Sequence[float]) -> float:
    error = float(np.mean(errors))
    return math.inf if error == 0.0 else 10.0 * math.log10(_RANGE**2 / error)
