"""What measures refuse, and the types that they share."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError

__all__ = ["Floats", "Pictures", "check_features", "check_pictures", "check_same"]

Pictures: TypeAlias = npt.NDArray[np.uint8]
Floats: TypeAlias = npt.NDArray[np.floating[Any]]


def check_pictures(pictures: Pictures, what: str, count: int = 1, side: int = 1) -> None:
    """Refuse what is no set of pictures.

    Args:
        pictures: (N, H, W, 3) uint8 RGB.
        what: What they are called in the message.
        count: How many there must be.
        side: How many pixels their shorter side must have.

    Raises:
        UsageError: They are something else, too few or too small.
    """
    wanted = f"(N >= {count}, H >= {side}, W >= {side}, 3) uint8"
    given = f"{getattr(pictures, 'shape', type(pictures))} {getattr(pictures, 'dtype', '')}".strip()
    shape: tuple[int, ...] = getattr(pictures, "shape", ())
    fits = len(shape) == 4 and shape[3] == 3 and getattr(pictures, "dtype", None) == np.uint8
    if not fits:
        raise UsageError(f"{what} must be pictures, not {given}", expected=wanted, actual=given)
    if shape[0] < count:
        message = f"{what} must be at least {count} pictures, not {shape[0]}"
        raise UsageError(message, expected=wanted, actual=given)
    if min(shape[1:3]) < side:
        message = f"{what} must have at least {side} pixels a side, not {shape[2]} x {shape[1]}"
        raise UsageError(message, expected=wanted, actual=given)


def check_features(features: Floats, what: str, count: int = 2) -> None:
    """Refuse what are no features.

    Args:
        features: (N, D) numbers.
        what: What they are called in the message.
        count: How many rows there must be.

    Raises:
        UsageError: They are something else, too few, or not finite.
    """
    wanted = f"(N >= {count}, D >= 1) finite floating-point numbers"
    given = f"{getattr(features, 'shape', type(features))} {getattr(features, 'dtype', '')}".strip()
    shape: tuple[int, ...] = getattr(features, "shape", ())
    if len(shape) != 2 or not shape[1] or not np.issubdtype(features.dtype, np.floating):
        message = f"{what} must be features, one row for each picture, not {given}"
        raise UsageError(message, expected=wanted, actual=given)
    if shape[0] < count:
        message = f"{what} must be features of at least {count} pictures, not {shape[0]}"
        raise UsageError(message, expected=wanted, actual=given)
    if not np.isfinite(features).all():
        raise UsageError(
            f"{what} hold numbers that are not finite", expected=wanted, actual="NaN or infinite"
        )


def check_same(first: tuple[int, ...], second: tuple[int, ...], what: str) -> None:
    """Refuse sets that differ: whatever the measure, they would seem far apart for that alone.

    Args:
        first: Shape, or part of it, of one set.
        second: That of the other.
        what: What the numbers are, in the message.

    Raises:
        UsageError: They differ.
    """
    if first != second:
        one, other = (" x ".join(map(str, shape)) for shape in (first, second))
        raise UsageError(f"the sets differ in {what}: {one} and {other}", expected=first, actual=second)
