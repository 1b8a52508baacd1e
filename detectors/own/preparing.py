"""From a picture to what a network of somebody else is shown of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from forensics.detectors.learned.tiles import cut_colour
from forensics.detectors.own.settings import InputSettings

__all__ = ["Shown", "inputs_of", "shown"]

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Shown:
    """Pieces of a picture.

    Attributes:
        pixels: (N, h, w, 3) uint8 RGB; N is 0 where there is nothing to show.
        corners: (N, 2) row and column of each on the picture's own grid; None for a picture that was scaled
            or is shown as a whole.
        reason: Why there is nothing; "" otherwise.
    """

    pixels: Pixels
    corners: npt.NDArray[np.int64] | None = None
    reason: str = ""


def shown(picture: Pixels, how: InputSettings) -> Shown:
    """Return what a network is shown of a picture.

    Args:
        picture: (H, W, 3) uint8 RGB on its own grid.
        how: Cutting and scaling.
    """
    if how.size == "tile":
        found = cut_colour(picture, how.side, how.tiles)
        reason = f"No square of {how.side} x {how.side} pixels is neither flat nor clipped."
        return Shown(found.pixels, found.corners, "" if len(found.pixels) else reason)
    if how.size == "centre":
        return _centre(picture, how.side)
    if how.size == "native":
        return _whole(picture, how)
    return Shown(_scaled(picture, how)[None])


def inputs_of(pixels: Pixels, how: InputSettings, kind: str = "float") -> npt.NDArray[Any]:
    """Return the input of a network.

    Args:
        pixels: (N, h, w, 3) uint8 RGB.
        how: Order, range and moments.
        kind: Of its values: "float", "float16" or "uint8".

    Returns:
        (N, planes, h, w) or (N, h, w, planes) of that kind.
    """
    if how.colours == "grey":  # ITU-R BT.601, as everywhere in this suite
        grey = pixels @ np.array([0.299, 0.587, 0.114], np.float32)
        planes = np.rint(grey)[..., None] if kind == "uint8" else grey[..., None]
    else:
        planes = pixels[..., ::-1] if how.colours == "bgr" else pixels
    if kind != "uint8":
        planes = planes.astype(np.float32) / np.float32(255 / how.range)
        planes = planes - np.array(how.mean or 0.0, np.float32)
        planes = planes / np.array(how.std or 1.0, np.float32)
    ordered = np.moveaxis(planes, -1, 1) if how.layout == "nchw" else planes
    return np.ascontiguousarray(ordered, _KINDS[kind])


_KINDS = {"float": np.float32, "float16": np.float16, "uint8": np.uint8}


def _centre(picture: Pixels, side: int) -> Shown:
    if min(picture.shape[:2]) < side:
        empty = np.empty((0, side, side, 3), np.uint8)
        return Shown(empty, reason=f"The picture is smaller than {side} x {side} pixels.")
    y, x = ((n - side) // 2 for n in picture.shape[:2])
    return Shown(picture[None, y : y + side, x : x + side], np.array([[y, x]]))


def _whole(picture: Pixels, how: InputSettings) -> Shown:
    height, width = (n - n % how.multiple for n in picture.shape[:2])
    empty = np.empty((0, 0, 0, 3), np.uint8)
    if not height or not width:
        return Shown(empty, reason=f"The picture has a side of less than {how.multiple} pixels.")
    if height * width > how.most_pixels:
        return Shown(empty, reason=f"The picture has more than {how.most_pixels} pixels.")
    return Shown(picture[None, :height, :width])


def _scaled(picture: Pixels, how: InputSettings) -> Pixels:
    """Return (side, side, 3) of the whole picture, or of the middle of it if `shorter` is asked for."""
    from PIL import Image

    height, width = picture.shape[:2]
    size, box = (how.side, how.side), (0.0, 0.0, float(width), float(height))
    if how.size == "shorter":  # what ends in the square, so that no huge strip is ever made
        seen = min(height, width) * how.side / how.shorter
        left, top = (width - seen) / 2, (height - seen) / 2
        box = (left, top, left + seen, top + seen)
    filters = {
        "nearest": Image.Resampling.NEAREST,
        "bilinear": Image.Resampling.BILINEAR,
        "bicubic": Image.Resampling.BICUBIC,
        "lanczos": Image.Resampling.LANCZOS,
    }
    found = Image.fromarray(picture).resize(size, filters[how.resample], box=box)
    return np.asarray(found, np.uint8)
