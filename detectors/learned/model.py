"""A trained detector on disk: features of tiles go in, one number for each comes out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from forensics.detectors.calibrating.table import CalibrationTable
from forensics.detectors.dire.features import dire_features, latent_features
from forensics.detectors.learned.counts import cooccurrences
from forensics.detectors.learned.reconstruction import codec_features
from forensics.detectors.learned.spectra import cosine_features, profile_features
from forensics.detectors.learned.tiles import SIDE, ColourTiles, cut_colour
from forensics.errors import ModelError
from forensics.runtime.sessions import Session
from forensics.runtime.store import Bundle, bundled, names

__all__ = [
    "CLASSIFIER",
    "FEATURES",
    "METHOD",
    "TABLE",
    "Features",
    "TileModel",
    "Tiled",
    "open_tile_model",
    "planes",
    "shipped",
    "table_of",
    "tile_model_of",
]

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]
Features: TypeAlias = Callable[[Pixels], Floats]

CLASSIFIER, METHOD, TABLE = "classifier.onnx", "method.json", "calibration.json"
_BATCH = 8
_LARGEST = 4096  # pixels of a side, and tiles


@dataclass(frozen=True)
class Tiled:
    """What a model says of a picture.

    Attributes:
        tiles: That it looked at.
        logits: (N,) of each: higher for what decoders made.
    """

    tiles: ColourTiles
    logits: Floats

    @property
    def score(self) -> float:
        """Mean of all tiles."""
        return float(self.logits.mean())


@dataclass(frozen=True)
class TileModel:
    """Features, and what tells them apart.

    Attributes:
        method: Name in `FEATURES`.
        side: Of a tile.
        most: Tiles of a picture at most.
        classifier: Features to (N, ...) whose last column is the logit.
    """

    method: str
    side: int
    most: int
    classifier: Session

    def look(self, picture: Pixels) -> Tiled:
        """Return what the model says of a picture, (H, W, 3) uint8 RGB on its own grid."""
        tiles = cut_colour(picture, self.side, self.most)
        return Tiled(tiles, self.logits(tiles.pixels))

    def logits(self, tiles: Pixels) -> Floats:
        """Return (N,) logits of (N, S, S, 3) uint8 tiles.

        Raises:
            ModelError: The model does not take such features, or gives no numbers.
        """
        found = [np.empty(0, np.float32)]
        for start in range(0, len(tiles), _BATCH):
            features = FEATURES[self.method](tiles[start : start + _BATCH])
            last = self.classifier(features)[-1]
            found.append(last.reshape(len(features), -1)[:, -1])
        logits = np.concatenate(found)
        if not np.isfinite(logits).all():
            raise ModelError(f"the model of {self.method} gave no numbers for this picture")
        return logits


def planes(tiles: Pixels) -> Floats:
    """Return (N, 3, S, S) float32, 0 to 1, of (N, S, S, 3) uint8 tiles."""
    return np.ascontiguousarray(np.moveaxis(tiles.astype(np.float32) / 255.0, -1, 1))


FEATURES: Mapping[str, Features] = {
    "cooccurrence": cooccurrences,
    "dct": cosine_features,
    "dire": dire_features,
    "dire_step": latent_features,
    "linear_probe": planes,
    "reconstruction": codec_features,
    "residual": planes,
    "spectral": profile_features,
}


def shipped(name: str) -> bool:
    """Return whether a detector of that name comes with the suite."""
    return name in names()


@cache
def open_tile_model(name: str) -> TileModel:
    """Return the model of a detector that comes with the suite.

    Raises:
        MissingExtra: ONNX Runtime is not installed.
        ModelError: There is none of that name, or its files are not those of its card.
    """
    return tile_model_of(bundled(name))


@cache
def table_of(name: str) -> CalibrationTable | None:
    """Return what the scores of a detector that comes with the suite weigh; None if it was not calibrated.

    Raises:
        ModelError: There is none of that name, or its files are not those of its card.
    """
    bundle = bundled(name)
    if TABLE not in bundle.card["files"]:
        return None
    return CalibrationTable.model_validate_json(bundle.read(TABLE))


def tile_model_of(bundle: Bundle) -> TileModel:
    """Return the model in a bundle.

    Raises:
        MissingExtra: ONNX Runtime is not installed.
        ModelError: It is no detector, or its files are not those of its card.
    """
    try:
        settings = json.loads(bundle.read(METHOD))
        method = settings.get("method") if isinstance(settings, dict) else None
        if method not in FEATURES:
            raise ModelError(
                f"{bundle.folder} is no detector of tiles", expected=sorted(FEATURES), actual=method
            )
        side, most = int(settings.get("side", SIDE)), int(settings.get("tiles", 32))
    except (TypeError, ValueError) as error:
        raise ModelError(f"{bundle.folder / METHOD} says nothing of a detector: {error}") from None
    if not 8 <= side <= _LARGEST or side % 8 or not 1 <= most <= _LARGEST:
        raise ModelError(f"{bundle.folder / METHOD}: no such tiles", actual=(side, most))
    return TileModel(str(method), side, most, Session(bundle.read(CLASSIFIER)))
