"""Putting a mark in: one keyed tile, repeated, shaped by what the eye overlooks, at a fixed error."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.watermark.spread.analysis import fold, octave, reduced, tile_spectrum
from forensics.watermark.spread.binding import Pattern, tile_signs
from forensics.watermark.spread.carriers import SIDE, Plan, tile_of
from forensics.watermark.spread.frontend import CLASSICAL, FrontEnd
from forensics.watermark.spread.tiles import content_signs

__all__ = ["BIND_SHARE", "Placement", "Residual", "data_values", "mark_values", "read_bits", "residual"]

Floats = npt.NDArray[np.float32]
Complex = npt.NDArray[np.complex64]

SYNC_SHARE, BIND_SHARE = 0.25, 0.14  # of the energy; the code word has the rest
_EVENING = 0.9  # how far the host's own part of each bit is made up for
_LEAST, _MOST = 0.2, 3.0  # amplitude of one bit
_SAMPLED = 2_000_000  # pixels at which the error is measured


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


@dataclass(frozen=True)
class Residual:
    """What to add to every colour of a picture, in grey levels, made row by row.

    Attributes:
        values: (h, w) on the grid of the mark, which is the picture's halved some times.
        shape: Height and width of the picture.
    """

    values: Floats
    shape: tuple[int, int]

    def rows(self, start: int, stop: int) -> Floats:
        """Return (stop - start, W): some rows of it."""
        import cv2

        if self.values.shape == self.shape:
            return self.values[start:stop]
        y, x = (n / whole for n, whole in zip(self.values.shape, self.shape, strict=True))
        matrix = np.array([[x, 0, x / 2 - 0.5], [0, y, (start + 0.5) * y - 0.5]])
        size = (self.shape[1], stop - start)
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        strip = cv2.warpAffine(self.values, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(strip, np.float32)

    def strips(self, size: int = 256) -> Iterator[tuple[int, Floats]]:
        """Yield all rows in strips, each with the number of its first row."""
        for start in range(0, self.shape[0], size):
            yield start, self.rows(start, min(start + size, self.shape[0]))


def residual(
    luma: npt.NDArray[np.uint8],
    plan: Plan,
    code: Floats,
    bindings: Iterable[Pattern],
    place: Placement,
    psnr: float,
    front: FrontEnd = CLASSICAL,
) -> Residual:
    """Return what marks a picture.

    Args:
        luma: (H, W).
        plan: The tile.
        code: (n,) code word as +1 and -1.
        bindings: What binds it to the picture.
        place: Variant and offset.
        psnr: Peak signal-to-noise ratio in dB, rounded to whole grey levels, before clipping.
        front: What says where a mark can hide.
    """
    shape = (luma.shape[0], luma.shape[1])
    small = reduced(luma, octave(*shape))
    amplitude = front.amplitude(small)
    binding = _bound(small, plan, bindings, place) * amplitude
    wanted = np.float32(255.0 * 10.0 ** (-psnr / 20.0))

    def pattern(amplitudes: Floats) -> Floats:
        tile = tile_of(plan, mark_values(plan, code * amplitudes, place.variant))
        both = _tiled(tile, place, small.shape) * amplitude
        both += binding
        both *= wanted / max(float(np.sqrt(np.mean(both**2))), 1e-9)
        return both

    added = pattern(np.ones_like(code))
    seen = tile_spectrum(fold(front.residual(small + added)), alternating=plan.alternating)
    agreement = code * read_bits(seen, plan, place, len(code))
    mean = max(float(agreement.mean()), 1e-6)
    added = pattern(np.clip(1 + _EVENING * (1 - agreement / mean), _LEAST, _MOST).astype(np.float32))
    return _at_error(Residual(added, shape), float(wanted))


def _at_error(found: Residual, wanted: float) -> Residual:
    """Scale what is added so that its root mean square in whole grey levels is as wanted."""
    every = max(1, found.shape[0] * found.shape[1] // _SAMPLED)
    sample = np.concatenate([strip[::every].ravel() for _, strip in found.strips()])
    scale = 1.0
    for _ in range(4):
        scale *= wanted / max(float(np.sqrt(np.mean(np.rint(sample * scale) ** 2))), 1e-3)
    return Residual(found.values * np.float32(scale), found.shape)


def mark_values(plan: Plan, code: Floats, variant: int) -> Complex:
    """Return (K,) bins of the part of a mark that is the same in every tile, but for the sign.

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
    values = np.zeros(len(plan.bins.radius), np.complex64)
    parts = code[plan.data_bits] * plan.data_signs[variant]
    values[plan.data] = (parts[: len(plan.data)] + 1j * parts[len(plan.data) :]) / np.float32(2**0.5)
    return values


def read_bits(
    spectrum: Complex, plan: Plan, place: Placement, bits: int, weights: Floats | None = None
) -> Floats:
    """Return (n,) correlations of the bits, of unit variance without a mark.

    Args:
        spectrum: From `tile_spectrum`, oriented like the tile.
        plan: The tile.
        place: Variant and offset.
        bits: Bits of the code word.
        weights: (M,) weight of each of the data bins; alike if None.
    """
    seen = plan.seen(spectrum, plan.data, place.row, place.column)
    parts = np.concatenate([seen.real, seen.imag]) * plan.data_signs[place.variant]
    weight = np.ones(len(parts)) if weights is None else np.tile(weights, 2)
    norm = np.sqrt(np.bincount(plan.data_bits, weight**2, bits))
    total = np.bincount(plan.data_bits, parts * weight, bits)
    return np.asarray(total / np.maximum(norm, 1e-9), np.float32)


def _bound(luma: Floats, plan: Plan, bindings: Iterable[Pattern], place: Placement) -> Floats:
    """Return the (H, W) patterns whose sign differs from tile to tile; nothing outside of whole tiles."""
    content, total = content_signs(luma, place.row, place.column), np.zeros(luma.shape, np.float32)
    scale = np.float32(np.sqrt(BIND_SHARE / len(plan.bind)))
    signs = [tile_signs(pattern, content).ravel() for pattern in bindings]
    tiles = [tile_of(plan, pattern.values * scale)[:SIDE, :SIDE].ravel() for pattern in bindings]
    if not signs:
        return total
    rows, columns = content.shape[:2]
    whole = (np.stack(signs, axis=1) @ np.stack(tiles)).reshape(rows, columns, SIDE, SIDE)
    if plan.alternating:
        whole[np.indices((rows, columns)).sum(axis=0) % 2 == 1] *= -1
    inside = np.s_[place.row : place.row + rows * SIDE, place.column : place.column + columns * SIDE]
    total[inside] = whole.swapaxes(1, 2).reshape(rows * SIDE, columns * SIDE)
    return total


def _tiled(tile: Floats, place: Placement, shape: tuple[int, ...]) -> Floats:
    height, width = shape
    rolled = np.roll(tile, (place.row, place.column), (0, 1))
    return np.tile(rolled, (-(-height // len(tile)), -(-width // len(tile))))[:height, :width]
