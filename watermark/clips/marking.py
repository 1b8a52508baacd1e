"""Marking the frames of a clip, all alike."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from forensics.watermark.payload import LAYOUTS, message
from forensics.watermark.spread.analysis import OCTAVES, reduced
from forensics.watermark.spread.binding import patterns
from forensics.watermark.spread.carriers import make_plan
from forensics.watermark.spread.codec import placement
from forensics.watermark.spread.embedding import Placement, Residual, residual
from forensics.watermark.watermarker import Watermarker

__all__ = ["FrameMarker", "halvings"]

Luma = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

_ONCE, _TWICE = 320, 900  # pixels of the shorter side from which a frame is halved once, and twice
_LIMITED = 219.0 / 255.0  # ITU-R BT.601: luma of clips usually has 219 steps from 16 on
_ROUNDS, _ROWS = 3, 3  # the error is measured at every third row: all those of a tile, whatever its size


# What codecs keep is coarse, and clips are mostly shown smaller than they were made: tiles are laid out one
# level coarser than in pictures.
def halvings(height: int, width: int) -> int:
    """Return how often a frame is halved before tiles of 64 pixels are laid over it."""
    side = min(height, width)
    if side < _TWICE:
        return int(side >= _ONCE)
    return min(OCTAVES - 1, 2 + int(math.log2(side / _TWICE)))


class FrameMarker:
    """Puts the same mark into frames of one size.

    Args:
        marker: Key, layout and strength.
        payload: Identity in hexadecimal digits.
        shape: Height and width of the frames.

    Raises:
        UsageError: The payload does not fit.
    """

    def __init__(self, marker: Watermarker, payload: str, shape: tuple[int, int]) -> None:
        said = marker.payload(payload)
        layout = LAYOUTS[said.layout]
        code = layout.code.encode(message(marker.key, int(said.identity, 16), layout, said.version))
        self.key, self.psnr, self.shape = marker.key, marker.psnr, shape
        self.signs = 1 - 2 * code.astype(np.float32)
        self.plan = make_plan(marker.key, len(code))
        self.times = halvings(*shape)
        self.bindings = patterns(marker.key, said, self.plan, self.times)
        self.place: Placement | None = None

    def mark(self, luma: Luma, *, full: bool) -> float:
        """Add the mark to a plane of luma, in place.

        Args:
            luma: (H, W).
            full: It has 255 steps, not 219.

        Returns:
            Mean square of what was added, in steps of 255.
        """
        shown = luma if full else _widened(luma)
        self.place = self.place or placement(self.key, shown)  # by the first frame, for all of them
        scale = 1.0 if full else _LIMITED
        added = self._added(shown, self.place, scale)
        marked = np.clip(luma + added, 0, 255, out=added).astype(np.uint8)
        error = float(np.mean(np.square(np.subtract(marked, luma, dtype=np.float32))))
        luma[:] = marked
        return error / scale**2

    def _added(self, shown: Luma, place: Placement, scale: float) -> Floats:
        """Return (H, W) whole steps to add, of the error that is asked for."""
        small = np.asarray(np.rint(reduced(shown, self.times)), np.uint8)
        found = residual(small, self.plan, self.signs, self.bindings, place, self.psnr)
        large = Residual(found.values, self.shape).rows(0, self.shape[0])
        wanted = 255.0 * 10.0 ** (-self.psnr / 20.0) * scale
        factor = 1.0
        for _ in range(_ROUNDS):
            factor *= wanted / max(float(np.sqrt(np.mean(np.rint(large[::_ROWS] * factor) ** 2))), 1e-3)
        return np.asarray(np.rint(large * np.float32(factor)), np.float32)


def _widened(luma: Luma) -> Luma:
    """Return luma of 219 steps as luma of 255."""
    table = np.clip((np.arange(256) - 16) / _LIMITED, 0, 255).astype(np.uint8)
    return table[luma]
