"""The two streams on disk: tiles of a picture go in, and a map of where a splice has an edge comes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np
import numpy.typing as npt

from forensics.detectors.learned.model import CLASSIFIER, planes
from forensics.detectors.learned.settings import settings_of
from forensics.detectors.learned.tiles import cut_colour
from forensics.errors import ModelError
from forensics.runtime.sessions import Session
from forensics.runtime.store import Bundle, bundled

__all__ = ["LEAST_TILES", "Seen", "SpliceModel", "open_splice_model", "splice_model_of"]

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

LEAST_TILES = 12
"""Tiles below which nothing is said: there has to be something to compare with."""
_MOST_TILES = 160  # of each of both grids: bounds the time
_BATCH = 32
_HIGHEST = 20  # one tile in so many makes the score


@dataclass(frozen=True, eq=False)
class Seen:
    """What tiles of a picture look like.

    Attributes:
        logits: (N,) higher where an edge of a splice goes through.
        corners: (N, 2) row and column of the upper left corner of each tile.
        side: Of a tile.
        shape: Rows and columns of the picture.
    """

    logits: Floats = field(repr=False)
    corners: npt.NDArray[np.int64] = field(repr=False)
    side: int
    shape: tuple[int, int]

    @property
    def score(self) -> float:
        """How far the highest twentieth stands above the middle of all: what all tiles have is no splice."""
        highest = np.sort(self.logits)[-max(1, round(len(self.logits) / _HIGHEST)) :]
        return float(highest.mean() - np.median(self.logits))

    def map(self) -> Floats:
        """Return (h, w) float32, 0 to 1: the highest share of a tile that covers each half of a tile."""
        half = self.side // 2
        values: Floats = np.zeros((max(1, self.shape[0] // half), max(1, self.shape[1] // half)), np.float32)
        shares = 1.0 / (1.0 + np.exp(-np.clip(self.logits - np.median(self.logits), -30.0, 30.0)))
        for (y, x), share in zip(self.corners // half, shares, strict=True):
            part = values[y : y + 2, x : x + 2]
            np.maximum(part, np.float32(share), out=part)
        return values


@dataclass(frozen=True)
class SpliceModel:
    """Both streams.

    Attributes:
        side: Of a tile, in pixels.
        network: (N, 3, S, S), 0 to 1, to logits.
    """

    side: int
    network: Session

    def look(self, picture: Pixels) -> Seen:
        """Return what the tiles of a picture look like, on two grids that overlap by half a tile.

        Args:
            picture: (H, W, 3) uint8 RGB on its own grid.

        Raises:
            ModelError: The network does not take such tiles, or gives no numbers.
        """
        half = self.side // 2
        grids = [cut_colour(picture[o:, o:], self.side, _MOST_TILES) for o in (0, half)]
        tiles = np.concatenate([grid.pixels for grid in grids])
        corners = np.concatenate([grid.corners + o for grid, o in zip(grids, (0, half), strict=True)])
        parts = [self.network(planes(tiles[i : i + _BATCH]))[0] for i in range(0, len(tiles), _BATCH)]
        logits = np.concatenate([np.empty(0, np.float32), *(p.reshape(len(p), -1)[:, -1] for p in parts)])
        if not np.isfinite(logits).all():
            raise ModelError("the model of two_stream gave no numbers for this picture")
        height, width = picture.shape[:2]
        return Seen(logits, corners, self.side, (height, width))


@cache
def open_splice_model() -> SpliceModel:
    """Return the model that comes with the suite.

    Raises:
        MissingExtra: ONNX Runtime is not installed.
        ModelError: There is none, or its files are not those of its card.
    """
    return splice_model_of(bundled("two_stream"))


def splice_model_of(bundle: Bundle) -> SpliceModel:
    """Return the model in a bundle that `forensics train two_stream` wrote.

    Raises:
        MissingExtra: ONNX Runtime is not installed.
        ModelError: It is none, or its files are not those of its card.
    """
    side = settings_of(bundle, ("two_stream",)).side
    if side % 16:
        raise ModelError(f"{bundle.folder}: tiles begin at halves of their side, multiples of 8", actual=side)
    return SpliceModel(side, Session(bundle.read(CLASSIFIER)))
