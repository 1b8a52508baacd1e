"""The codes that a picture would have mirrored or turned, from the bits of the upright one alone.

Mirroring changes the sign of odd coefficients and so, but for those between zero and the median, inverts
their bits; transposing exchanges the two directions. So a million stored codes can be looked for in all
positions without the pictures.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError
from forensics.fingerprints.fingerprint import BITS, KINDS

__all__ = ["POSITIONS", "turned_codes"]

POSITIONS = 8
LOW = 16

Codes = npt.NDArray[np.uint8]


def turned_codes(codes: Codes, kind: str) -> Codes:
    """Return the codes of pictures in their eight positions, as near as bits tell.

    Args:
        codes: (..., 32) bytes of single windows.
        kind: A name in `KINDS`.

    Returns:
        (8, ..., 32), in the order of `making.VARIANTS`; the first are the codes themselves.

    Raises:
        UsageError: There is no such kind, or these are no codes.
    """
    if kind not in KINDS:
        raise UsageError(f"no such kind of fingerprint: {kind!r}", expected=", ".join(KINDS), actual=kind)
    if codes.dtype != np.uint8 or not codes.ndim or codes.shape[-1] != BITS // 8:
        raise UsageError("codes are (..., 32) bytes", actual=f"{codes.shape} {codes.dtype}")
    bits = np.unpackbits(codes, axis=-1)
    square = bits.reshape(*codes.shape[:-1], LOW, LOW)
    other = np.packbits(square.swapaxes(-1, -2).reshape(bits.shape), axis=-1)
    masks = _masks(kind).reshape(2, 4, *(1,) * (codes.ndim - 1), BITS // 8)
    return np.concatenate([codes ^ masks[0], other ^ masks[1]])


@cache
def _masks(kind: str) -> Codes:
    """Return (8, 32): the bits that each position inverts, after it transposed."""
    odd = (np.arange(1, LOW + 1) % 2).astype(np.uint8)
    if kind == "pdq":  # its first bit is written last
        odd = odd[::-1]
    down, across = (np.broadcast_to(one, (LOW, LOW)) for one in (odd[:, None], odd[None, :]))
    upright = (np.zeros_like(down), across, down, down ^ across)
    other = (np.zeros_like(down), down, across, down ^ across)
    return np.packbits(np.stack(upright + other).reshape(POSITIONS, BITS), axis=1)
