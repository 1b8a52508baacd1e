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

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError
from forensics.watermark.codes import LinearCode, bch, shortened
from forensics.watermark.keys import Key

__all__ = ["LAYOUTS", "VERSION", "Layout", "Payload", "message", "parse_identity", "read_message"]

Bits = npt.NDArray[np.uint8]

VERSION = 1


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
    try:
        value = int(text, 16)
    except ValueError:
        value = -1
    if value < 0 or value >> layout.identity or not text.isalnum():
        raise UsageError(
            f"the payload {text!r} is not a number of at most {layout.digits} hexadecimal digits "
            f"({layout.identity} bits, layout {layout.name})",
            expected=f"{layout.identity} bits in hexadecimal",
            actual=text,
        )
    return value


def message(key: Key, identity: int, layout: Layout) -> Bits:
    """Return the (k,) bits of a message: version, identity, tag."""
    version = VERSION if layout.version else 0
    whole = (version << layout.identity | identity) << layout.tag | _tag(key, version, identity, layout)
    return _bits_of(whole, layout.size)


def read_message(key: Key, bits: Bits, layout: Layout) -> Payload:
    """Return what (k,) bits say under a key."""
    whole = int("".join(map(str, bits.tolist())), 2)
    tag = whole & (1 << layout.tag) - 1
    identity = whole >> layout.tag & (1 << layout.identity) - 1
    version = whole >> layout.tag + layout.identity
    verified = tag == _tag(key, version, identity, layout)
    return Payload(layout.name, version, f"{identity:0{layout.digits}x}", verified)


def _tag(key: Key, version: int, identity: int, layout: Layout) -> int:
    text = f"{layout.name} {version} {identity:x}".encode()
    return int.from_bytes(key.mac(b"tag", 8, text), "big") >> 64 - layout.tag


def _bits_of(value: int, size: int) -> Bits:
    return np.array([value >> size - 1 - i & 1 for i in range(size)], np.uint8)


@cache
def _code(order: int, errors: int, size: int) -> LinearCode:
    return shortened(bch(order, errors), size)
