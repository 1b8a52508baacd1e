"""A file as pieces of another sequence of bytes, and what stands between them; packed small, read with care.

The packed form is zlib over: the number of steps; three numbers for each step; the literal bytes. Numbers
have seven bits in each byte, least significant first; the second of a step is signed, as in ZigZag coding.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

from forensics.errors import LimitExceeded, RestorationError
from forensics.provenance.restoring.coded import MOST_SPANS, Span

__all__ = ["MOST_LITERALS", "Delta", "Step", "difference", "unpack"]

MOST_LITERALS = 16 << 20  # bytes that are kept of one file
_MOST_DIGITS = 9  # of a packed number: 63 bits
_MOST_PACKED = MOST_LITERALS + (MOST_LITERALS >> 8) + 64


@dataclass(frozen=True)
class Step:
    """Some literal bytes, then a piece of the base.

    Attributes:
        literal: How many literal bytes.
        jump: From the end of the piece before to the start of this one, in bytes of the base.
        piece: Length of the piece.
    """

    literal: int
    jump: int
    piece: int


@dataclass(frozen=True)
class Delta:
    """What has to be known to make a file from a base.

    Attributes:
        steps: In the order of the file.
        literals: All literal bytes, one after the other.
    """

    steps: tuple[Step, ...]
    literals: bytes = field(repr=False)

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return len(self.literals) + sum(step.piece for step in self.steps)

    def applied(self, base: bytes) -> bytes | None:
        """Return the file, None where the base is too short for it or would be used twice."""
        if self.size > len(self.literals) + len(base):
            return None
        parts: list[memoryview] = []
        literals, view, at, position = memoryview(self.literals), memoryview(base), 0, 0
        for step in self.steps:
            parts.append(literals[at : at + step.literal])
            at += step.literal
            position += step.jump
            if position < 0 or position + step.piece > len(base):
                return None
            parts.append(view[position : position + step.piece])
            position += step.piece
        return b"".join(parts)

    def pack(self) -> bytes:
        """Return it as bytes, which `unpack` reads."""
        numbers = chain((len(self.steps),), *((s.literal, _zigzag(s.jump), s.piece) for s in self.steps))
        return zlib.compress(b"".join(map(_digits, numbers)) + self.literals, 9)


def difference(data: bytes, spans: Iterable[Span]) -> Delta:
    """Describe a file by the parts of it that the base holds, one after the other.

    Args:
        data: The file.
        spans: These parts, in the order of the base; they do not overlap.

    Raises:
        LimitExceeded: What stands between them is too much to be kept.
    """
    view, literals, steps = memoryview(data), [], []
    position = expected = 0
    for start, end, base in _joined(spans):
        literals.append(view[position:start])
        steps.append(Step(start - position, base - expected, end - start))
        position, expected = end, base + end - start
    literals.append(view[position:])
    steps.append(Step(len(data) - position, 0, 0))
    total = sum(map(len, literals))
    if total > MOST_LITERALS:
        raise LimitExceeded(
            f"{total} bytes of this file are no part of its picture",
            expected=f"<= {MOST_LITERALS}",
            actual=total,
        )
    return Delta(tuple(steps), b"".join(literals))


def unpack(packed: bytes) -> Delta:
    """Read what `Delta.pack` wrote.

    Raises:
        RestorationError: It is broken, or expands past what is ever kept.
    """
    raw = _inflated(packed)
    numbers, position = _numbers(raw, 0, 1)
    count = numbers[0]
    if count > MOST_SPANS + 1:
        raise RestorationError("the record names too many steps", expected=f"<= {MOST_SPANS}", actual=count)
    numbers, position = _numbers(raw, position, 3 * count)
    triples = zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True)
    steps = tuple(Step(literal, _signed(jump), piece) for literal, jump, piece in triples)
    literals = raw[position:]
    if sum(step.literal for step in steps) != len(literals):
        raise RestorationError("the record does not hold the bytes that it names")
    return Delta(steps, literals)


def _joined(spans: Iterable[Span]) -> Iterator[tuple[int, int, int]]:
    """Yield start, end and place in the base of the parts in the order of the file, neighbours as one."""
    placed, base = [], 0
    for span in spans:
        placed.append((span.start, span.end, base))
        base += span.end - span.start
    last: tuple[int, int, int] | None = None
    for start, end, at in sorted(placed):
        if last is not None and last[1] == start and last[2] + last[1] - last[0] == at:
            last = (last[0], end, last[2])
            continue
        if last is not None:
            yield last
        last = (start, end, at)
    if last is not None:
        yield last


def _inflated(packed: bytes) -> bytes:
    stream = zlib.decompressobj()
    try:
        raw = stream.decompress(packed, _MOST_PACKED + 16 * MOST_SPANS)
    except zlib.error as error:
        raise RestorationError(f"the record cannot be expanded: {error}") from error
    if not stream.eof or stream.unused_data:
        raise RestorationError("the record is cut, too large, or goes on behind its end")
    return raw


def _numbers(raw: bytes, position: int, count: int) -> tuple[list[int], int]:
    found = []
    for _ in range(count):
        value = shift = 0
        while True:
            if position >= len(raw) or shift >= 7 * _MOST_DIGITS:
                raise RestorationError("a number in the record is broken")
            byte = raw[position]
            position += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        found.append(value)
    return found, position


def _digits(value: int) -> bytes:
    digits = bytearray()
    while value >= 0x80:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    digits.append(value)
    return bytes(digits)


def _zigzag(value: int) -> int:
    return value << 1 if value >= 0 else (-value << 1) - 1


def _signed(value: int) -> int:
    return value >> 1 if not value & 1 else -((value + 1) >> 1)
