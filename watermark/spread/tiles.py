"""Tile by tile: what is summed over a picture finds a mark, what differs from tile to tile tells more."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from forensics.watermark.spread.carriers import HIGH, SIDE, Plan

__all__ = ["SIGNS", "agreement", "content_signs", "spectra", "whole_tiles"]

Floats = npt.NDArray[np.float32]
Complex = npt.NDArray[np.complex64]

SIGNS = 5  # that the content of each tile gives
_COLUMNS = int(HIGH * SIDE) + 1  # that the band reaches
_DECISIVE = 4.0  # grey levels of contrast at which a sign is taken in full


def whole_tiles(plane: npt.NDArray[Any], row: int, column: int) -> npt.NDArray[Any]:
    """Return the whole tiles of a plane, (R, C, 64, 64).

    Args:
        plane: (H, W).
        row: Rows above the first whole tile.
        column: Columns before it.
    """
    height, width = (max(0, n - s) // SIDE for n, s in zip(plane.shape, (row, column), strict=True))
    part = plane[row : row + height * SIDE, column : column + width * SIDE]
    return part.reshape(height, SIDE, width, SIDE).swapaxes(1, 2)


def content_signs(luma: Floats, row: int, column: int) -> Floats:
    """Return (R, C, 5) values in [-1, 1] that the content of each whole tile gives.

    Diagonal Haar coefficients of the tile and of its quarters: half of each against the other, taken
    crosswise. They hardly change under scaling, compression, blur and brightness, are as often negative as
    positive, and those of two pictures have nothing in common. (Others do: above it is brighter than below.)
    """
    means = _means(luma, row, column)
    quarters = means.reshape(*means.shape[:2], 2, 2, 2, 2).swapaxes(3, 4)
    crosswise = [_crosswise(quarters.mean(axis=(-2, -1)))]
    crosswise += [_crosswise(quarters[:, :, i, j]) for i in range(2) for j in range(2)]
    return np.asarray(np.tanh(np.stack(crosswise, axis=-1) / _DECISIVE), np.float32)


def _means(luma: Floats, row: int, column: int) -> Floats:
    """Return (R, C, 4, 4) means of the sixteenths of each whole tile."""
    import cv2

    rows, columns = (max(0, n - s) // SIDE for n, s in zip(luma.shape, (row, column), strict=True))
    if not rows * columns:
        return np.zeros((rows, columns, 4, 4), np.float32)
    part = luma[row : row + rows * SIDE, column : column + columns * SIDE]
    means = cv2.resize(part, (4 * columns, 4 * rows), interpolation=cv2.INTER_AREA)
    return np.asarray(means.reshape(rows, 4, columns, 4).swapaxes(1, 2), np.float32)


def _crosswise(square: Floats) -> Floats:
    """Return the diagonal Haar coefficient of (..., 2, 2) values."""
    both = square[..., 0, 0] + square[..., 1, 1] - square[..., 0, 1] - square[..., 1, 0]
    return np.asarray(both / 2, np.float32)


def spectra(residual: Floats, row: int, column: int, *, alternating: bool = False) -> Complex:
    """Return (R, C, 64, 16) spectra of whole tiles, as far as the band goes, in units of their mean.

    Args:
        residual: (H, W) from `normalised`.
        row: Rows above the first whole tile.
        column: Columns before it.
        alternating: Of tiles that alternate: all with the sign of the first.
    """
    tiles = whole_tiles(residual, row, column)
    if not tiles.size:
        return np.zeros((*tiles.shape[:2], SIDE, _COLUMNS), np.complex64)
    across = np.fft.fft(_by_half_a_cycle(tiles)) if alternating else np.fft.rfft(tiles)
    found = np.fft.fft(across[..., :_COLUMNS], axis=-2)
    power = (found.real**2 + found.imag**2).mean(axis=(0, 1))
    return np.asarray(found / np.sqrt(power / 2 + 1e-9), np.complex64)


def _by_half_a_cycle(tiles: Floats) -> Complex:
    """Return (R, C, 64, 64) tiles with their frequencies lowered by half a cycle per tile both ways.

    So a tile that alternates repeats: halves become whole.
    """
    rows, columns = (np.where(np.arange(n) % 2, -1, 1).astype(np.float32) for n in tiles.shape[:2])
    ramp = np.exp(-1j * np.pi / SIDE * np.arange(SIDE)).astype(np.complex64)
    return np.asarray(
        tiles * (rows[:, None] * columns)[..., None, None] * (ramp[:, None] * ramp), np.complex64
    )


def agreement(found: Complex, plan: Plan, values: Complex) -> Floats:
    """Return (R, C) correlations of each tile with a pattern, of variance about 1 without one.

    Args:
        found: (R, C, 64, 16) from `spectra`.
        plan: The tile.
        values: (K,) bins of the pattern.
    """
    used = np.flatnonzero(values)
    seen = plan.seen(found, used)
    norm = np.sqrt(max(float((np.abs(values) ** 2).sum()), 1e-12))
    return np.asarray((seen * np.conj(values[used])).real.sum(axis=-1) / norm, np.float32)
