"""TrustMark: 100 bits by a network, error correction among them (Bui et al. 2023, arXiv:2311.18297)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forensics.media.types import Pixels
from forensics.watermark.others.base import SCHEMES, About, Decoder, Meaning, Word
from forensics.watermark.others.network import network, scaled_to
from forensics.watermark.others.trustmark_code import BITS, SCHEMAS, decode

__all__ = ["TrustMark"]

_ELONGATED = 2.0  # width over height, or the reverse, from which only the middle square is marked


class TrustMark:
    """The scheme `trustmark-q`, `-p`, `-b` or `-c`: one network each, which do not read each other.

    Args:
        variant: "Q", "P", "B" or "C".
        side: Of the square that the network sees.
        square: It sees the middle square of every picture, not only of elongated ones.
    """

    def __init__(self, variant: str, side: int, *, square: bool) -> None:
        self.about = About(
            name=f"trustmark-{variant.lower()}",
            title=f"TrustMark {variant} (C2PA: com.adobe.trustmark.{variant})",
            lengths=tuple(schema.data for schema in SCHEMAS),
            weights=f"trustmark-{variant.lower()}",
            presence=f"a flag that is up for one random word in {_flagged()} at least; it is not used here",
            limits="nothing is left after cropping away a fifth of the picture",
        )
        self._side, self._square = side, square

    def decoder(self, weights: bytes | None) -> Decoder:
        """Return the decoder that a file of weights is.

        Raises:
            MissingExtra: ONNX Runtime is missing.
            UsageError: That is no such network.
        """
        run = network(weights or b"", self.about.name, (BITS,))

        def read(pixels: Pixels, lengths: Sequence[int]) -> tuple[Word, ...]:
            seen = scaled_to(_middle(pixels, 1.0 if self._square else _ELONGATED), self._side)
            raw = (run(seen * 2.0 - 1.0)[0] > 0).astype(np.uint8)
            wanted = [length for length in lengths if length in self.about.lengths]
            return tuple(Word(raw, raw[:length]) for length in (wanted if lengths else [BITS]))

        return read

    def meaning(self, word: Word) -> Meaning | None:
        """Return what the code that the word's last two bits name makes of it."""
        return decode(word.raw)


def _flagged() -> int:
    """Return of how many random words one is accepted, by the code that its last two bits name."""
    return round(len(SCHEMAS) / sum(schema.chance for schema in SCHEMAS))


def _middle(pixels: Pixels, most: float) -> Pixels:
    """Return the middle square of a picture that is more elongated than this, else the picture."""
    height, width = pixels.shape[:2]
    if max(height, width) <= most * min(height, width):
        return pixels
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return pixels[top : top + side, left : left + side]


for _scheme in (
    TrustMark("Q", 256, square=False),
    TrustMark("P", 224, square=True),
    TrustMark("B", 256, square=False),
    TrustMark("C", 256, square=False),
):
    SCHEMES.register(_scheme.about.name)(_scheme)
