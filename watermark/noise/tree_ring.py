"""Tree-Ring: rings of the key in the spectrum of the noise (Wen et al. 2023, arXiv:2305.20030)."""

from __future__ import annotations

import math
from functools import cached_property
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError
from forensics.watermark.keys import Key
from forensics.watermark.noise.base import Floats, Found, check_noise
from forensics.watermark.noise.chances import log10_cap, log10_noncentral

__all__ = ["SCHEME", "TreeRing"]

Doubles = npt.NDArray[np.float64]

SCHEME = "tree-ring"
_SHARE = 4  # of a side that the largest ring has as its radius, as 1 / 4
_LEAST = -1e6  # log10 of the published p-value
_LEAST_RINGS = 8  # fewer values could be met by chance


class TreeRing:
    """Marks that say nothing but that they are there.

    In every ring around the middle of the spectrum of a channel, all values become one real number, which the
    key draws. Turning or flipping a picture turns and flips its noise, nearly, and a ring stays what it is.
    The mean of the noise is left alone. This changes the distribution of the noise: all that is drawn with a
    key shares its rings.

    Args:
        key: The secret.
        shape: (C, H, W) of the noise.
        radius: Of the largest ring, in steps of the spectrum; a quarter of the shorter side if 0.
        channels: How many are marked, the first ones; all if 0.

    Raises:
        UsageError: There is no such ring or channel, or there are too few for a detection.
    """

    scheme = SCHEME

    def __init__(self, key: Key, shape: tuple[int, ...], radius: int = 0, channels: int = 0) -> None:
        if len(shape) != 3:
            raise UsageError("rings are of noise with height and width", expected="(C, H, W)", actual=shape)
        self.shape: tuple[int, ...] = shape
        self.key = key
        short = min(shape[1:])
        self.radius = radius or short // _SHARE
        self.channels = channels or shape[0]
        if not (1 <= self.radius < short / 2 and 1 <= self.channels <= shape[0]):
            limits = f"radius below {short / 2:g}, at most {shape[0]} channels"
            raise UsageError(f"no such rings: {limits}", expected=limits, actual=(self.radius, self.channels))
        if self.radius * self.channels < _LEAST_RINGS:
            raise UsageError("too few rings for a detection", expected=_LEAST_RINGS, actual=self.radius)

    @cached_property
    def rings(self) -> npt.NDArray[np.int64]:
        """(H, W) number of the ring of each place of the spectrum, in the order of `numpy.fft`, or 0."""
        height, width = self.shape[1:]
        steps = min(height, width) * np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None, :])
        found = np.rint(steps).astype(np.int64)
        return np.where(found <= self.radius, found, 0)

    @cached_property
    def values(self) -> Doubles:
        """(channels, radius) values of the key, as strong together as those of noise are.

        Their direction is that of normal variables: as likely any as another.
        """
        secret = self.key.derived(f"noise {SCHEME} {self.shape}")
        words = secret.stream("rings", self.channels * self.radius)
        normal = NormalDist()
        drawn = np.array([normal.inv_cdf((int(word >> np.uint64(11)) + 0.5) / 2**53) for word in words])
        drawn *= math.sqrt(len(drawn)) / np.linalg.norm(drawn)
        return np.asarray(drawn.reshape(self.channels, self.radius))

    def mark(self, noise: Floats) -> Floats:
        """Return noise with the rings of the key.

        Args:
            noise: (N, C, H, W) standard normal numbers.

        Raises:
            UsageError: It has another shape.
        """
        check_noise(noise, self.shape)
        spectrum = self._spectrum(noise[:, : self.channels])
        for ring in range(1, self.radius + 1):
            spectrum[:, :, self.rings == ring] = self.values[:, ring - 1, None]
        marked = noise.copy()
        marked[:, : self.channels] = np.fft.ifft2(spectrum * self._middle.conj(), norm="ortho").real
        return marked

    # The test of a cone (Furon 2019): whatever the rings of a picture, the direction of the key is random.
    def detect(self, noise: Floats) -> Found:
        """Return how well the rings of noise fit those of the key.

        Args:
            noise: (C, H, W) of one picture.

        Raises:
            UsageError: It has another shape.
        """
        check_noise(noise, self.shape)
        if noise.ndim != 3:
            raise UsageError("the noise of one picture is looked at", expected=self.shape, actual=noise.shape)
        spectrum = self._spectrum(noise[: self.channels])
        means = [spectrum.real[:, self.rings == ring].mean(axis=1) for ring in range(1, self.radius + 1)]
        there, wanted = np.stack(means, axis=1).ravel(), self.values.ravel()
        length = float(np.linalg.norm(there) * np.linalg.norm(wanted))
        cosine = float(np.clip(there @ wanted / length, -1.0, 1.0)) if length > 0.0 else 0.0
        log10_p = log10_cap(cosine, wanted.size) if length > 0.0 else 0.0
        return Found(SCHEME, self.key.id, log10_p, cosine, published=self._published(spectrum))

    def _spectrum(self, noise: Floats) -> npt.NDArray[np.complex128]:
        """Return the spectrum of (..., H, W) noise, with its phases counted from the middle of a channel."""
        return np.asarray(np.fft.fft2(noise.astype(np.float64), norm="ortho") * self._middle)

    # Counted from a corner, phases change when a picture is turned or mirrored, and rings with them.
    @cached_property
    def _middle(self) -> npt.NDArray[np.complex128]:
        """(H, W) phases from the first value of a channel to its middle."""
        height, width = self.shape[1:]
        turns = np.add.outer(
            np.fft.fftfreq(height) * (height - 1) / 2, np.fft.fftfreq(width) * (width - 1) / 2
        )
        return np.asarray(np.exp(2j * np.pi * turns))

    # Wen et al. 2023, section 3. Of each pair of conjugate values one is counted: the other says the same.
    def _published(self, spectrum: npt.NDArray[np.complex128]) -> float:
        """Return log10 of the p-value of the paper: how near the spectrum is to the key for its strength."""
        height, width = self.shape[1:]
        upper = (np.fft.fftfreq(height)[:, None] + 1e-6 * np.fft.fftfreq(width)[None, :]) > 0.0
        chosen = upper & (self.rings > 0)
        there = spectrum[:, chosen]
        wanted = self.values[:, self.rings[chosen] - 1]
        power = float(np.mean(np.abs(there) ** 2)) / 2.0  # of each of both parts
        if power <= 0.0:
            return 0.0
        far = float(np.sum(np.abs(there - wanted) ** 2)) / power
        return max(_LEAST, log10_noncentral(far, 2.0 * there.size, float(np.sum(wanted**2)) / power))
