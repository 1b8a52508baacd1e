"""From what a mark tells of the geometry of a picture to comparing it with the original's fingerprint."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from forensics.fingerprints import Fingerprint
from forensics.fingerprints.dct import SIDE
from forensics.fingerprints.placed import placed_codes, placed_distances
from forensics.media import Pixels

__all__ = ["Frame", "Nearness", "Part", "compared", "linear_map", "part_of"]

Floats = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float64]

_STEP = 4  # of 256: finer than the finest wave of a code needs
_SLACK = 1  # steps by which sizes may be misjudged
_SLANT = 0.01  # tangent of the angle from which a picture counts as turned
_EVEN = 6  # grey levels that compression moves an even corner by
_WEDGE = 0.25  # share of the picture that one corner may be at most
_LARGEST = 2.5  # of the original's side: beyond that a picture holds much else


@dataclass(frozen=True)
class Frame:
    """The size of an original.

    Attributes:
        width: In pixels.
        height: In pixels.
    """

    width: int
    height: int


@dataclass(frozen=True)
class Part:
    """What a picture shows of an original, upright and on the scale of its fingerprint.

    Attributes:
        values: (h, w) luma less its mean, 0 where nothing is shown; the whole original is 256 x 256.
        share: Share of the original's area that it can show at most, in [0, 1].
    """

    values: Floats
    share: float


@dataclass(frozen=True)
class Nearness:
    """How near a picture comes to an original at the best place.

    Attributes:
        bits: Bits in which they differ, the mean over four windows of 256 bits each.
        tries: How many places were tried.
        left: Where the picture begins in the original, in shares of its width.
        top: The same, of its height.
    """

    bits: float
    tries: int
    left: float
    top: float


def linear_map(scale: float, *, rotation: float, mirrored: bool, aspect: float, shear: float) -> Matrix:
    """Return the (2, 2) map from the pixels of an original to those of a picture, x and y downwards.

    Args:
        scale: Size of the picture's detail over that of the original.
        rotation: Degrees counter-clockwise.
        mirrored: Left to right, before the rotation.
        aspect: Change of width over height.
        shear: Degrees by which the corners differ from right angles.
    """
    turn, lean = np.radians(rotation), np.radians(shear)
    along = np.array([np.cos(turn), -np.sin(turn)])
    upright = np.array([np.sin(turn), np.cos(turn)])
    across = along * scale * aspect**0.5
    down = (np.cos(lean) * upright + np.sin(lean) * along) * scale / (aspect**0.5 * np.cos(lean))
    return np.stack([-across if mirrored else across, down], axis=1)


def part_of(pixels: Pixels, linear: Matrix, frame: Frame) -> Part | None:
    """Return what a picture shows of an original; None where it holds far more than that, or too little.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        linear: (2, 2) from pixels of the original to those of the picture.
        frame: Size of the original.
    """
    grey = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY).astype(np.float32)
    there = np.diag([SIDE / frame.width, SIDE / frame.height]) @ np.linalg.inv(linear)
    grey, there = _shrunk(grey, there)
    shown = _without_corners(grey) if _slanting(there) else np.ones(grey.shape, np.uint8)
    height, width = grey.shape
    corners = there @ np.array([[0, width, 0, width], [0, 0, height, height]], np.float64)
    low, high = corners.min(axis=1), corners.max(axis=1)
    columns, rows = (max(1, int(n)) for n in np.rint(high - low))
    if max(columns, rows) > _LARGEST * SIDE:
        return None
    # Pixels have their middles at a half.
    shift = there @ [0.5, 0.5] - low - 0.5
    warp = np.column_stack([there, shift])
    size = (columns, rows)
    seen = np.asarray(
        cv2.warpAffine(grey, warp, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32
    )
    inside = cv2.warpAffine(shown, warp, size, flags=cv2.INTER_NEAREST) > 0
    if not inside.any():
        return None
    values = np.where(inside, seen - seen[inside].mean(), np.float32(0))
    left, top, wide, tall = cv2.boundingRect(inside.astype(np.uint8))
    kept = np.asarray(values[top : top + tall, left : left + wide], np.float32)
    return Part(kept, min(1.0, float(inside.sum()) / SIDE**2))


def compared(part: Part, fingerprints: list[Fingerprint]) -> list[Nearness]:
    """Return how near a part comes to each of some originals, at the best of all places.

    Args:
        part: From `part_of`.
        fingerprints: Of the originals, of kind "dct".
    """
    rows, columns = (_places(size) for size in part.values.shape)
    codes = placed_codes(part.values, rows, columns)
    found = []
    for fingerprint in fingerprints:
        bits = placed_distances(codes, fingerprint)
        row, column = np.unravel_index(int(bits.argmin()), bits.shape)
        found.append(
            Nearness(float(bits[row, column]), bits.size, columns[int(column)] / SIDE, rows[int(row)] / SIDE)
        )
    return found


def _slanting(linear: Matrix) -> bool:
    """Whether a map turns by anything but right angles."""
    straight, crossed = np.abs(np.diag(linear)).sum(), np.abs(np.diag(linear[::-1])).sum()
    return bool(min(straight, crossed) > _SLANT * max(straight, crossed))


def _without_corners(grey: Floats) -> npt.NDArray[np.uint8]:
    """Return 1 where a picture that was turned is picture, 0 in the even corners that turning it left."""
    height, width = grey.shape
    seen = np.zeros((height + 2, width + 2), np.uint8)
    plane = np.asarray(np.clip(grey, 0, 255), np.uint8)
    flags = 4 | cv2.FLOODFILL_MASK_ONLY | cv2.FLOODFILL_FIXED_RANGE
    for corner in ((0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)):
        filled = seen.copy()
        area, *_ = cv2.floodFill(plane, filled, corner, 0, _EVEN, _EVEN, flags)
        if area <= _WEDGE * grey.size:
            seen = filled
    return np.asarray(cv2.erode(1 - seen[1:-1, 1:-1], np.ones((3, 3), np.uint8)), np.uint8)


def _places(size: int) -> tuple[int, ...]:
    """Return where a part of one side may begin: anywhere inside, or with the whole inside it."""
    room = SIDE - size
    steps = -(-abs(room) // _STEP)
    inside = np.rint(np.linspace(0, room, steps + 1)).astype(int).tolist() if room else [0]
    first, last = min(inside), max(inside)
    beyond = [_STEP * n for n in range(1, _SLACK + 1)]
    return tuple(sorted({*inside, *(first - n for n in beyond), *(last + n for n in beyond)}))


def _shrunk(grey: Floats, there: Matrix) -> tuple[Floats, Matrix]:
    """Average a picture down to about its final size, so that fine detail does not fold into the code."""
    height, width = grey.shape
    across, down = np.hypot(*there)
    size = tuple(max(1, round(n * min(1.0, by))) for n, by in ((width, across), (height, down)))
    if size == (width, height):
        return grey, there
    small = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.float32)
    return small, there @ np.diag([width / size[0], height / size[1]])
