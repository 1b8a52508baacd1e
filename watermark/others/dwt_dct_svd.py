"""dwtDctSvd of invisible-watermark."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forensics.watermark.others.base import SCHEMES, About, Decoder, Meaning, Word
from forensics.watermark.others.blocks import block_decoder
from forensics.watermark.others.dwt_dct import MESSAGES

__all__ = ["DwtDctSvd"]

Doubles = npt.NDArray[np.float64]


class DwtDctSvd:
    """The scheme `dwtDctSvd`."""

    about = About(
        name="dwtDctSvd",
        title="invisible-watermark dwtDctSvd",
        lengths=(),
        weights=None,
        presence="none: bits are read from any picture",
        limits="nothing is left after cropping, rotation or strong JPEG",
        messages=MESSAGES,
    )

    def decoder(self, weights: bytes | None) -> Decoder:
        """Return the decoder; it needs no weights."""
        return block_decoder(_largest_singular_values)

    def meaning(self, word: Word) -> Meaning | None:
        """Return None: there is no error correction."""
        return None


# An orthonormal DCT changes singular values by rounding only; that decides ties, and flat blocks are ties.
def _largest_singular_values(blocks: Doubles) -> Doubles:
    """Return (n,) values."""
    import cv2

    return np.asarray(np.linalg.svd(np.stack([cv2.dct(block) for block in blocks]))[1][:, 0])


SCHEMES.register(DwtDctSvd.about.name)(DwtDctSvd())
