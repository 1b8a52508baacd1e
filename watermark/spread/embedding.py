"""Putting a mark in: one keyed tile, repeated, shaped by what the eye overlooks, at a fixed error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.watermark.spread.analysis import fold, normalised, octave, reduced, tile_spectrum
from forensics.watermark.spread.carriers import SIDE, Plan, tile_of
from forensics.watermark.spread.masking import visibility
from forensics.watermark.spread.sync import shifted
from forensics.watermark.spread.tiles import content_signs

__all__ = ["Placement", "data_values", "mark_values", "read_bits", "residual"]

Floats = npt.NDArray[np.float32]
Complex = npt.NDArray[np.complex64]

SYNC_SHARE, BIND_SHARE = 0.25, 0.08  # of the energy; the code word has the rest
_EVENING = 0.9  # how far the host's own part of each bit is made up for
_LEAST, _MOST = 0.2, 3.0  # amplitude of one bit


@dataclass(frozen=True)
class Placement:
    """Which of the tiles that a key has, and where.

    Attributes:
        variant: Which variant.
        row: Rows from the picture's to the tile's origin.
        column: Columns.
    """

    variant: int
    row: int
    column: int


def residual(
    luma: npt.NDArray[np.uint8], plan: Plan, code: Floats, bind: Complex, place: Placement, psnr: float
) -> Floats:
    """Return what to add to every colour of a picture, (H, W) in grey levels.

    Args:
        luma: (H, W).
        plan: The tile.
        code: (n,) code word as +1 and -1.
        bind: (B,) phases of the binding bins.
        place: Variant and offset.
        psnr: Peak signal-to-noise ratio in dB, before rounding.
    """
    import cv2

    times = octave(*luma.shape)
    small = reduced(luma, times)
    amplitude = visibility(small)
    signs = _sign_plane(small, place)
    binding = _tiled(tile_of(plan, _bind_values(plan, bind)), place, small.shape) * signs * amplitude
    wanted = 255.0 * 10.0 ** (-psnr / 20.0)

    def pattern(amplitudes: Floats) -> Floats:
        tile = tile_of(plan, mark_values(plan, code * amplitudes, place.variant))
        sum_of_both = _tiled(tile, place, small.shape) * amplitude + binding
        return np.asarray(sum_of_both * (wanted / max(float(np.sqrt(np.mean(sum_of_both**2))), 1e-9)))

    added = pattern(np.ones_like(code))
    agreement = code * read_bits(tile_spectrum(fold(normalised(small + added))), plan, place, len(code))
    mean = max(float(agreement.mean()), 1e-6)
    added = pattern(np.clip(1 + _EVENING * (1 - agreement / mean), _LEAST, _MOST).astype(np.float32))
    if times:
        added = np.asarray(cv2.resize(added, luma.shape[::-1], interpolation=cv2.INTER_CUBIC), np.float32)
        added *= wanted / max(float(np.sqrt(np.mean(added**2))), 1e-9)
    return added


def mark_values(plan: Plan, code: Floats, variant: int) -> Complex:
    """Return (K,) bins of the part of a mark that is the same in every tile.

    Args:
        plan: The tile.
        code: (n,) code word as +1 and -1, or with amplitudes.
        variant: Which variant.
    """
    values = data_values(plan, code, variant)
    values *= np.float32(np.sqrt((1 - SYNC_SHARE - BIND_SHARE) / len(plan.data)))
    values[plan.sync] = plan.sync_phases[variant] * np.float32(np.sqrt(SYNC_SHARE / len(plan.sync)))
    return values


def data_values(plan: Plan, code: Floats, variant: int) -> Complex:
    """Return (K,) bins of a code word, of modulus 1 where they carry one."""
    values = np.zeros(len(plan.rows), np.complex64)
    parts = code[plan.data_bits] * plan.data_signs[variant]
    values[plan.data] = (parts[: len(plan.data)] + 1j * parts[len(plan.data) :]) / np.float32(2**0.5)
    return values


def read_bits(
    spectrum: Complex, plan: Plan, place: Placement, bits: int, weights: Floats | None = None
) -> Floats:
    """Return (n,) correlations of the bits, of unit variance without a mark.

    Args:
        spectrum: (64, 33) from `tile_spectrum`, oriented like the tile.
        plan: The tile.
        place: Variant and offset.
        bits: Bits of the code word.
        weights: (M,) weight of each of the data bins; alike if None.
    """
    seen = shifted(spectrum, place.row, place.column)[plan.rows[plan.data], plan.columns[plan.data]]
    parts = np.concatenate([seen.real, seen.imag]) * plan.data_signs[place.variant]
    weight = np.ones(len(parts)) if weights is None else np.tile(weights, 2)
    norm = np.sqrt(np.bincount(plan.data_bits, weight**2, bits))
    total = np.bincount(plan.data_bits, parts * weight, bits)
    return np.asarray(total / np.maximum(norm, 1e-9), np.float32)


def _bind_values(plan: Plan, phases: Complex) -> Complex:
    values = np.zeros(len(plan.rows), np.complex64)
    values[plan.bind] = phases * np.float32(np.sqrt(BIND_SHARE / len(plan.bind)))
    return values


def _tiled(tile: Floats, place: Placement, shape: tuple[int, ...]) -> Floats:
    height, width = shape
    rolled = np.roll(tile, (place.row, place.column), (0, 1))
    return np.tile(rolled, (-(-height // SIDE), -(-width // SIDE)))[:height, :width]


def _sign_plane(luma: Floats, place: Placement) -> Floats:
    """Return (H, W): the sign of the content of each whole tile, and 0 outside of those."""
    signs = content_signs(luma, place.row, place.column)
    plane = np.zeros(luma.shape, np.float32)
    height, width = (n * SIDE for n in signs.shape)
    part = np.repeat(np.repeat(signs, SIDE, axis=0), SIDE, axis=1)
    plane[place.row : place.row + height, place.column : place.column + width] = part
    return plane
