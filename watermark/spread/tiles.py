"""Tile by tile: how well each agrees with the mark, and with the content below it.

What is summed over a picture finds a mark. What differs from tile to tile tells more: where the mark is
missing, the picture was changed; and where the signs that the embedder took from the content below a tile do
not fit the content, the mark was moved here from another picture.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forensics.watermark.spread.carriers import SIDE, Plan

__all__ = ["agreement", "bind_agreement", "content_signs", "spectra", "whole_tiles"]

Floats = npt.NDArray[np.float32]
Complex = npt.NDArray[np.complex64]

_DECISIVE = 4.0  # grey levels of contrast at which a sign is taken in full


def whole_tiles(plane: Floats, row: int, column: int) -> Floats:
    """Return the whole tiles of a plane, (R, C, 64, 64).

    Args:
        plane: (H, W).
        row: Rows above the first whole tile.
        column: Columns before it.
    """
    height, width = ((n - start) // SIDE for n, start in zip(plane.shape, (row, column), strict=True))
    part = plane[row : row + height * SIDE, column : column + width * SIDE]
    return part.reshape(height, SIDE, width, SIDE).swapaxes(1, 2)


def content_signs(luma: Floats, row: int, column: int) -> Floats:
    """Return (R, C) values in [-1, 1] that the content of each whole tile gives.

    One diagonal Haar coefficient: half the tile against the other, quarters taken crosswise. It hardly
    changes under scaling, compression, blur and brightness, and averages zero over pictures.
    """
    tiles = whole_tiles(luma, row, column)
    half = SIDE // 2
    quarters = tiles.reshape(*tiles.shape[:2], 2, half, 2, half).mean(axis=(3, 5))
    contrast = (quarters[..., 0, 0] + quarters[..., 1, 1] - quarters[..., 0, 1] - quarters[..., 1, 0]) / 2
    return np.tanh(contrast / _DECISIVE).astype(np.float32)


def spectra(residual: Floats, row: int, column: int) -> Complex:
    """Return (R, C, 64, 33) half spectra of whole tiles, each in units of its own noise at each bin.

    Args:
        residual: (H, W) from `normalised`.
        row: Rows above the first whole tile.
        column: Columns before it.
    """
    tiles = whole_tiles(residual, row, column)
    if not tiles.size:
        return np.zeros((*tiles.shape[:2], SIDE, SIDE // 2 + 1), np.complex64)
    found = np.fft.rfft2(tiles).astype(np.complex64)
    power = (found.real**2 + found.imag**2).mean(axis=(0, 1))
    return np.asarray(found / np.sqrt(power / 2 + 1e-9), np.complex64)


def agreement(found: Complex, plan: Plan, values: Complex) -> Floats:
    """Return (R, C) correlations of each tile with the mark, of variance about 1 without one.

    Args:
        found: (R, C, 64, 33) from `spectra`.
        plan: The tile.
        values: (K,) bins of the mark, zero where it is not known.
    """
    seen = found[..., plan.rows, plan.columns]
    norm = np.sqrt(max(float((np.abs(values) ** 2).sum()), 1e-12))
    return np.asarray((seen * np.conj(values)).real.sum(axis=-1) / norm, np.float32)


def bind_agreement(found: Complex, plan: Plan, phases: Complex) -> Floats:
    """Return (R, C) correlations of each tile with the binding pattern before its sign."""
    values = np.zeros(len(plan.rows), np.complex64)
    values[plan.bind] = phases
    return agreement(found, plan, values)
