"""Payloads that a user expects: read from text, compared bit by bit."""

from __future__ import annotations

import re
from dataclasses import dataclass

from forensics.errors import UsageError
from forensics.watermark.others.base import Message

__all__ = ["Expected", "parse_expected"]

_HEX = re.compile(r"(?:0x|(?!0b))([0-9a-fA-F]+)")
_BINARY = re.compile(r"0b([01]+)")
_BINDING = re.compile(r"\d+\*([01]+)")  # the value of TrustMark's soft binding in C2PA
_BITS = (8, 1024)


@dataclass(frozen=True)
class Expected:
    """A payload to look for.

    Attributes:
        scheme: Name of the scheme; None: all that hold so many bits.
        message: The payload.
    """

    scheme: str | None
    message: Message


def parse_expected(text: str) -> Expected:
    """Return what a text as in "c0ffee11", "rivaGan=c0ffee11", "0b0101..." or "1*0101..." says.

    Args:
        text: Hexadecimal digits, four bits each, after `0x` if they begin with 0b; or bits after `0b`; or the
            value of a soft binding. After the name of a scheme and an equals sign, only that scheme is
            compared.

    Raises:
        UsageError: It is no such text, or has less than 8 or more than 1024 bits.

    Example:
        >>> parse_expected("rivaGan=c0ffee11").message.bits[:8]
        '11000000'
    """
    scheme, equals, value = text.rpartition("=")
    bits = _bits(value.strip())
    if not _BITS[0] <= len(bits) <= _BITS[1]:
        raise UsageError(
            f"{value!r} is no payload of 8 to 1024 bits: give hexadecimal digits, or bits after 0b",
            expected="hexadecimal digits",
            actual=value,
        )
    return Expected(scheme.strip() if equals else None, Message(f"given: {value.strip()}", bits, drawn=True))


def _bits(value: str) -> str:
    for pattern in (_BINARY, _BINDING):
        if match := pattern.fullmatch(value):
            return match[1]
    match = _HEX.fullmatch(value)
    return "".join(f"{int(digit, 16):04b}" for digit in match[1]) if match else ""
