"""A fingerprint as a record, and how many bits two of them differ in."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError

__all__ = ["BITS", "KINDS", "WORDS", "Fingerprint", "Kind", "Words", "distance"]

BITS = 256
WORDS = BITS // 64

Words = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Kind:
    """What is common to all fingerprints of one kind.

    Attributes:
        windows: How many parts of the picture have a code each; the first is the whole picture.
        least_quality: Below this quality a code says nothing: the picture is too flat.
        title: What it is, in words.
    """

    windows: int
    least_quality: float
    title: str


KINDS = MappingProxyType(
    {
        "dct": Kind(4, 0.5, "signs of low DCT coefficients of four nested windows"),
        "pdq": Kind(1, 0.5, "PDQ, for exchange with others"),
    }
)
"""Kinds of fingerprints by name."""


@dataclass(frozen=True)
class Fingerprint:
    """The code of a picture: 256 bits for each window.

    Attributes:
        kind: A name in `KINDS`.
        code: 32 bytes for each window of the kind, the whole picture first.
        quality: How much of the picture stands behind the bits, in [0, 1]; 0 for a flat one.

    Raises:
        UsageError: The kind is not known, or the code has another length.
    """

    kind: str
    code: bytes
    quality: float

    def __post_init__(self) -> None:
        kind = KINDS.get(self.kind)
        if kind is None:
            known = ", ".join(KINDS)
            raise UsageError(f"no such kind of fingerprint: {self.kind!r}", expected=known, actual=self.kind)
        size = kind.windows * BITS // 8
        if len(self.code) != size:
            raise UsageError(
                f"a {self.kind} fingerprint has {size} bytes, not {len(self.code)}",
                expected=size,
                actual=len(self.code),
            )
        if not 0 <= self.quality <= 1:
            raise UsageError("quality lies in [0, 1]", expected="[0, 1]", actual=self.quality)

    @classmethod
    def from_hex(cls, kind: str, text: str, quality: float = 1.0) -> Self:
        """Return the fingerprint of a code in hex.

        Raises:
            UsageError: It is not hex, or not a code of this kind.
        """
        try:
            code = bytes.fromhex(text)
        except ValueError:
            raise UsageError("a fingerprint is written in hex", actual=text[:80]) from None
        return cls(kind, code, quality)

    @property
    def hex(self) -> str:
        """The code in hex. That of PDQ is what other programs write."""
        return self.code.hex()

    @property
    def usable(self) -> bool:
        """Whether the picture has enough in it to be told from others."""
        return self.quality >= KINDS[self.kind].least_quality

    @property
    def words(self) -> Words:
        """(windows, 4) 64-bit words, first bit highest; read-only."""
        flat = np.frombuffer(self.code, ">u8").astype(np.uint64)
        words = flat.reshape(-1, WORDS)
        words.flags.writeable = False
        return words


def distance(one: Fingerprint, other: Fingerprint) -> int:
    r"""Return the fewest bits, 0 to 256, in which one whole picture differs from a window of the other.

    Whole against windows finds crops, windows against whole finds what was put into a border.

    Raises:
        UsageError: They are of different kinds.

    Example:
        >>> code = Fingerprint("pdq", bytes(31) + b"\x07", 1.0)
        >>> distance(code, Fingerprint("pdq", bytes(32), 1.0))
        3
    """
    if one.kind != other.kind:
        raise UsageError("fingerprints of different kinds cannot be compared", actual=(one.kind, other.kind))
    mine, theirs = one.words, other.words
    pairs = np.concatenate([mine[:1] ^ theirs, mine[1:] ^ theirs[:1]])
    return int(np.bitwise_count(pairs).sum(axis=1).min())
