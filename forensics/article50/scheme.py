"""Our watermarks by the names and values that Content Credentials give them.

The `alg` of a soft binding names an algorithm (C2PA 2.2, 18.10); ours are not in the C2PA list of algorithms.
The value is the payload in hexadecimal digits, or `KEY/LAYOUT/PAYLOAD` with the public id of the key.
"""

from __future__ import annotations

import re

from forensics.watermark.detection import Detection

__all__ = ["algorithm", "is_ours", "names", "same_payload"]

_NAMESPACE = "synthetic-media-forensics"
_OURS = re.compile(rf"{_NAMESPACE}\.(?:[\w-]+\.)*(?:spread|learned)(?:\.[\w-]+)*", re.ASCII)
_HEX = re.compile(r"[0-9a-fA-F]{1,64}")


def algorithm(codec: str) -> str:
    """Return the name of a codec as an algorithm.

    Example:
        >>> algorithm("spread")
        'synthetic-media-forensics.spread.1'
    """
    return f"{_NAMESPACE}.{codec}.1"


def is_ours(alg: str) -> bool:
    """Whether an algorithm is one of ours, of any version.

    Example:
        >>> is_ours(algorithm("spread")), is_ours("com.adobe.trustmark.P")
        (True, False)
    """
    return _OURS.fullmatch(alg) is not None


def names(value: str, found: Detection) -> bool:
    """Whether the value of a soft binding of ours is that of a mark that was found and read."""
    if found.payload is None:
        return False
    key, slash, rest = value.partition("/")
    layout, _, identity = rest.partition("/")
    if not slash:
        return same_payload(value, found.payload.identity)
    known = (key.lower(), layout) == (found.key, found.payload.layout)
    return known and same_payload(identity, found.payload.identity)


def same_payload(value: str, identity: str) -> bool:
    """Whether two texts are the same number in hexadecimal digits; leading zeros do not matter.

    Example:
        >>> same_payload("C0FFEE", "000c0ffee"), same_payload("2*10", "2")
        (True, False)
    """
    both = all(_HEX.fullmatch(text) for text in (value, identity))
    return both and int(value, 16) == int(identity, 16)
