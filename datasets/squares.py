"""Pictures of any kind to squares: read within limits, upright, cut or scaled."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from forensics.datasets.listing import Member
from forensics.errors import MediaError, MissingExtra, UnsupportedMedia
from forensics.media import Kind, Media, open_bytes
from forensics.media.source import PICTURE_BYTES

__all__ = ["SUFFIXES", "Cut", "Pixels", "centred", "cut", "picture_of", "squares_of", "upright"]

Pixels = npt.NDArray[np.uint8]
Cut: TypeAlias = Literal["pieces", "whole", "both"]

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
_PER_PICTURE = 16  # squares cut from one large picture
_ACROSS = 8  # squares over the shorter side, beyond which a picture is halved
_QUARTERS = {3: 2, 4: 2, 5: 3, 6: 3, 7: 1, 8: 1}  # turns counter-clockwise by EXIF orientation
_MIRRORED = (2, 4, 5, 7)


def picture_of(member: Member) -> Media | None:
    """Return the picture in a file, decoded; None if it is none, is damaged or far too large."""
    try:
        media = open_bytes(member.read(PICTURE_BYTES), member.parts[-1])
        if media.container.kind is Kind.VIDEO:
            raise UnsupportedMedia("a clip is no picture")
        _ = media.pixels
    except (MediaError, MissingExtra):
        return None
    return media


# EXIF 3.0, tag 274: where the first row and the first column of what is stored are to be seen.
def upright(media: Media) -> Pixels:
    """Return the pixels of a picture as it is to be looked at, (H, W, 3)."""
    orientation = media.image.orientation if media.image else 1
    turned = np.rot90(media.pixels, _QUARTERS.get(orientation, 0))
    return np.ascontiguousarray(turned[:, ::-1] if orientation in _MIRRORED else turned)


def centred(pixels: Pixels, side: int) -> Pixels:
    """Return the largest square in the middle of a picture, scaled down to a side.

    Args:
        pixels: (H, W, 3), both at least `side`.
        side: Of the result in pixels.
    """
    import cv2

    height, width = pixels.shape[:2]
    short = min(height, width)
    top, left = (height - short) // 2, (width - short) // 2
    square = pixels[top : top + short, left : left + short]
    return np.asarray(cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def cut(pixels: Pixels, side: int) -> list[Pixels]:
    """Return squares without overlap, at most 16: of a large picture, after it was halved some times.

    Args:
        pixels: (H, W, 3).
        side: Of the squares in pixels.
    """
    import cv2

    while min(pixels.shape[:2]) > _ACROSS * side:
        height, width = pixels.shape[:2]
        halved = cv2.resize(pixels, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        pixels = np.asarray(halved, np.uint8)
    rows, columns = (n // side for n in pixels.shape[:2])
    squares = pixels[: rows * side, : columns * side].reshape(rows, side, columns, side, 3).swapaxes(1, 2)
    return list(squares.reshape(-1, side, side, 3)[:_PER_PICTURE])


def squares_of(pixels: Pixels, side: int, how: Cut) -> list[Pixels]:
    """Return squares of a picture: its `pieces`, its middle scaled down so that it is `whole`, or `both`.

    Args:
        pixels: (H, W, 3).
        side: Of the squares in pixels; a smaller picture has none.
        how: Which of them.
    """
    if how == "pieces" or min(pixels.shape[:2]) < side:
        return cut(pixels, side)
    whole = [centred(pixels, side)]
    if how == "whole" or min(pixels.shape[:2]) == side:  # its pieces would be the same once more
        return whole
    return whole + cut(pixels, side)
