"""What a mark says: an identity, and a tag that only the holder of the key can compute.

===========  =======  ========  ===  =============
layout       version  identity  tag  code
===========  =======  ========  ===  =============
``short``          0        16   16  BCH(123,32)
``standard``       4        36   24  BCH(127,64)
``long``           4       100   24  BCH(252,128)
===========  =======  ========  ===  =============
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError
from forensics.watermark.codes import LinearCode, bch, shortened
from forensics.watermark.keys import Key

__all__ = [
    "LAYOUTS",
    "SIGNED",
    "VERSION",
    "Layout",
    "Payload",
    "identities_of",
    "message",
    "messages",
    "parse_identity",
    "read_message",
]

Bits = npt.NDArray[np.uint8]

VERSION = 2  # 2: five signs of the content bind a mark; 1: one did, and is not judged any more
SIGNED = 3  # the format of marks that decoders put in, which no picture binds
_BLOCK = 16  # bytes
_HEX = re.compile(r"[0-9a-fA-F]{1,64}")


@dataclass(frozen=True)
class Layout:
    """How the bits of a message are shared out.

    Attributes:
        name: "short", "standard" or "long".
        version: Bits of the version.
        identity: Bits of the identity.
        tag: Bits of the tag.
        errors: Errors of a code word that algebraic decoding would correct.
        order: m of the code of length 2^m - 1 that is shortened to the message.
    """

    name: str
    version: int
    identity: int
    tag: int
    errors: int
    order: int

    @property
    def size(self) -> int:
        """Bits of a message."""
        return self.version + self.identity + self.tag

    @property
    def code(self) -> LinearCode:
        """The code that protects a message."""
        return _code(self.order, self.errors, self.size)

    @property
    def digits(self) -> int:
        """Hexadecimal digits of an identity."""
        return -(-self.identity // 4)


@dataclass(frozen=True)
class Payload:
    """A message as read.

    Attributes:
        layout: Name of its layout.
        version: Version of the format, 0 in the short layout.
        identity: The identity in hexadecimal digits.
        verified: The tag is that of the key.
    """

    layout: str
    version: int
    identity: str
    verified: bool


LAYOUTS = {
    layout.name: layout
    for layout in (
        Layout("standard", 4, 36, 24, errors=10, order=7),
        Layout("short", 0, 16, 16, errors=15, order=7),
        Layout("long", 4, 100, 24, errors=18, order=8),
    )
}


def parse_identity(text: str, layout: Layout) -> int:
    """Return the number that an identity in hexadecimal digits is.

    Raises:
        UsageError: It has other characters, or more bits than the layout holds.
    """
    value = int(text, 16) if _HEX.fullmatch(text) else -1
    if value < 0 or value >> layout.identity:
        raise UsageError(
            f"the payload {text!r} is not a number of at most {layout.digits} hexadecimal digits "
            f"({layout.identity} bits, layout {layout.name})",
            expected=f"{layout.identity} bits in hexadecimal",
            actual=text,
        )
    return value


def message(key: Key, identity: int, layout: Layout, version: int = VERSION) -> Bits:
    """Return the (k,) bits of a message: version, identity, tag."""
    (bits,) = messages(key, identities_of([identity], layout), layout, version)
    return np.asarray(bits, np.uint8)


def identities_of(numbers: Iterable[int], layout: Layout) -> Bits:
    """Return numbers as (N, identity) bits."""
    size = -(-layout.identity // 8)
    raw = b"".join(number.to_bytes(size, "big") for number in numbers)
    bits = np.unpackbits(np.frombuffer(raw, np.uint8).reshape(-1, size), axis=1)
    return np.asarray(bits[:, 8 * size - layout.identity :], np.uint8)


def messages(key: Key, identities: Bits, layout: Layout, version: int = VERSION) -> Bits:
    """Return the (N, k) bits of many messages.

    Args:
        key: The secret.
        identities: (N, identity) bits.
        layout: How the bits are shared out.
        version: Of the format; left out where the layout has no bits for it.
    """
    first = np.array([version >> i & 1 for i in reversed(range(layout.version))], np.uint8)
    head = np.concatenate([np.broadcast_to(first, (len(identities), len(first))), identities], axis=1)
    return np.concatenate([head, _tags(key, head, layout)], axis=1)


def read_message(key: Key, bits: Bits, layout: Layout) -> Payload:
    """Return what (k,) bits say under a key."""
    head, tag = bits[: layout.version + layout.identity], bits[layout.version + layout.identity :]
    verified = bool((tag == _tags(key, head[None], layout)[0]).all())
    version, identity = (int("".join(map(str, part)) or "0", 2) for part in np.split(head, [layout.version]))
    return Payload(layout.name, version, f"{identity:0{layout.digits}x}", verified)


# AES on single blocks is a pseudo-random function of each, and makes the tags of a million users at once.
def _tags(key: Key, heads: Bits, layout: Layout) -> Bits:
    """Return (N, tag) bits for (N, version + identity) bits."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    packed = np.packbits(heads, axis=1)
    blocks = np.zeros((len(heads), _BLOCK), np.uint8)
    blocks[:, : packed.shape[1]] = packed
    secret = key.mac(b"tag", 32, layout.name.encode())
    encryptor = Cipher(algorithms.AES(secret), modes.ECB()).encryptor()  # noqa: S305 - no block repeats
    sealed = np.frombuffer(encryptor.update(blocks.tobytes()) + encryptor.finalize(), np.uint8)
    return np.unpackbits(sealed.reshape(-1, _BLOCK), axis=1)[:, : layout.tag]


@cache
def _code(order: int, errors: int, size: int) -> LinearCode:
    return shortened(bch(order, errors), size)
