"""The data layout of TrustMark: payload, parity of a binary BCH code, four bits of version.

The payload is filled up to whole bytes with zeros before the parity is computed; the zeros are not embedded.
The last two bits name the code. Decoding is algebraic and hard, as there: up to t errors, by Berlekamp and
Massey (Massey 1969, "Shift-register synthesis and BCH decoding"), and a word further away is rejected.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from forensics.watermark.codes import generator_polynomial
from forensics.watermark.others.base import Meaning, bits_of, digits

__all__ = ["BITS", "SCHEMAS", "Schema", "decode", "encode"]

Bits = npt.NDArray[np.uint8]

BITS = 100
_PROTECTED = 96
_FIELD = 7  # GF(2^7), made by x^7 + x^3 + 1
_ORDER = 127
_PRIMITIVE = 0b10001001
_LETTER = 7  # bits of a character


@dataclass(frozen=True)
class Schema:
    """One of the four layouts.

    Attributes:
        name: As TrustMark calls it.
        data: Bits of payload.
        errors: Errors that are corrected.
    """

    name: str
    data: int
    errors: int

    @property
    def parity(self) -> int:
        """Bits of parity."""
        return _FIELD * self.errors

    @property
    def padding(self) -> int:
        """Zeros after the payload that are not embedded."""
        return -self.data % 8

    @property
    def chance(self) -> float:
        """Chance that a word of fair coins is accepted."""
        near = sum(math.comb(self.data + self.parity, i) for i in range(self.errors + 1))
        return float(near / 2**self.parity)


# In the order of the two bits that name them.
SCHEMAS = (
    Schema("BCH_SUPER", 40, 8),
    Schema("BCH_5", 61, 5),
    Schema("BCH_4", 68, 4),
    Schema("BCH_3", 75, 3),
)


def encode(payload: str, schema: Schema) -> Bits:
    """Return the (100,) bits that carry a payload.

    Args:
        payload: As many digits 0 and 1 as the schema has bits of data.
        schema: The layout.
    """
    value = int(payload, 2) << (schema.padding + schema.parity)
    parity = _remainder(value, generator_polynomial(_FIELD, schema.errors))
    version = SCHEMAS.index(schema)
    return bits_of(f"{payload}{parity:0{schema.parity}b}{version:04b}")


def decode(word: Bits) -> Meaning | None:
    """Return what error correction makes of (100,) bits; None if it rejects them."""
    if len(word) != BITS:
        return None
    schema = SCHEMAS[2 * int(word[-2]) + int(word[-1])]
    zeros = np.zeros(schema.padding, np.uint8)
    sent = np.concatenate([word[: schema.data], zeros, word[schema.data : _PROTECTED]])
    wrong = _errors(sent, schema.errors)
    hidden = range(schema.data, schema.data + schema.padding)
    if wrong is None or any(place in hidden for place in wrong):
        return None
    payload = sent[: schema.data].copy()
    for place in wrong:
        if place < schema.data:
            payload[place] ^= 1
    return Meaning(digits(payload), schema.name, len(wrong), schema.chance, _text(digits(payload)))


def _text(payload: str) -> str | None:
    """Return a payload of seven-bit characters, if it is a text."""
    codes = [int(payload[i : i + _LETTER], 2) for i in range(0, len(payload) - _LETTER + 1, _LETTER)]
    text = bytes(codes).rstrip(b"\0").decode("ascii").strip()
    return text if text and text.isprintable() else None


def _errors(word: Bits, most: int) -> list[int] | None:
    """Return the places where a word differs from the nearest code word, None if none is near enough."""
    logs = len(word) - 1 - np.flatnonzero(word)  # the first bit has the highest power
    syndromes = [_sum_of_powers(logs, j) for j in range(1, 2 * most + 1)]
    locator = _berlekamp_massey(syndromes)
    degree = len(locator) - 1
    roots = [power for power in range(len(word)) if _value(locator, -power) == 0]
    return [len(word) - 1 - power for power in roots] if len(roots) == degree <= most else None


def _sum_of_powers(logs: npt.NDArray[np.intp], j: int) -> int:
    total = 0
    for log in logs:
        total ^= _tables()[0][int(log) * j % _ORDER]
    return total


def _value(polynomial: list[int], log: int) -> int:
    """Return the polynomial at the power `log` of the primitive element."""
    total = 0
    for i, coefficient in enumerate(polynomial):
        total ^= _times(coefficient, _tables()[0][i * log % _ORDER])
    return total


# Massey 1969, algorithm 1, over GF(2^7): the shortest register that makes the syndromes.
def _berlekamp_massey(syndromes: list[int]) -> list[int]:
    """Return the error locator, constant term first, without leading zeros."""
    current, previous = [1], [1]
    length, shift, last = 0, 1, 1
    for n, _ in enumerate(syndromes):
        terms = zip(current, syndromes[n::-1], strict=False)
        discrepancy = 0
        for a, b in terms:
            discrepancy ^= _times(a, b)
        if discrepancy == 0:
            shift += 1
            continue
        scaled = [0] * shift + [_times(_divided(discrepancy, last), c) for c in previous]
        updated = _sum(current, scaled)
        if 2 * length <= n:
            length, previous, last, shift = n + 1 - length, current, discrepancy, 1
        else:
            shift += 1
        current = updated
    while len(current) > 1 and current[-1] == 0:
        current.pop()
    return current


def _sum(a: list[int], b: list[int]) -> list[int]:
    size = max(len(a), len(b))
    return [x ^ y for x, y in zip(a + [0] * (size - len(a)), b + [0] * (size - len(b)), strict=True)]


def _times(a: int, b: int) -> int:
    powers, logs = _tables()
    return powers[(logs[a] + logs[b]) % _ORDER] if a and b else 0


def _divided(a: int, b: int) -> int:
    powers, logs = _tables()
    return powers[(logs[a] - logs[b]) % _ORDER]


@cache
def _tables() -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the powers of the primitive element, and their logarithms."""
    powers, logs, value = [], [0] * (_ORDER + 1), 1
    for i in range(_ORDER):
        powers.append(value)
        logs[value] = i
        value = value << 1 ^ (_PRIMITIVE if value & 64 else 0)
    return tuple(powers), tuple(logs)


def _remainder(value: int, divisor: int) -> int:
    size = divisor.bit_length()
    while value.bit_length() >= size:
        value ^= divisor << (value.bit_length() - size)
    return value
