"""A part of a picture against the fingerprint of the whole, at every place where it may have been.

Who holds only a part cannot make the code of the whole. But the code is made of signs of a linear transform:
with nothing known outside the part, and so the mean of the part there, each coefficient is right in so far as
the part holds its energy. Half of a picture still gives three signs of four, and chance two.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError
from forensics.fingerprints.dct import LOW, SIDE, WINDOWS, transform
from forensics.fingerprints.fingerprint import Fingerprint
from forensics.fingerprints.luma import Floats

__all__ = ["placed_codes", "placed_distances"]

Codes = npt.NDArray[np.uint8]


def placed_codes(part: Floats, rows: tuple[int, ...], columns: tuple[int, ...]) -> Codes:
    """Return the codes that a picture would have if a part of it lay at some places, and grey around it.

    Args:
        part: (h, w) luma less its mean, on the scale on which the whole picture has 256 pixels each way; 0
            where it shows nothing.
        rows: Where its first row may lie in the whole; below 0 where it reaches beyond it.
        columns: Where its first column may lie.

    Returns:
        (rows, columns, 4, 32): for each place the bits of each window, packed.
    """
    found = np.empty((len(rows), len(columns), len(WINDOWS), LOW * LOW // 8), np.uint8)
    across = [_cut(column, part.shape[1]) for column in columns]
    for number, row in enumerate(rows):
        here, mine = _cut(row, part.shape[0])
        upright = transform()[:, :, here] @ part[mine]
        low = np.stack(
            [upright[:, :, own] @ transform()[:, :, there].transpose(0, 2, 1) for there, own in across]
        ).reshape(len(columns), len(WINDOWS), -1)
        middle = np.median(low, axis=2, keepdims=True)
        found[number] = np.packbits(low > middle, axis=2)
    return found


def placed_distances(codes: Codes, fingerprint: Fingerprint) -> npt.NDArray[np.float32]:
    """Return the bits in which each of some codes differs from a fingerprint, the mean over its windows.

    Args:
        codes: (rows, columns, 4, 32) from `placed_codes`.
        fingerprint: Of kind "dct".

    Returns:
        (rows, columns), 0 to 256.

    Raises:
        UsageError: The fingerprint is of another kind.
    """
    if fingerprint.kind != "dct":
        raise UsageError("only fingerprints of kind dct can be compared with parts", actual=fingerprint.kind)
    theirs = np.frombuffer(fingerprint.code, np.uint8).reshape(len(WINDOWS), -1)
    differing = np.bitwise_count(codes ^ theirs).sum(axis=(2, 3), dtype=np.int64)
    return np.asarray(differing / len(WINDOWS), np.float32)


def _cut(start: int, size: int) -> tuple[slice, slice]:
    """Return which part of the whole, and which of the part, lie on one another."""
    first = max(start, 0)
    last = max(first, min(start + size, SIDE))
    return slice(first, last), slice(first - start, last - start)
