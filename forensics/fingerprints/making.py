"""Fingerprints from pixels, and those that the picture would have mirrored or turned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from types import MappingProxyType

import numpy as np

from forensics.errors import UsageError
from forensics.fingerprints import dct
from forensics.fingerprints.fingerprint import KINDS, Fingerprint
from forensics.fingerprints.pdq import pdq_codes
from forensics.media import Pixels

__all__ = ["VARIANTS", "Variant", "available", "fingerprint", "fingerprints", "middles", "variants"]

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
        MissingExtra: The kind is "pdq" and pdqhash is not installed.
    """
    return variants(pixels, kind)[0].fingerprint


def fingerprints(pixels: Pixels) -> tuple[Fingerprint, ...]:
    """Return the fingerprints of all kinds that can be made here and say something about this picture.

    Args:
        pixels: (H, W, 3) uint8 RGB.

    Raises:
        UsageError: The array is no picture.
    """
    made = (fingerprint(pixels, kind) for kind in available())
    return tuple(code for code in made if code.usable)


def variants(pixels: Pixels, kind: str = "dct") -> tuple[Variant, ...]:
    """Return the fingerprints of a picture in its eight positions, decoded and reduced once.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        kind: A name in `KINDS`.

    Returns:
        Eight, in the order of `VARIANTS`.

    Raises:
        UsageError: There is no such kind, or the array is no picture.
        MissingExtra: The kind is "pdq" and pdqhash is not installed.
    """
    if kind not in KINDS:
        raise UsageError(f"no such kind of fingerprint: {kind!r}", expected=", ".join(KINDS), actual=kind)
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or not pixels.size:
        raise UsageError("fingerprints are made of (H, W, 3) uint8", actual=f"{pixels.shape} {pixels.dtype}")
    made = _MAKERS[kind](pixels)
    return tuple(Variant(name, code) for name, code in zip(VARIANTS, made, strict=True))


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
        MissingExtra: The kind is "pdq" and pdqhash is not installed.
    """
    rows, columns = (round(side * (1 - dct.BETWEEN) / 2) for side in pixels.shape[:2])
    inner = pixels[rows : pixels.shape[0] - rows, columns : pixels.shape[1] - columns]
    return variants(inner, kind)


def available() -> tuple[str, ...]:
    """Return the kinds that can be made here: PDQ needs an extra."""
    return tuple(kind for kind in KINDS if kind != "pdq" or find_spec("pdqhash") is not None)


def _dct(pixels: Pixels) -> list[Fingerprint]:
    """Mirroring changes the sign of odd coefficients, transposing exchanges the two directions."""
    low = dct.coefficients(pixels)
    quality = dct.quality(low)
    odd = np.where(np.arange(1, low.shape[1] + 1) % 2, np.float32(-1), np.float32(1))
    down, across = odd[:, None], odd[None, :]
    codes = []
    for turned in (low, low.transpose(0, 2, 1)):
        for signs in _signs(down, across, turned is low):
            codes.append(Fingerprint("dct", dct.pack(turned * signs), quality))
    return codes


def _signs(down: dct.Floats, across: dct.Floats, upright: bool) -> tuple[dct.Floats | int, ...]:
    """Return the signs of four positions in the order of `VARIANTS`."""
    return (1, across, down, down * across) if upright else (1, down, across, down * across)


def _pdq(pixels: Pixels) -> list[Fingerprint]:
    codes, quality = pdq_codes(pixels)
    return [Fingerprint("pdq", code.tobytes(), quality) for code in codes]


_MAKERS: MappingProxyType[str, Callable[[Pixels], list[Fingerprint]]] = MappingProxyType(
    {"dct": _dct, "pdq": _pdq}
)
