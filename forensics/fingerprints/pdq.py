"""PDQ, the code that trust-and-safety teams exchange (Davis and Rosen, "PDQ & TMK + PDQF", 2019)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forensics.errors import MissingExtra
from forensics.media import Pixels

__all__ = ["pdq_codes"]

# pdqhash gives them as they are, turned left, by 180 degrees and right, mirrored top to bottom and left to
# right, transposed, and transposed the other way.
_ORDER = (0, 5, 4, 2, 6, 1, 3, 7)


def pdq_codes(pixels: Pixels) -> tuple[npt.NDArray[np.uint8], float]:
    """Return the codes of a picture in all eight positions, and its quality.

    Args:
        pixels: (H, W, 3) uint8 RGB.

    Returns:
        (8, 32) bytes in the order of `making.VARIANTS`, and a quality in [0, 1].

    Raises:
        MissingExtra: pdqhash is not installed.
    """
    try:
        import pdqhash
    except ImportError as error:
        raise MissingExtra("the PDQ fingerprint", "pdq") from error
    bits, score = pdqhash.compute_dihedral(np.ascontiguousarray(pixels))
    codes = np.packbits(np.asarray(bits, np.uint8), axis=1)
    return codes[list(_ORDER)], min(max(int(score), 0), 100) / 100
