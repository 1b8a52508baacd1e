"""Which of many users was a picture made for?

The soft bits of a mark are compared with the code word of every user, so that a mark is assigned even where
too little of it is left to be decoded. The p-value is corrected for the number of users (union bound), as in
Fernandez et al. 2023, "The Stable Signature", section 3.2, arXiv:2303.15435. Identities that were counted up
have most of their bits in common, so only the bits that the tag makes look random count as evidence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError
from forensics.watermark.codecs import codec_named
from forensics.watermark.keys import Key
from forensics.watermark.payload import LAYOUTS, VERSION, identities_of, messages, parse_identity
from forensics.watermark.statistics import RADEMACHER, log10_normal_tail

__all__ = ["Identification", "Users"]

Floats = npt.NDArray[np.float32]
Words = npt.NDArray[np.uint8]

_CHUNK = 1 << 16


@dataclass(frozen=True)
class Identification:
    """Who a mark was made for.

    Attributes:
        user: Number of the user in the list given.
        identity: The user's identity in hexadecimal digits.
        log10_p: log10 of the chance that any user of the list fits so well a mark that is of none of them.
        agreement: Correlation of the mark with the user's whole code word, at most 1.
        runner_up: That of the next best user.
    """

    user: int
    identity: str
    log10_p: float
    agreement: float
    runner_up: float


class Users:
    """The code words of many users under one key.

    Args:
        key: The secret that pictures are marked with.
        identities: Their identities in hexadecimal digits.
        layout: Name of the layout they are marked with.
        codec: Name of the codec.
        version: Of the format: `SIGNED` for marks that decoders put in.

    Raises:
        UsageError: There is none or no such layout or codec, an identity does not fit, or one occurs twice.
    """

    def __init__(
        self,
        key: Key,
        identities: Sequence[str],
        layout: str = "standard",
        codec: str = "spread",
        *,
        version: int = VERSION,
    ) -> None:
        if not identities:
            raise UsageError("identification needs at least one user")
        if layout not in LAYOUTS:
            raise UsageError(f"no layout {layout!r}; there are: {', '.join(sorted(LAYOUTS))}", actual=layout)
        own = codec_named(codec).own(key)
        self.identities = tuple(identities)
        self.layout = LAYOUTS[layout]
        numbers = [parse_identity(text, self.layout) for text in identities]
        if len(set(numbers)) != len(numbers):
            raise UsageError("two users have the same identity")
        bits = identities_of(numbers, self.layout)
        chunks = [bits[start : start + _CHUNK] for start in range(0, len(bits), _CHUNK)]
        code = self.layout.code
        words = (code.encode(messages(own, chunk, self.layout, version)) for chunk in chunks)
        self._words = np.concatenate([np.packbits(each, axis=1) for each in words])

    def __len__(self) -> int:
        return len(self.identities)

    def identify(self, likelihoods: Floats) -> Identification:
        """Return the user whom a mark fits best.

        Args:
            likelihoods: (n,) soft bits of the mark, positive for +1.

        Raises:
            UsageError: They are those of another layout.
        """
        size = self.layout.code.size[0]
        if likelihoods.shape != (size,):
            raise UsageError(
                f"the mark has {len(likelihoods)} bits, the users' code words {size}",
                expected=size,
                actual=len(likelihoods),
            )
        norm = max(float(np.sqrt((likelihoods.astype(np.float64) ** 2).sum())), 1e-12)
        scores = _scores(self._words, likelihoods) / norm
        best = int(scores.argmax())
        rest = float(np.delete(scores, best).max()) if len(scores) > 1 else -math.inf
        log10_p = log10_normal_tail(self._evidence(best, likelihoods)) + math.log10(RADEMACHER * len(scores))
        root = math.sqrt(size)
        return Identification(
            best, self.identities[best], min(0.0, log10_p), float(scores[best]) / root, rest / root
        )

    def _evidence(self, user: int, likelihoods: Floats) -> float:
        """Return the correlation with the tag and the parity of a user, in deviations."""
        head = self.layout.version + self.layout.identity
        part = likelihoods[head:].astype(np.float64)
        signs = 1.0 - 2.0 * np.unpackbits(self._words[user])[head : len(likelihoods)]
        return float(signs @ part) / max(float(np.sqrt((part**2).sum())), 1e-12)


def _scores(words: Words, likelihoods: Floats) -> npt.NDArray[np.float64]:
    """Return (N,) sums of the soft bits, each negative where the (N, n/8) packed words have a 1.

    Eight bits at a time: a table says what each of their 256 values contributes.
    """
    padded = np.zeros(8 * words.shape[1], np.float64)
    padded[: len(likelihoods)] = likelihoods
    signs = 1.0 - 2.0 * np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)
    total = np.zeros(len(words), np.float64)
    for column, part in enumerate(padded.reshape(-1, 8)):
        total += (signs @ part)[words[:, column]]
    return total
