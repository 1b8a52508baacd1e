"""rivaGan of invisible-watermark: 32 bits by a network (Zhang et al. 2019, arXiv:1909.01285)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forensics.errors import UsageError
from forensics.media.types import Pixels
from forensics.watermark.others.base import SCHEMES, About, Decoder, Meaning, Word
from forensics.watermark.others.network import network

__all__ = ["RivaGan"]

_BITS = 32
_THRESHOLD = 0.52  # the library's, for outputs between 0 and 1
_LEAST_PIXELS = 256 * 256
_MOST_SIDE = 1536


class RivaGan:
    """The scheme `rivaGan`."""

    about = About(
        name="rivaGan",
        title="invisible-watermark rivaGan",
        lengths=(_BITS,),
        weights="rivaGan",
        presence="none: bits are read from any picture",
        limits="of 32 bits at most two may be wrong at a false-alarm rate of one in a million",
    )

    def decoder(self, weights: bytes | None) -> Decoder:
        """Return the decoder that a file of weights is.

        Raises:
            MissingExtra: ONNX Runtime is missing.
            UsageError: That is no such network.
        """
        run = network(weights or b"", self.about.name, (_BITS,))

        def read(pixels: Pixels, lengths: Sequence[int]) -> tuple[Word, ...]:
            if pixels.shape[0] * pixels.shape[1] < _LEAST_PIXELS:
                raise UsageError("the picture is too small: this scheme marks 256x256 pixels and more")
            if lengths and _BITS not in lengths:
                return ()
            scaled = _middle(pixels)[..., ::-1].astype(np.float32) / 127.5 - 1.0  # blue first
            found = run(scaled.transpose(2, 0, 1)[None, :, None])
            bits = (found[0] > _THRESHOLD).astype(np.uint8)
            return (Word(bits, bits),)

        return read

    def meaning(self, word: Word) -> Meaning | None:
        """Return None: there is no error correction."""
        return None


def _middle(pixels: Pixels) -> Pixels:
    """Return the middle of a large picture: every part holds the mark, and the whole takes gigabytes."""
    height, width = (min(n, _MOST_SIDE) for n in pixels.shape[:2])
    top, left = (pixels.shape[0] - height) // 2, (pixels.shape[1] - width) // 2
    return pixels[top : top + height, left : left + width]


SCHEMES.register(RivaGan.about.name)(RivaGan())
