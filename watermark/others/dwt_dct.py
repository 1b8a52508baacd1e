"""dwtDct of invisible-watermark: what Stable Diffusion's own programs embed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forensics.watermark.others.base import SCHEMES, About, Decoder, Meaning, Message, Word, digits
from forensics.watermark.others.blocks import block_decoder

__all__ = ["MESSAGES", "DwtDct"]

Doubles = npt.NDArray[np.float64]


def _text(name: str, text: str) -> Message:
    return Message(name, digits(np.unpackbits(np.frombuffer(text.encode(), np.uint8))))


# Constants of public programs: scripts/txt2img.py of CompVis/stable-diffusion and of
# Stability-AI/stablediffusion; WATERMARK_MESSAGE of Stability-AI/generative-models and diffusers, and that of
# black-forest-labs/flux, which is written with 48 digits, of which bin() drops the two leading zeros.
MESSAGES = (
    _text("Stable Diffusion 1", "StableDiffusionV1"),
    _text("Stable Diffusion 2", "SDV2"),
    Message("Stable Diffusion XL", f"{0xB3EC907BB19E:b}"),
    Message("FLUX.1", f"{0x2AFE879CF52E:b}"),
)


class DwtDct:
    """The scheme `dwtDct`."""

    about = About(
        name="dwtDct",
        title="invisible-watermark dwtDct (Stable Diffusion, FLUX.1)",
        lengths=(),
        weights=None,
        presence="none: bits are read from any picture",
        limits="many bits are wrong even in the marked file, and all after resizing, cropping or JPEG",
        messages=MESSAGES,
    )

    def decoder(self, weights: bytes | None) -> Decoder:
        """Return the decoder; it needs no weights."""
        return block_decoder(_strongest)

    def meaning(self, word: Word) -> Meaning | None:
        """Return None: there is no error correction."""
        return None


# The block's largest coefficient but the first carries the bit. Despite the name, there is no DCT.
def _strongest(blocks: Doubles) -> Doubles:
    """Return (n,) magnitudes."""
    return np.asarray(np.abs(blocks.reshape(len(blocks), -1)[:, 1:]).max(axis=1))


SCHEMES.register(DwtDct.about.name)(DwtDct())
