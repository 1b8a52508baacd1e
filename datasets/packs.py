"""Pictures to train on: those of a folder or tar archive, or procedural ones, as one array of squares."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from forensics.datasets.procedural import camera
from forensics.errors import UsageError

__all__ = ["PROCEDURAL", "Squares", "load_squares"]

Squares = npt.NDArray[np.uint8]
PROCEDURAL = "procedural"
_MOST_BYTES = 64 * 2**20  # of one member of an archive
_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
_PER_PICTURE = 16  # squares cut from one large picture
_SCENE = 4  # squares along the side of a procedural scene


def load_squares(source: str | Path, side: int, most: int = 20_000) -> Squares:
    """Return square pictures, (N, side, side, 3) uint8 RGB, in the order of their names.

    Larger pictures are halved while their shorter side holds more than four squares, then cut into squares
    without overlap, at most 16 each; smaller ones are left out.

    Args:
        source: A folder, a tar archive, or "procedural".
        side: Side of the squares in pixels.
        most: At most so many.

    Raises:
        UsageError: There is no such source, or nothing in it is a picture that is large enough.
    """
    squares: list[Squares] = []
    for pixels in _pictures(source, side, most):
        squares += _cut(pixels, side)[: most - len(squares)]
        if len(squares) >= most:
            break
    if not squares:
        raise UsageError(f"{source} holds no picture of at least {side} x {side} pixels", actual=str(source))
    return np.stack(squares)


def _pictures(source: str | Path, side: int, most: int) -> Iterator[Squares]:
    if source == PROCEDURAL:
        for seed in range(-(-most // _SCENE**2)):
            yield camera(seed, _SCENE * side, _SCENE * side)
        return
    path = Path(source)
    if path.is_dir():
        for file in sorted(p for p in path.rglob("*") if p.suffix.lower() in _SUFFIXES):
            yield from _decoded(file.read_bytes())
    elif path.is_file() and tarfile.is_tarfile(path):
        yield from _members(path)
    else:
        raise UsageError(f"{source} is neither a folder, nor a tar archive, nor {PROCEDURAL!r}")


def _members(path: Path) -> Iterator[Squares]:
    with tarfile.open(path) as archive:
        members = [m for m in archive if m.isfile() and Path(m.name).suffix.lower() in _SUFFIXES]
        for member in sorted(members, key=lambda m: m.name):
            file = archive.extractfile(member)
            if file is not None and member.size <= _MOST_BYTES:
                yield from _decoded(file.read())


def _decoded(data: bytes) -> Iterator[Squares]:
    """Yield a picture, or nothing if it is none."""
    from PIL import Image

    try:
        yield np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), np.uint8)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return


def _cut(pixels: Squares, side: int) -> list[Squares]:
    import cv2

    while min(pixels.shape[:2]) > 2 * _SCENE * side:
        height, width = pixels.shape[:2]
        halved = cv2.resize(pixels, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        pixels = np.asarray(halved, np.uint8)
    rows, columns = (n // side for n in pixels.shape[:2])
    cut = pixels[: rows * side, : columns * side].reshape(rows, side, columns, side, 3).swapaxes(1, 2)
    return list(cut.reshape(-1, side, side, 3)[:_PER_PICTURE])
