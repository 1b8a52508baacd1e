"""Gaussian Shading: the signs of the noise say a payload, in cipher (Yang et al. 2024, arXiv:2404.04956)."""

from __future__ import annotations

import hashlib
import math
from functools import cached_property

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError
from forensics.watermark.keys import Key
from forensics.watermark.noise.base import Floats, Found, check_noise
from forensics.watermark.noise.chances import log10_squares
from forensics.watermark.noise.words import words_of
from forensics.watermark.statistics import RADEMACHER, log10_normal_tail

__all__ = ["PADS", "SCHEME", "GaussianShading"]

Signs = npt.NDArray[np.float32]

SCHEME = "gaussian-shading"
PADS = 256
_WORTH_READING = -2.0  # log10 p-value above which a word is not searched for
_LEAST_REPEATS = 2  # a bit that is said once says nothing of whether it was said


# Yang et al. 2024, section 4.1, with one bit for each value: a bit chooses the half of the normal
# distribution that a value is drawn from, and a value drawn from all of it keeps its magnitude there.
class GaussianShading:
    """Marks with a payload, which leave every value of the noise normal and independent of all others.

    The bits of a word are repeated over all places, in an order that the key draws, and added to a pad of
    random bits of the key. With one pad, all noise of a payload would have the same signs, and pictures
    would look alike; so there are many, and the noise that a picture begins with says which is taken.

    Args:
        key: The secret.
        shape: Of the noise, any.
        payload: What `mark` says, in hexadecimal digits.
        layout: How payloads become bits: "short", "standard", "long", or "raw", without tag and code.
        bits: Of a payload, in the layout "raw".
        pads: How many there are; the same number has to be known to find a mark.

    Raises:
        UsageError: The noise has no room for the words, the payload is none, or there is no such layout.
    """

    scheme = SCHEME

    def __init__(
        self,
        key: Key,
        shape: tuple[int, ...],
        payload: str = "0",
        layout: str = "standard",
        bits: int = 16,
        pads: int = PADS,
    ) -> None:
        self.key, self.shape, self.pads = key, shape, pads
        self._secret = key.derived(f"noise {SCHEME} {shape}")
        self.words = words_of(self._secret, layout, bits)
        room = math.prod(shape) // _LEAST_REPEATS
        if self.words.size > room or pads < 1:
            raise UsageError(
                f"noise of {math.prod(shape)} values has room for words of at most {room} bits, not "
                f"{self.words.size}, under one pad at least",
                expected=room,
                actual=self.words.size,
            )
        self._word = self.words.encode(payload)

    @property
    def repeats(self) -> int:
        """How often each bit is said, at least."""
        return math.prod(self.shape) // self.words.size

    @cached_property
    def bit_of(self) -> npt.NDArray[np.int64]:
        """(V,) number of the bit that each of the V values says."""
        count = math.prod(self.shape)
        order = np.argsort(self._secret.stream("places", count), kind="stable")
        found = np.empty(count, np.int64)
        found[order] = np.arange(count) % self.words.size
        return found

    @cached_property
    def signs(self) -> Signs:
        """(pads, V) signs that are added to those of the bits: multiplied, as +1 and -1."""
        count = self.pads * math.prod(self.shape)
        bits = np.unpackbits(self._secret.stream("pads", -(-count // 64)).view(np.uint8))[:count]
        return np.asarray(1.0 - 2.0 * bits.reshape(self.pads, -1), np.float32)

    def mark(self, noise: Floats) -> Floats:
        """Return noise of the same magnitudes whose signs say the payload.

        Args:
            noise: (N, *shape) standard normal numbers.

        Raises:
            UsageError: It has another shape.
        """
        check_noise(noise, self.shape)
        size = np.abs(noise).reshape(-1, math.prod(self.shape))
        pads = [self._pad_of(each) for each in size]
        said = 1.0 - 2.0 * self._word[self.bit_of].astype(np.float32)
        return np.asarray(size * said * self.signs[pads], np.float32).reshape(noise.shape)

    def detect(self, noise: Floats) -> Found:
        """Return what the signs of noise say, weighted by how far from zero the values are.

        Args:
            noise: (*shape) of one picture.

        Raises:
            UsageError: It has another shape.
        """
        votes, energy = self._votes(noise)
        there = energy > 0.0
        totals = (votes[:, there] ** 2 / energy[there]).sum(axis=1)
        pad = int(np.argmax(totals))
        log10_p = log10_squares(float(totals[pad]), int(there.sum())) + math.log10(self.pads)
        payload = self.words.read(votes[pad].astype(np.float32), quick=log10_p > _WORTH_READING)
        word = self.words.encode(payload.identity)
        said = self.signs[pad] * (1.0 - 2.0 * word[self.bit_of].astype(np.float32))
        agreement = float((np.sign(noise.ravel()) == said).mean())
        return Found(SCHEME, self.key.id, min(0.0, log10_p), agreement, payload)

    def log10_p_of(self, noise: Floats, payload: str) -> float:
        """Return log10 of the chance that noise made without the key says a known payload so clearly.

        This sees weaker marks than `detect`, which has to find out what they say.

        Args:
            noise: (*shape) of one picture.
            payload: What was asked for before the noise was seen.

        Raises:
            UsageError: The noise has another shape, or the payload is none.
        """
        word = 1.0 - 2.0 * self.words.encode(payload).astype(np.float64)
        votes, energy = self._votes(noise)
        if not energy.any():
            return 0.0
        most = float((votes @ word).max()) / math.sqrt(float(energy.sum()))
        return min(0.0, log10_normal_tail(most) + math.log10(RADEMACHER * self.pads))

    def _votes(self, noise: Floats) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return (pads, size) sums of what says each bit under each pad, and their (size,) variances."""
        check_noise(noise, self.shape)
        if noise.ndim != len(self.shape):
            raise UsageError("the noise of one picture is looked at", expected=self.shape, actual=noise.shape)
        values = noise.ravel()[self._order]
        starts = np.searchsorted(self.bit_of[self._order], np.arange(self.words.size))
        votes = np.add.reduceat(self._ordered_signs * values, starts, axis=1)
        return votes.astype(np.float64), np.add.reduceat(values.astype(np.float64) ** 2, starts)

    @cached_property
    def _order(self) -> npt.NDArray[np.int64]:
        """(V,) values, those of one bit beside each other."""
        return np.argsort(self.bit_of, kind="stable")

    @cached_property
    def _ordered_signs(self) -> Signs:
        return np.ascontiguousarray(self.signs[:, self._order])

    def _pad_of(self, size: npt.NDArray[np.float32]) -> int:
        """Return the number of the pad that magnitudes take."""
        digest = hashlib.sha256(np.ascontiguousarray(size, "<f4").tobytes()).digest()
        return int.from_bytes(digest[:8], "big") % self.pads
