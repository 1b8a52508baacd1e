"""Fingerprints of several generators in one file, and how unlikely it is that a photo bears one by chance."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.detectors.fingerprint.residue import noise_residuals
from forensics.detectors.learned.tiles import cut_colour
from forensics.errors import ModelError
from forensics.runtime.sessions import Session
from forensics.runtime.store import Bundle

__all__ = ["CORRELATE", "NAMES", "Book", "Match", "normal_tail", "open_book"]

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

CORRELATE, NAMES = "correlate.onnx", "fingerprints.json"
MOST = 64  # tiles of a picture
_LEAST = 1e-12


@dataclass(frozen=True)
class Match:
    """How much a picture bears the fingerprint of one generator.

    Attributes:
        name: Of the generator.
        correlation: Mean normalised correlation of the residuals of tiles with the fingerprint, -1 to 1.
        z: The same in standard deviations of what photos give.
        p_value: That a photo gives as much, for this generator alone.
    """

    name: str
    correlation: float
    z: float
    p_value: float


@dataclass(frozen=True)
class Book:
    """Fingerprints of generators.

    Attributes:
        names: Of the K generators.
        side: Of tiles, in pixels; multiples of it from the corner of a picture are where tiles lie.
        mean: (K,) of the correlations of photos, a tile each.
        deviation: (K,) of the same.
        correlate: (N, 3, S, S) residuals to (N, K) normalised correlations.
    """

    names: tuple[str, ...]
    side: int
    mean: Floats
    deviation: Floats
    correlate: Session

    def matches(self, picture: Pixels) -> tuple[tuple[Match, ...], int]:
        """Return what each fingerprint gives, the best first, and how many tiles were looked at.

        Tiles of a photo are taken for independent, which they nearly are: their residuals are noise.

        Args:
            picture: (H, W, 3) uint8 RGB on its own grid.
        """
        tiles = cut_colour(picture, self.side, MOST).pixels
        if not len(tiles):
            return (), 0
        found = self.correlate(noise_residuals(tiles))[0]
        mean = found.mean(axis=0)
        z = (mean - self.mean) / self.deviation * math.sqrt(len(tiles))
        rows = zip(self.names, mean.tolist(), z.tolist(), strict=True)
        told = [Match(name, float(c), float(value), normal_tail(float(value))) for name, c, value in rows]
        return tuple(sorted(told, key=lambda match: -match.z)), len(tiles)


def normal_tail(z: float) -> float:
    """Return the chance of a standard normal variable beyond z, at least 1e-12."""
    return max(0.5 * math.erfc(z / math.sqrt(2.0)), _LEAST)


def open_book(bundle: Bundle) -> Book:
    """Return the fingerprints in a bundle.

    Raises:
        MissingExtra: ONNX Runtime is not installed.
        ModelError: There are none in it, or its files are not those of its card.
    """
    try:
        told = json.loads(bundle.read(NAMES))
        names = tuple(map(str, told["names"]))
        mean, deviation = (_numbers(told[key], len(names)) for key in ("mean", "deviation"))
        side = int(told["side"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{bundle.folder} holds no fingerprints: {error}") from None
    if not names or side < 8 or not (deviation > 0).all():
        raise ModelError(f"{bundle.folder} holds no fingerprints", actual=str(bundle.folder))
    return Book(names, side, mean, deviation, Session(bundle.read(CORRELATE)))


def _numbers(values: Sequence[float], count: int) -> Floats:
    found = np.asarray(values, np.float32)
    if found.shape != (count,) or not np.isfinite(found).all():
        raise ValueError(f"{count} finite numbers are needed")
    return found
