"""PDQ against the library that everybody uses, and the chance tables' place in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from forensics.fingerprints import fingerprint, upright, variants
from forensics.fingerprints.luma import luma
from forensics.fingerprints.pdq import grid

Pixels = npt.NDArray[np.uint8]

# pdqhash gives them as they are, turned left, by 180 degrees and right, mirrored top to bottom and left to
# right, transposed, and transposed the other way.
ORDER = (0, 5, 4, 2, 6, 1, 3, 7)
SIZES = (
    (192, 256),
    (512, 512),
    (333, 517),
    (1031, 700),
    (64, 64),
    (65, 127),
    (40, 300),
    (1500, 2001),
    (7, 5),
)


def peer(pixels: Pixels) -> tuple[npt.NDArray[np.uint8], int]:
    """Return the codes of the library in the order of ours, (8, 256) bits, and its quality."""
    pdqhash = pytest.importorskip("pdqhash")
    bits, quality = pdqhash.compute_dihedral(np.ascontiguousarray(pixels))
    return np.asarray(bits, np.uint8)[list(ORDER)], int(quality)


def bits_of(pixels: Pixels) -> npt.NDArray[np.uint8]:
    codes = [np.frombuffer(v.fingerprint.code, np.uint8) for v in variants(pixels, "pdq")]
    return np.unpackbits(np.stack(codes), axis=1)


@pytest.mark.parametrize("size", SIZES)
def test_all_positions_are_those_of_the_library(size: tuple[int, int], photo: Pixels) -> None:
    pixels = np.asarray(Image.fromarray(photo).resize(size[::-1], Image.Resampling.BICUBIC))
    theirs, quality = peer(pixels)
    differing = (bits_of(pixels) != theirs).sum(axis=1)
    assert differing.max() <= 4
    assert abs(100 * fingerprint(pixels, "pdq").quality - quality) <= 1


def test_hex_is_what_the_library_prints(photo: Pixels) -> None:
    pdqhash = pytest.importorskip("pdqhash")
    bits, _ = pdqhash.compute(photo)
    theirs = int("".join(map(str, bits)), 2)
    assert (int(fingerprint(photo, "pdq").hex, 16) ^ theirs).bit_count() <= 4


def test_averages_are_those_of_two_boxes() -> None:
    rng = np.random.default_rng(3)
    for size in (5, 129, 300, 511):
        pixels = rng.integers(0, 256, (size, size, 1), dtype=np.uint8).repeat(3, axis=2)
        plane = pixels[..., 0].astype(float)
        width = -(-size // 128)
        for _ in range(2):
            for axis in (0, 1):
                moved = np.moveaxis(plane, axis, 0)
                ends = np.minimum(np.arange(size) + (width + 2) // 2, size)
                starts = np.maximum(np.arange(size) + (width + 2) // 2 - width, 0)
                boxed = [moved[a:b].mean(axis=0) for a, b in zip(starts, ends, strict=True)]
                plane = np.moveaxis(np.stack(boxed), 0, axis)
        places = ((np.arange(64) + 0.5) * size / 64).astype(int)
        np.testing.assert_allclose(grid(luma(pixels)), plane[np.ix_(places, places)], atol=1e-2)


@pytest.mark.slow
def test_real_pictures_are_those_of_the_library(data_dir: Path) -> None:
    found = []
    for path in sorted((data_dir / "photos").rglob("*.[jp][pn]g")) + sorted(data_dir.rglob("gan/*.png")):
        pixels = np.asarray(Image.open(path).convert("RGB"))
        theirs, quality = peer(pixels)
        assert abs(100 * upright(pixels)[1].quality - quality) <= 1
        found.append((bits_of(pixels) != theirs).sum(axis=1).max())
    assert len(found) > 20
    assert max(found) <= 6
