"""VideoSeal and PixelSeal: 256 bits by a network (Fernandez et al. 2024, arXiv:2412.09492)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from forensics.media.types import Pixels
from forensics.watermark.others.base import SCHEMES, About, Decoder, Meaning, Word
from forensics.watermark.others.network import Network, network, scaled_to

__all__ = ["VideoSeal"]

Floats = npt.NDArray[np.float32]

_SIDE = 256
_SIZES = (257, 97)  # a mask, and the bits: of version 1, and of the first
_ARCHIVE = b"PK"  # TorchScript is a ZIP archive; ONNX is not


class VideoSeal:
    """The scheme `videoseal`: a TorchScript file as its authors publish it, or an ONNX file.

    An ONNX file takes (1, 3, 256, 256) in [0, 1] and gives (1, 1 + n) or (1, 1 + n, h, w), the first of which
    is the mask that VideoSeal does not use.
    """

    about = About(
        name="videoseal",
        title="VideoSeal and PixelSeal (single pictures)",
        lengths=(256, 96),
        weights="videoseal",
        presence="none: bits are read from any picture",
        limits="frames of clips are not added up",
    )

    def decoder(self, weights: bytes | None) -> Decoder:
        """Return the decoder that a file of weights is.

        Raises:
            MissingExtra: ONNX Runtime, or for TorchScript torch, is missing.
            UsageError: That is no such network.
        """
        run = _loaded(weights or b"", self.about.name)

        def read(pixels: Pixels, lengths: Sequence[int]) -> tuple[Word, ...]:
            found = run(scaled_to(pixels, _SIDE))
            logits = found.reshape(1, found.shape[1], -1).mean(axis=2)[0, 1:]
            bits = (logits > 0).astype(np.uint8)
            return () if lengths and len(bits) not in lengths else (Word(bits, bits),)

        return read

    def meaning(self, word: Word) -> Meaning | None:
        """Return None: there is no error correction."""
        return None


def _loaded(data: bytes, name: str) -> Network:
    if not data.startswith(_ARCHIVE):
        return network(data, name, _SIZES)
    from importlib import import_module

    # By name: nothing that an audit imports may name a module that imports torch.
    module = import_module("forensics.watermark.others.torch_network")
    loaded: Network = module.torch_network(data, name, _SIZES)
    return loaded


SCHEMES.register(VideoSeal.about.name)(VideoSeal())
