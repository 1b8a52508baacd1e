"""Pictures that the watermark benchmarks read: those measured on, and others that calibrate."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from copy_move_cases import sample_files
from PIL import Image

__all__ = ["SETS", "Picture", "fresh", "measured_on", "small", "unmarked"]

Pixels = npt.NDArray[np.uint8]

_TILE = 512  # the generated pictures come as grids of two by two
_SMALL = 400  # pixels of the shorter side below which a picture is measured on its own
_SIZES = ((512, 512), (384, 640), (768, 512))


@dataclass(frozen=True)
class Picture:
    """A picture and where it is from."""

    name: str
    group: str
    pixels: Pixels


def measured_on(data: Path) -> Iterator[Picture]:
    """Yield 93 pictures that calibrate nothing: photos, and the first quarter of each generated grid."""
    for folder, pattern in (("photos/kodak", "*.png"), ("photos/native", "*.jpg"), ("prnu/natural", "*.JPG")):
        for path in sorted((data / folder).glob(pattern)):
            yield Picture(path.stem, folder, _read(path))
    for path in sorted((data / "generated/sd15_grids").glob("*.webp")):
        yield Picture(path.stem, "generated/sd15", _read(path)[:_TILE, :_TILE])


def fresh(data: Path) -> Iterator[Picture]:
    """Yield 85 pictures by which nothing was chosen: photos of libraries, the last quarter of each grid.

    The quarters are, unmarked, among the 2,000 pictures that calibrate p-values.
    """
    yield from (picture for picture in _samples() if min(picture.pixels.shape[:2]) >= _SMALL)
    for path in sorted((data / "generated/sd15_grids").glob("*.webp")):
        yield Picture(f"{path.stem} 3", "generated/sd15", _read(path)[_TILE:, _TILE:])


def small(data: Path) -> Iterator[Picture]:
    """Yield 29 small pictures, 200x150 to 451x300, by which nothing was chosen."""
    for path in sorted((data / "tamper/copymove/data/original").glob("*.jpg")):
        yield Picture(path.stem, "tamper/copymove", _read(path))
    for path in sorted((data / "tamper/casia1").glob("*_authentic.png")):
        yield Picture(path.stem, "tamper/casia1", _read(path))
    yield from (picture for picture in _samples() if min(picture.pixels.shape[:2]) < _SMALL)


def _samples() -> Iterator[Picture]:
    """Yield the photos that scikit-image and scikit-learn bring along."""
    for package, _, path in sample_files():
        yield Picture(path.stem, package, _read(path))


SETS: dict[str, Callable[[Path], Iterator[Picture]]] = {
    "measured": measured_on,
    "fresh": fresh,
    "small": small,
}


def unmarked(data: Path, count: int, seed: int = 0) -> Iterator[Picture]:
    """Yield pictures for calibration: mosaics of small photos cut at random, single ones, generated ones.

    Args:
        data: Folder of test pictures.
        count: How many; four in ten are mosaics, four small photos, the rest quarters of generated grids.
        seed: Of the mosaics.
    """
    rng = np.random.default_rng(seed)
    small = _pack(data / "photos/pack128_permissive.tar")
    grids = sorted((data / "generated/sd15_grids").glob("*.webp"))
    for i in range(count):
        kind = i % 10
        if kind < 4:
            height, width = _SIZES[i % len(_SIZES)]
            yield Picture(f"mosaic {i}", "mosaics", _mosaic(small, height, width, rng))
        elif kind < 8:
            yield Picture(f"small {i}", "small photos", small[i % len(small)])
        else:
            grid, quarter = grids[i // 10 % len(grids)], 1 + i // (10 * len(grids)) % 3
            top, left = divmod(quarter, 2)
            pixels = _read(grid)[top * _TILE : (top + 1) * _TILE, left * _TILE : (left + 1) * _TILE]
            yield Picture(f"{grid.stem} {quarter} {i}", "generated", pixels)


def _mosaic(small: list[Pixels], height: int, width: int, rng: np.random.Generator) -> Pixels:
    """Lay photos of random size side by side, in rows of random height: no period may come of it."""
    canvas = np.zeros((height, width, 3), np.uint8)
    top = 0
    while top < height:
        tall = min(int(rng.integers(50, 129)), height - top)
        left = 0
        while left < width:
            wide = min(int(rng.integers(50, 129)), width - left)
            photo = small[int(rng.integers(len(small)))]
            canvas[top : top + tall, left : left + wide] = photo[:tall, :wide]
            left += wide
        top += tall
    return canvas


def _pack(path: Path) -> list[Pixels]:
    with tarfile.open(path) as tar:
        members = [m for m in tar.getmembers() if m.name.endswith(".jpg")]
        return [_decode(tar.extractfile(member).read()) for member in members]  # type: ignore[union-attr]


def _decode(data: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), np.uint8)


def _read(path: Path) -> Pixels:
    return _decode(path.read_bytes())
