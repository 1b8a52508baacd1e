"""Pieces of films: frames that follow one another, as squares."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from forensics.datasets.squares import centred
from forensics.errors import UnsupportedMedia
from forensics.media import Kind, Limits, open_media

__all__ = ["FILMS", "pieces_of"]

Pixels = npt.NDArray[np.uint8]

FILMS = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi")
_SECONDS = 120.0  # that decoding one film may take
_PIXELS = 64_000_000  # of a frame


def pieces_of(path: Path, side: int, frames: int, most: int) -> Iterator[Pixels]:
    """Yield pieces of a film, spread over its length: no frame is in two of them.

    Where the film breaks, no more pieces follow.

    Args:
        path: The film.
        side: Of the frames: the middle square of each, scaled down.
        frames: Of each piece.
        most: At most so many pieces.

    Returns:
        (frames, side, side, 3) uint8 each; none if the film is smaller or shorter.

    Raises:
        MediaError: The film cannot be read.
        MissingExtra: PyAV is not installed.
    """
    media = open_media(path, Limits(frames=most * frames, seconds=_SECONDS, pixels=_PIXELS))
    if media.container.kind is not Kind.VIDEO:
        raise UnsupportedMedia(f"{media.name} is no clip")
    turns = media.video.rotation // 90 if media.video else 0
    for run in media.runs(most, frames):
        piece = [_square(frame.pixels, side, turns) for frame in run]
        if len(piece) == frames and all(square is not None for square in piece):
            yield np.stack([square for square in piece if square is not None])


def _square(pixels: Pixels, side: int, turns: int) -> Pixels | None:
    """Return the middle square of a frame as it is shown; None if it is too small."""
    return None if min(pixels.shape[:2]) < side else np.rot90(centred(pixels, side), turns)
