"""Fingerprints from pixels, and those that the picture would have mirrored or turned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from forensics.errors import UsageError
from forensics.fingerprints import dct, pdq
from forensics.fingerprints.fingerprint import KINDS, Fingerprint
from forensics.fingerprints.luma import Floats, Luma, luma
from forensics.media import Pixels

__all__ = [
    "VARIANTS",
    "Variant",
    "available",
    "fingerprint",
    "fingerprints",
    "middles",
    "upright",
    "variants",
]

VARIANTS = (
    "as it is",
    "mirrored left to right",
    "mirrored top to bottom",
    "turned by 180 degrees",
    "transposed",
    "turned left",
    "turned right",
    "transposed across the other diagonal",
)
"""The eight positions of a picture, in the order of `variants`."""

_PACKED = MappingProxyType({"dct": dct.pack, "pdq": pdq.pack})


@dataclass(frozen=True)
class Variant:
    """The fingerprint that a picture would have in another position.

    Attributes:
        position: One of `VARIANTS`.
        fingerprint: The code.
    """

    position: str
    fingerprint: Fingerprint


def fingerprint(pixels: Pixels, kind: str = "dct") -> Fingerprint:
    """Return the fingerprint of a picture.

    A flat picture has one too; its `quality` says that it is of no use.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        kind: A name in `KINDS`.

    Raises:
        UsageError: There is no such kind, or the array is no picture.
    """
    return _upright(_reduced(pixels), _known(kind))


def fingerprints(pixels: Pixels) -> tuple[Fingerprint, ...]:
    """Return the fingerprints of all kinds that say something about this picture.

    Args:
        pixels: (H, W, 3) uint8 RGB.

    Raises:
        UsageError: The array is no picture.
    """
    return tuple(code for code in upright(pixels) if code.usable)


def upright(pixels: Pixels) -> tuple[Fingerprint, ...]:
    """Return the fingerprints of all kinds, also where they say nothing, with the picture reduced once.

    That takes far less than decoding it did.

    Args:
        pixels: (H, W, 3) uint8 RGB.

    Returns:
        One for each of `KINDS`, in that order.

    Raises:
        UsageError: The array is no picture.
    """
    plane = _reduced(pixels)
    return tuple(_upright(plane, kind) for kind in KINDS)


def variants(pixels: Pixels, kind: str = "dct") -> tuple[Variant, ...]:
    """Return the fingerprints of a picture in its eight positions, decoded and reduced once.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        kind: A name in `KINDS`.

    Returns:
        Eight, in the order of `VARIANTS`.

    Raises:
        UsageError: There is no such kind, or the array is no picture.
    """
    low, quality = _coefficients(_reduced(pixels), _known(kind))
    codes = (Fingerprint(kind, _PACKED[kind](turned), quality) for turned in _positions(low))
    return tuple(Variant(name, code) for name, code in zip(VARIANTS, codes, strict=True))


def middles(pixels: Pixels, kind: str = "dct") -> tuple[Variant, ...]:
    """Return the fingerprints of the middle of a picture, cut so that it falls between two windows.

    The windows of an entry are cut in steps of a tenth of the side, and a crop that lies half way between two
    is far from both. The middle of such a crop is near to the next smaller window.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        kind: A name in `KINDS`.

    Returns:
        Eight, in the order of `VARIANTS`.

    Raises:
        UsageError: There is no such kind, or the array is no picture.
    """
    rows, columns = (round(side * (1 - dct.BETWEEN) / 2) for side in pixels.shape[:2])
    inner = pixels[rows : pixels.shape[0] - rows, columns : pixels.shape[1] - columns]
    return variants(inner, kind)


def available() -> tuple[str, ...]:
    """Return the kinds that can be made here: all of them."""
    return tuple(KINDS)


def _known(kind: str) -> str:
    if kind not in KINDS:
        raise UsageError(f"no such kind of fingerprint: {kind!r}", expected=", ".join(KINDS), actual=kind)
    return kind


def _reduced(pixels: Pixels) -> Luma:
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or not pixels.size:
        raise UsageError("fingerprints are made of (H, W, 3) uint8", actual=f"{pixels.shape} {pixels.dtype}")
    return luma(pixels)


def _upright(plane: Luma, kind: str) -> Fingerprint:
    low, quality = _coefficients(plane, kind)
    return Fingerprint(kind, _PACKED[kind](low), quality)


def _coefficients(plane: Luma, kind: str) -> tuple[Floats, float]:
    """Return (windows, 16, 16) low DCT coefficients, whose signs against their median are the code."""
    if kind == "dct":
        low = dct.coefficients(plane)
        return low, dct.quality(low)
    grid = pdq.grid(plane)
    return pdq.coefficients(grid), pdq.quality(grid)


def _positions(low: Floats) -> Iterator[Floats]:
    """Yield the coefficients of the eight positions, in the order of `VARIANTS`.

    Mirroring changes the sign of odd coefficients, transposing exchanges the two directions.
    """
    odd = np.where(np.arange(1, low.shape[1] + 1) % 2, np.float32(-1), np.float32(1))
    down, across = odd[:, None], odd[None, :]
    other = low.transpose(0, 2, 1)
    yield from (low, low * across, low * down, low * down * across)
    yield from (other, other * down, other * across, other * down * across)
