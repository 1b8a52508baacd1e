"""Block-DCT coefficients of a luminance plane, and which of its pixels are looked at.

Twelve megapixels hold far more blocks than any of the statistics needs: the looks are bounded, so that
time and memory do not grow with the picture beyond that bound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.media import Pixels
from forensics.media.quant import ZIGZAG

__all__ = ["MODES", "Blocks", "band_sample", "clipped_colour", "dct_matrix", "dct_modes", "sample_blocks"]

Doubles = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

# The nine AC modes of lowest frequency, as places in the row-by-row 8x8 block: those that stay unequal to
# zero at most qualities.
MODES = tuple(ZIGZAG[1:10])


@dataclass(frozen=True)
class Blocks:
    """Blocks taken from one 8x8 grid.

    Attributes:
        pixels: (rows, columns, 64) uint8, blocks row by row.
        stride: Every `stride`-th block of both directions was taken.
    """

    pixels: Pixels
    stride: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of blocks."""
        return self.pixels.shape[0], self.pixels.shape[1]

    @property
    def clipped(self) -> Mask:
        """(rows, columns): blocks that touch black or white, whose coefficients are not trusted."""
        low, high = self.pixels.min(axis=2), self.pixels.max(axis=2)
        return np.asarray((low == 0) | (high == 255))


def clipped_colour(pixels: Pixels, blocks: Blocks, origin: tuple[int, int] = (0, 0)) -> Mask:
    """Return (rows, columns): blocks in which some channel touches black or white.

    Between two saves a clipped colour changes the luminance by more than rounding does.

    Args:
        pixels: (H, W, 3) uint8 of the same picture.
        blocks: What `sample_blocks` returned for its luminance.
        origin: The origin given there.
    """
    top, left = origin
    windows = np.lib.stride_tricks.sliding_window_view(pixels[top:, left:], (8, 8), axis=(0, 1))
    taken = windows[:: 8 * blocks.stride, :: 8 * blocks.stride].reshape(*blocks.shape, -1)
    return np.asarray((taken.min(axis=2) == 0) | (taken.max(axis=2) == 255))


# ITU-T T.81, A.3.3: the orthonormal DCT-II of eight samples.
def dct_matrix() -> Floats:
    """Return the (8, 8) matrix whose rows are the basis."""
    n = np.arange(8)
    rows = np.cos(np.pi * (2 * n[None, :] + 1) * n[:, None] / 16) / 2
    rows[0] /= np.sqrt(2)
    return rows.astype(np.float32)


def dct_modes(blocks: Pixels, modes: tuple[int, ...] = MODES) -> Floats:
    """Return DCT coefficients of blocks.

    Args:
        blocks: (..., 64) uint8.
        modes: Places in the row-by-row block, 0-63.

    Returns:
        (..., len(modes)) float32, of the samples minus 128.
    """
    matrix = dct_matrix()
    basis = np.stack([np.outer(matrix[m // 8], matrix[m % 8]).ravel() for m in modes], axis=1)
    flat = blocks.reshape(-1, 64).astype(np.float32)
    flat -= 128
    return np.asarray((flat @ basis).reshape(*blocks.shape[:-1], len(modes)), np.float32)


def sample_blocks(luma: Pixels, origin: tuple[int, int] = (0, 0), limit: int = 65536) -> Blocks:
    """Take at most about `limit` blocks, evenly spread.

    Args:
        luma: (H, W) uint8.
        origin: (row, column) of the first block, 0-7 each.
        limit: Most blocks; a larger picture is thinned by an equal stride in both directions.
    """
    top, left = origin
    rows, columns = (luma.shape[0] - top) // 8, (luma.shape[1] - left) // 8
    stride = max(1, int(np.ceil(np.sqrt(rows * columns / limit))))
    # A view of all blocks: only those taken are copied.
    windows = np.lib.stride_tricks.sliding_window_view(luma[top:, left:], (8, 8))
    taken = windows[:: 8 * stride, :: 8 * stride]
    return Blocks(taken.reshape(*taken.shape[:2], 64), stride)


def band_sample(luma: Pixels, limit: int, height: int = 256) -> Pixels:
    """Return whole-width bands of a picture, one under the other, of at most about `limit` pixels.

    Bands begin at multiples of eight rows, so that every pixel keeps its place on the 8x8 grid; only the
    seven rows above a seam see a neighbour that is not theirs.

    Args:
        luma: (H, W) uint8.
        limit: Most pixels.
        height: Rows of one band, a multiple of eight.
    """
    rows, columns = luma.shape
    count = limit // (height * columns)
    if rows * columns <= limit or count >= rows // height:
        return luma
    starts = np.linspace(0, rows - height, max(count, 1)).astype(int) // 8 * 8
    return np.concatenate([luma[s : s + height] for s in starts])
