"""Splices made up of photos: another past meets the picture's own along an edge, in nothing else unlike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.detectors.train.delivery import Delivery, delivered

__all__ = ["Splice", "drawn_mask", "past", "spliced", "tiles_of"]

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

_SHARES = (0.15, 0.85)  # of a tile that is from elsewhere, so that its edge is in it


@dataclass(frozen=True, eq=False)
class Splice:
    """A picture and one with a part of another in it, saved alike.

    Attributes:
        forged: (H, W, 3) uint8 RGB.
        untouched: The same size: one of the two pictures, with one of the two pasts.
        share: (H, W) float32, 0 to 1: which share of each pixel is from elsewhere.
    """

    forged: Pixels
    untouched: Pixels
    share: Floats


def past(rng: np.random.Generator) -> Delivery:
    """Return what happened to a picture before: noise, blur, a JPEG, or several of them."""
    noisy, blurred, saved = rng.random(3) < (0.4, 0.3, 0.7)
    return Delivery(
        blur=float(rng.uniform(0.4, 1.0)) if blurred else 0.0,
        noise=float(rng.uniform(1.0, 6.0)) if noisy else 0.0,
        jpeg=int(rng.integers(50, 98)) if saved else 0,
        subsampled=bool(rng.random() < 0.5),
        seed=int(rng.integers(1 << 31)),
    )


def drawn_mask(shape: tuple[int, ...], rng: np.random.Generator) -> Floats:
    """Return (H, W) float32, 0 to 1: an ellipse or a polygon with an edge of up to three pixels.

    Args:
        shape: Rows and columns.
        rng: Draws it.
    """
    import cv2

    height, width = shape[:2]
    mask: Floats = np.zeros((height, width), np.float32)
    middle = rng.uniform(0.25, 0.75, 2) * (width, height)
    sizes = rng.uniform(0.18, 0.38, 2) * (width, height)
    if rng.random() < 0.5:
        angle = float(rng.uniform(0.0, 180.0))
        centre, axes = np.rint(middle).astype(int).tolist(), np.rint(sizes).astype(int).tolist()
        cv2.ellipse(mask, centre, axes, angle, 0.0, 360.0, 1.0, -1)
    else:
        angles = np.sort(rng.uniform(0.0, 2.0 * np.pi, int(rng.integers(4, 9))))
        far = rng.uniform(0.6, 1.2, (len(angles), 1))
        ring = middle + far * sizes * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        cv2.fillPoly(mask, [np.rint(ring).astype(np.int32)], 1.0)
    blur = float(rng.uniform(0.0, 1.5))
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), blur), np.float32) if blur > 0.3 else mask


def spliced(host: Pixels, donor: Pixels, rng: np.random.Generator, strength: float = 1.0) -> Splice:
    """Put a part of a picture into another one, each with a past of its own, and save that and one of both.

    Neither past tells anything: a picture that was not forged has one of the same two. The part is given the
    host's mean and deviation in half of all cases, as those who forge do.

    Args:
        host: (H, W, 3) uint8 RGB.
        donor: The same size.
        rng: Draws everything.
        strength: Of what is done at the end to both, 0-1.
    """
    pasts = past(rng), past(rng)
    mine, other = delivered(host, pasts[0]), delivered(donor, pasts[1])
    share = drawn_mask(host.shape, rng)
    part = _fitted(other, mine) if rng.random() < 0.5 else other.astype(np.float32)
    mixed = mine + share[..., None] * (part - mine)
    forged = np.asarray(np.clip(np.rint(mixed), 0, 255), np.uint8)
    whole = np.asarray(np.clip(np.rint(part), 0, 255), np.uint8)
    untouched = (mine, whole)[int(rng.integers(2))]
    last = _last(rng, strength)
    return Splice(delivered(forged, last), delivered(untouched, last), share)


def tiles_of(splice: Splice, side: int, rng: np.random.Generator, tries: int = 12) -> Pixels | None:
    """Return (2, S, S, 3): a tile through which an edge goes, and one from the same place of the other.

    Args:
        splice: Both pictures.
        side: Of a tile, a multiple of 8; tiles begin at multiples of 8.
        rng: Draws the place.
        tries: How often.

    Returns:
        None where no edge was met.
    """
    room = [(n - side) // 8 + 1 for n in splice.share.shape]
    for _ in range(tries):
        y, x = (8 * int(rng.integers(n)) for n in room)
        share = float(splice.share[y : y + side, x : x + side].mean())
        if _SHARES[0] < share < _SHARES[1]:
            return np.stack([p[y : y + side, x : x + side] for p in (splice.forged, splice.untouched)])
    return None


def _fitted(part: Pixels, host: Pixels) -> Floats:
    """Return a picture with half of the difference of mean and deviation to another one taken away."""
    a, b = part.astype(np.float32), host.astype(np.float32)
    mean, other = a.mean(axis=(0, 1)), b.mean(axis=(0, 1))
    spread = np.sqrt((b.std(axis=(0, 1)) + 1.0) / (a.std(axis=(0, 1)) + 1.0))
    return np.asarray((a - mean) * np.clip(spread, 0.5, 2.0) + 0.5 * (mean + other), np.float32)


def _last(rng: np.random.Generator, strength: float) -> Delivery:
    saved = rng.random() < 0.6
    quality = int(100 - strength * rng.integers(2, 26)) if saved else 0
    return Delivery(jpeg=quality, subsampled=bool(rng.random() < 0.5))
