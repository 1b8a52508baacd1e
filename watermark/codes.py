"""Error-correcting codes: binary BCH codes with soft decision.

A code word is decoded from log-likelihoods, not from bits, by ordered statistics (Fossorier & Lin 1995,
"Soft-decision decoding of linear block codes based on ordered statistics", IEEE Trans. IT 41(5)). That needs
no algebra beyond the generator matrix, and corrects more than the half of the minimum distance that
algebraic decoders stop at.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError

__all__ = ["Candidate", "LinearCode", "bch", "generator_polynomial", "shortened"]

Bits = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

# Primitive polynomials of GF(2^m), as in Lin & Costello, "Error Control Coding", appendix B.
_PRIMITIVE = {6: 0b1000011, 7: 0b10001001, 8: 0b100011101}
_THIRD_ORDER = 64  # bits of a message up to which three at once are flipped


@dataclass(frozen=True)
class Candidate:
    """A word that may have been sent.

    Attributes:
        message: (k,) bits.
        correlation: Sum of the log-likelihoods where the code word agrees less where it does not, over the
            sum of their magnitudes: 1 if it agrees everywhere.
    """

    message: Bits
    correlation: float


@dataclass(frozen=True, eq=False)
class LinearCode:
    """A systematic binary linear code.

    Attributes:
        name: As in "BCH(127,64)".
        generator: (k, n) bits; the first k columns are the identity.
    """

    name: str
    generator: Bits

    @property
    def size(self) -> tuple[int, int]:
        """Bits of a code word and of a message: n, k."""
        k, n = self.generator.shape
        return n, k

    def encode(self, message: Bits) -> Bits:
        """Return the (..., n) code words of (..., k) messages."""
        product = message.astype(np.float32) @ self.generator.astype(np.float32)
        return product.astype(np.uint8) & np.uint8(1)

    def decode(self, likelihoods: Floats, *, most: int = 1, quick: bool = False) -> tuple[Candidate, ...]:
        """Return the likeliest messages, best first.

        Args:
            likelihoods: (n,) log-likelihood ratios, positive where the bit is rather 0, in any unit.
            most: How many to return.
            quick: Trust the most reliable bits and return the one message that they give.
        """
        order = np.argsort(-np.abs(likelihoods), kind="stable")
        rows, basis = _reliable_basis(self.generator[:, order])
        values = likelihoods[order].astype(np.float64)
        start = _encode(rows, (values[basis] < 0).astype(np.uint8))
        flips = [] if quick else _likely_flips(rows, values * (1.0 - 2.0 * start), most)
        words = [start ^ word for word in flips] or [start]
        total = max(float(np.abs(values).sum()), 1e-12)
        found = [(float((values * (1.0 - 2.0 * word)).sum()) / total, word) for word in words]
        found.sort(key=lambda pair: -pair[0])
        back, k = np.argsort(order), self.size[1]
        return tuple(Candidate(word[back][:k], correlation) for correlation, word in found)


@cache
def bch(m: int, t: int) -> LinearCode:
    """Return the primitive binary BCH code of length 2^m - 1 that corrects t errors.

    Args:
        m: 6 to 8.
        t: Errors that any decoder corrects.

    Raises:
        UsageError: There is no such code here.
    """
    if m not in _PRIMITIVE or t < 1:
        raise UsageError(f"no BCH code with m = {m} and t = {t}", expected="m of 6 to 8", actual=m)
    n = (1 << m) - 1
    polynomial = generator_polynomial(m, t)
    redundant = polynomial.bit_length() - 1
    k = n - redundant
    if k < 1:
        raise UsageError(f"a code of {n} bits cannot correct {t} errors", actual=t)
    generator = np.zeros((k, n), np.uint8)
    for i in range(k):
        remainder = _remainder(1 << (n - 1 - i), polynomial)
        generator[i, i] = 1
        generator[i, k:] = [(remainder >> (redundant - 1 - j)) & 1 for j in range(redundant)]
    return LinearCode(f"BCH({n},{k})", generator)


def shortened(code: LinearCode, k: int) -> LinearCode:
    """Return a code whose messages are those that begin with zeros, without these.

    Args:
        code: A systematic code.
        k: Bits of a message, at most those of the code.
    """
    n, whole = code.size
    cut = whole - k
    if not 0 <= cut < whole:
        raise UsageError(f"{code.name} cannot be shortened to {k} bits", expected=f"1 to {whole}", actual=k)
    return LinearCode(f"BCH({n - cut},{k})", np.ascontiguousarray(code.generator[cut:, cut:]))


# Lin & Costello, section 6.1: the least common multiple of the minimal polynomials of a, a^3, ... a^(2t-1).
def generator_polynomial(m: int, t: int) -> int:
    """Return the generator polynomial as an integer: bit i is the coefficient of x^i."""
    powers = _powers(m)
    logarithm = {value: exponent for exponent, value in enumerate(powers)}
    order = len(powers)
    roots = {(odd << i) % order for odd in range(1, 2 * t, 2) for i in range(m)}
    product = [1]  # coefficients in GF(2^m), lowest first; in the end each is 0 or 1
    for root in sorted(roots):
        shifted_up = [0, *product]
        for i, c in enumerate(product):
            if c:
                shifted_up[i] ^= powers[(logarithm[c] + root) % order]
        product = shifted_up
    return sum(1 << i for i, c in enumerate(product) if c)


def _powers(m: int) -> list[int]:
    """Powers of a primitive element of GF(2^m)."""
    values, value = [], 1
    for _ in range((1 << m) - 1):
        values.append(value)
        value <<= 1
        if value >> m:
            value ^= _PRIMITIVE[m]
    return values


def _remainder(dividend: int, divisor: int) -> int:
    size = divisor.bit_length()
    while dividend.bit_length() >= size:
        dividend ^= divisor << (dividend.bit_length() - size)
    return dividend


def _reliable_basis(generator: Bits) -> tuple[Bits, npt.NDArray[np.int64]]:
    """Return a generator that is the identity on the first independent columns, and these columns."""
    rows = generator.copy()
    basis: list[int] = []
    for column in range(rows.shape[1]):
        rank = len(basis)
        ones = np.flatnonzero(rows[rank:, column])
        if not ones.size:
            continue
        pivot = rank + int(ones[0])
        if pivot != rank:
            rows[[rank, pivot]] = rows[[pivot, rank]]
        others = rows[:, column].astype(bool)
        others[rank] = False
        rows[others] ^= rows[rank]
        basis.append(column)
        if len(basis) == len(rows):
            break
    return rows, np.array(basis, np.int64)


def _encode(rows: Bits, message: Bits) -> Bits:
    return np.asarray(np.bitwise_xor.reduce(rows[message.astype(bool)], axis=0, initial=0), np.uint8)


def _likely_flips(rows: Bits, agreement: npt.NDArray[np.float64], most: int) -> list[Bits]:
    """Return the words whose addition raises the agreement most, of all sums of up to three rows.

    Args:
        rows: (k, n) generator on the reliable basis.
        agreement: (n,) log-likelihood of each bit of the first guess; a word flips the sign where it is 1.
        most: How many to return.
    """
    words = np.vstack([np.zeros(rows.shape[1], np.uint8), rows])  # the first flips nothing
    signs = 1.0 - 2.0 * words.astype(np.float32)
    weighted = signs * agreement.astype(np.float32)
    found: list[tuple[float, int, int, int]] = [(float(agreement.sum()), 0, 0, 0)]
    for i in range(len(words) - 2 if len(rows) <= _THIRD_ORDER else 1):
        start = i + 1 if i else 0
        pairs = (weighted[start:] * signs[i]) @ signs[start:].T
        pairs[np.tril_indices(len(pairs))] = -np.inf
        best = (
            np.argsort(pairs, axis=None)[-most:]
            if pairs.size <= most
            else np.argpartition(pairs, -most, axis=None)[-most:]
        )
        j, k = np.unravel_index(best, pairs.shape)
        found += [(float(pairs[a, b]), i, start + a, start + b) for a, b in zip(j, k, strict=True) if a < b]
    found.sort(reverse=True)
    return [words[i] ^ words[j] ^ words[k] for _, i, j, k in found[:most]]
