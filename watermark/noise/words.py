"""What the signs of noise say: words with a tag and a code, or bits as they are for little room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError
from forensics.watermark.codes import Bits
from forensics.watermark.keys import Key
from forensics.watermark.payload import LAYOUTS, Layout, Payload, message, parse_identity, read_message

__all__ = ["RAW", "Raw", "Tagged", "Words", "words_of"]

RAW = "raw"


class Words(Protocol):
    """How payloads become bits."""

    @property
    def size(self) -> int:
        """Bits of a word."""
        ...

    def encode(self, payload: str) -> Bits:
        """Return the (size,) bits of a payload in hexadecimal digits.

        Raises:
            UsageError: It has other characters, or more bits than there are.
        """
        ...

    def read(self, likelihoods: npt.NDArray[np.float32], *, quick: bool = False) -> Payload:
        """Return the likeliest payload.

        Args:
            likelihoods: (size,) log-likelihoods, positive where a bit is rather 0, in any unit.
            quick: Do not try what else might have been said.
        """
        ...


@dataclass(frozen=True)
class Tagged:
    """Words with a tag that only the key gives, and a code.

    Attributes:
        key: The secret.
        layout: How their bits are shared out.
    """

    key: Key
    layout: Layout

    @property
    def size(self) -> int:
        """Bits of a code word."""
        return self.layout.code.size[0]

    def encode(self, payload: str) -> Bits:
        """Return the code word of a payload."""
        identity = parse_identity(payload, self.layout)
        return self.layout.code.encode(message(self.key, identity, self.layout))

    def read(self, likelihoods: npt.NDArray[np.float32], *, quick: bool = False) -> Payload:
        """Return the payload of the likeliest code word, and whether it has the tag of the key."""
        (best,) = self.layout.code.decode(likelihoods, quick=quick)
        return read_message(self.key, best.message, self.layout)


@dataclass(frozen=True)
class Raw:
    """Bits as they are: without a tag, whatever is read is only as sure as its p-value.

    Attributes:
        size: How many, at least 1.
    """

    size: int

    def __post_init__(self) -> None:
        if self.size < 1:
            raise UsageError("a word has one bit at least", expected=">= 1", actual=self.size)

    def encode(self, payload: str) -> Bits:
        """Return the bits of a payload, the highest first."""
        value = parse_identity(payload, Layout(RAW, 0, self.size, 0, errors=0, order=0))
        return np.array([value >> i & 1 for i in reversed(range(self.size))], np.uint8)

    def read(self, likelihoods: npt.NDArray[np.float32], *, quick: bool = False) -> Payload:
        """Return what most of the signs say; there is no quicker way."""
        value = int("".join("1" if value < 0 else "0" for value in likelihoods), 2)
        return Payload(RAW, 0, f"{value:0{-(-self.size // 4)}x}", False)


def words_of(key: Key, layout: str, bits: int) -> Words:
    """Return how payloads become bits.

    Args:
        key: The secret.
        layout: Name: one of `payload.LAYOUTS`, or "raw".
        bits: Of a payload, in the layout "raw".

    Raises:
        UsageError: There is no such layout.
    """
    if layout == RAW:
        return Raw(bits)
    if layout not in LAYOUTS:
        known = ", ".join((*LAYOUTS, RAW))
        raise UsageError(f"there is no layout {layout!r}; there are: {known}", actual=layout)
    return Tagged(key, LAYOUTS[layout])
