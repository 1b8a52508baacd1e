"""The contract of a scheme: what a reader of somebody else's mark needs, returns and cannot say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from forensics.media.types import Pixels
from forensics.registry import Registry

__all__ = ["SCHEMES", "About", "Decoder", "Meaning", "Message", "Scheme", "Word", "bits_of", "digits"]

Bits = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Message:
    """A payload to compare with.

    Attributes:
        name: What it is, in words.
        bits: Its bits, as in "0101".
        drawn: It was given by the user, and may have been drawn at random; else it is a published constant.
    """

    name: str
    bits: str
    drawn: bool = False


@dataclass(frozen=True, eq=False)
class Word:
    """Bits as a scheme's decoder reads them, from any picture.

    Attributes:
        raw: (n,) all bits.
        payload: (k,) those that compare with a payload of k bits, before any correction.
        how: What was done to read them, if not the usual; as in "red and blue swapped".
    """

    raw: Bits = field(repr=False)
    payload: Bits = field(repr=False)
    how: str = ""


@dataclass(frozen=True)
class Meaning:
    """What a scheme's own error correction makes of a word.

    Attributes:
        payload: Corrected bits, as in "0101".
        schema: Name of the layout, and of its code.
        corrected: How many bits were wrong.
        chance: Chance that the correction accepts a word of fair coins.
        text: The payload as text, if it is one.
    """

    payload: str
    schema: str
    corrected: int
    chance: float
    text: str | None = None


Decoder = Callable[[Pixels, Sequence[int]], tuple[Word, ...]]


@dataclass(frozen=True)
class About:
    """What is known of a scheme before it reads anything.

    Attributes:
        name: As the command line calls it.
        title: What it is, and whose.
        lengths: Bits that a payload may have; none named: any number.
        weights: Name of the file that it needs (see `weights.SOURCES`), None if it needs none.
        presence: What tells a marked picture from an unmarked one in the scheme itself.
        limits: What cannot be read, in one sentence.
        messages: Payloads that are known to the public.
    """

    name: str
    title: str
    lengths: tuple[int, ...]
    weights: str | None
    presence: str
    limits: str
    messages: tuple[Message, ...] = ()


class Scheme(Protocol):
    """A mark of somebody else.

    Attributes:
        about: What is known of it.
    """

    about: About

    def decoder(self, weights: bytes | None) -> Decoder:
        """Return what reads the words of (H, W, 3) pixels for payloads of some lengths.

        Without lengths it reads one word as the scheme does by default. Lengths that the scheme does not
        have are left out.

        Raises:
            MissingExtra: A package is missing.
            UsageError: The weights cannot be used; when reading: the picture is too small.
        """
        ...

    def meaning(self, word: Word) -> Meaning | None:
        """Return what the scheme's own error correction makes of a word; None if it has none or fails."""
        ...


SCHEMES: Registry[Scheme] = Registry(
    "forensics.watermark_schemes",
    tuple(
        f"forensics.watermark.others.{module}"
        for module in ("dwt_dct", "dwt_dct_svd", "rivagan", "trustmark", "videoseal")
    ),
)


def digits(bits: Bits) -> str:
    """Return bits as text, as in "0101"."""
    return "".join("1" if bit else "0" for bit in bits)


def bits_of(text: str) -> Bits:
    """Return the bits that a text as "0101" is."""
    return (np.frombuffer(text.encode(), np.uint8) - np.uint8(ord("0"))).astype(np.uint8)
