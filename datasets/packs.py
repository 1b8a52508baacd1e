"""Pictures to train on: those of a folder or tar archive, or procedural ones, as one array of squares."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from forensics.datasets.corpora import CORPORA
from forensics.datasets.listing import members_of, with_suffix
from forensics.datasets.numbering import at_least
from forensics.datasets.squares import SUFFIXES, cut, picture_of
from forensics.errors import UsageError

__all__ = ["PROCEDURAL", "Squares", "load_squares"]

Squares = npt.NDArray[np.uint8]
PROCEDURAL = "procedural"


def load_squares(source: str | Path, side: int, most: int = 20_000) -> Squares:
    """Return square pictures, (N, side, side, 3) uint8 RGB, in the order of their names.

    Larger pictures are halved while their shorter side holds more than eight squares, then cut into squares
    without overlap, at most 16 each; smaller ones are left out.

    Args:
        source: A folder, a tar archive, or the name of a procedural corpus: "procedural", "shapes",
            "textures".
        side: Side of the squares in pixels.
        most: At most so many.

    Raises:
        UsageError: There is no such source, nothing in it is a picture that is large enough, or a number is
            below 1.
    """
    at_least(1, side=side, most=most)
    if isinstance(source, str) and source in CORPORA:
        return CORPORA[source](0, most, side).pixels
    squares: list[Squares] = []
    for pixels in _pictures(source):
        squares += cut(pixels, side)[: most - len(squares)]
        if len(squares) >= most:
            break
    if not squares:
        raise UsageError(f"{source} holds no picture of at least {side} x {side} pixels", actual=str(source))
    return np.stack(squares)


def _pictures(source: str | Path) -> Iterator[Squares]:
    with members_of(source, sorted(CORPORA)) as members:
        for member in with_suffix(members, SUFFIXES):
            media = picture_of(member)
            if media is not None:
                yield media.pixels
