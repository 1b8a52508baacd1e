"""The pattern of a sensor: what every picture shows of it, and its best estimate from many pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.detectors.prnu.cleanup import cleaned
from forensics.detectors.prnu.residual import grey, residual
from forensics.errors import UsageError

__all__ = ["MIN_SIDE", "Fingerprint", "FingerprintBuilder", "Trace", "intensity_weight", "trace_of"]

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

MIN_SIDE = 64
_BRIGHT, _SOFT = 252.0, 6.0


@dataclass(frozen=True)
class Trace:
    """What one picture shows of the sensor that took it.

    Attributes:
        noise: (H, W) float32, the cleaned residual in grey levels.
        weight: (H, W) float32 in [0, 1], how strongly the pattern shows there: brightness, 0 where clipped.
    """

    noise: Floats
    weight: Floats

    @property
    def signal(self) -> Floats:
        """(H, W) float32: its correlation with a fingerprint is the matched filter."""
        return np.asarray(self.noise * self.weight, np.float32)


@dataclass(frozen=True)
class Fingerprint:
    """The pattern of one sensor.

    Attributes:
        plane: (H, W) float32 of mean 0 and standard deviation 1; the grid is that of the stored pictures.
        pictures: Number of pictures that it was estimated from.
    """

    plane: Floats
    pictures: int


def trace_of(pixels: Pixels, *, colour: bool = False) -> Trace:
    """Return what a picture shows of its sensor.

    Args:
        pixels: (H, W, 3) uint8 on the grid of the file.
        colour: Denoise each channel by itself: see `residual`.

    Raises:
        UsageError: The picture is smaller than `MIN_SIDE` in either direction.
    """
    _check(pixels)
    return Trace(cleaned(residual(pixels, colour=colour)), intensity_weight(pixels))


# The pattern multiplies the light, so it shows in proportion to it, and not where the sensor is full. The
# shape near white is that of the reference implementation of Goljan's group.
def intensity_weight(pixels: Pixels) -> Floats:
    """Return how strongly the pattern shows at each pixel.

    Args:
        pixels: (H, W, 3) uint8.

    Returns:
        (H, W) float32 in [0, 1]: the brightness, falling off above 252, and 0 at clipped pixels, which are
        those at the picture's maximum (if that is above 250) with an equal neighbour.
    """
    light = grey(pixels)
    weight = light / np.float32(_BRIGHT)
    bright = light > _BRIGHT
    weight[bright] = np.exp(-((light[bright] - np.float32(_BRIGHT)) ** 2) / np.float32(_SOFT))
    top = pixels.max(axis=2)
    most = int(top.max())
    if most > 250:
        weight[_with_equal_neighbour(top == most)] = 0
    return np.asarray(weight, np.float32)


# Chen, Fridrich, Goljan and Lukas 2008, eq. 6: K = sum W I / sum I^2, the maximum-likelihood estimate for
# W = I K + noise of equal variance.
class FingerprintBuilder:
    """Estimates a fingerprint from pictures of one camera, of which one at a time is in memory.

    Args:
        colour: Denoise each channel by itself: see `residual`.
    """

    def __init__(self, *, colour: bool = False) -> None:
        self._colour = colour
        self._above: Floats | None = None
        self._below: Floats | None = None
        self.pictures = 0

    def add(self, pixels: Pixels) -> Trace:
        """Take in one picture.

        Args:
            pixels: (H, W, 3) uint8, all of one size.

        Returns:
            What it shows, for whoever wants to compare it as well.

        Raises:
            UsageError: Its size is another one than that of the first, or it is too small.
        """
        _check(pixels)
        noise, weight = residual(pixels, colour=self._colour), intensity_weight(pixels)
        if self._above is None or self._below is None:
            self._above, self._below = np.zeros_like(noise), np.zeros_like(noise)
        if noise.shape != self._above.shape:
            expected, actual = (f"{s[1]}x{s[0]}" for s in (self._above.shape, noise.shape))
            raise UsageError(
                f"a picture of {actual} among pictures of {expected}: a fingerprint needs one size",
                expected=expected,
                actual=actual,
            )
        self._above = self._above + noise * weight
        self._below = self._below + weight * weight
        self.pictures += 1
        return Trace(cleaned(noise), weight)

    def joined(self, other: FingerprintBuilder) -> FingerprintBuilder:
        """Return a builder that has seen what both have."""
        both = FingerprintBuilder(colour=self._colour)
        for one in (self, other):
            if one._above is not None and one._below is not None:
                both._above = one._above if both._above is None else both._above + one._above
                both._below = one._below if both._below is None else both._below + one._below
        both.pictures = self.pictures + other.pictures
        return both

    def result(self) -> Fingerprint:
        """Return the fingerprint.

        Raises:
            UsageError: There was no picture, or nothing in them varies.
        """
        if self._above is None or self._below is None:
            raise UsageError("a fingerprint needs at least one picture", expected=">= 1", actual=0)
        # One more below: where all pictures are black the estimate goes to 0 and not to infinity.
        plane = cleaned(self._above / (self._below + 1))
        spread = float(plane.std(dtype=np.float64))
        if not spread > 0:
            raise UsageError("the pictures hold no noise at all: no fingerprint can be taken from them")
        return Fingerprint(np.asarray((plane - plane.mean()) / np.float32(spread), np.float32), self.pictures)


def _check(pixels: Pixels) -> None:
    if min(pixels.shape[:2]) < MIN_SIDE:
        size = f"{pixels.shape[1]}x{pixels.shape[0]}"
        raise UsageError(
            f"the picture is too small ({size}): at least {MIN_SIDE} pixels each way are needed",
            expected=MIN_SIDE,
            actual=size,
        )


def _with_equal_neighbour(at: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    beside = np.zeros_like(at)
    beside[1:] |= at[:-1]
    beside[:-1] |= at[1:]
    beside[:, 1:] |= at[:, :-1]
    beside[:, :-1] |= at[:, 1:]
    return at & beside
