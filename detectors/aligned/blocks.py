"""Codecs of 8x8 cells, as latent models have them, but linear: fitted in a moment, without training."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from forensics.detectors.aligned.makers import MAKERS, Made, Make, Maker
from forensics.media.types import Pixels

__all__ = ["cells_of", "fitted", "linear", "picture_of"]

Floats = npt.NDArray[np.float32]

_CELL = 8
_VALUES = 3 * _CELL * _CELL
_LATENTS = (24, 48, 72)  # values of a cell that are kept
_WEIGHTS = 0.01  # relative deviation of weights, as of a decoder that was trained a little otherwise
_NOISE = 0.02  # of latents, in their deviations
_DETAIL = (0.0, 0.5)
_RIDGE = 1e-6
_SEED, _PICTURES, _SIDE = 11, 48, 64  # of the corpus that weights are fitted to


def cells_of(picture: Floats) -> Floats:
    """Return the 8x8 cells of a picture, (h, w, 192), of (8h, 8w, 3)."""
    height, width = picture.shape[0] // _CELL, picture.shape[1] // _CELL
    parts = picture.reshape(height, _CELL, width, _CELL, 3).transpose(0, 2, 1, 3, 4)
    return np.ascontiguousarray(parts.reshape(height, width, _VALUES))


def picture_of(cells: Floats) -> Floats:
    """Return the picture that cells make, the inverse of `cells_of`."""
    height, width, _ = cells.shape
    parts = cells.reshape(height, width, _CELL, _CELL, 3).transpose(0, 2, 1, 3, 4)
    return np.ascontiguousarray(parts.reshape(height * _CELL, width * _CELL, 3))


def _around(latents: Floats) -> Floats:
    """Return the latents of each cell and of its eight neighbours, (h, w, 9k) of (h, w, k)."""
    padded = np.pad(latents, [(1, 1), (1, 1), (0, 0)], mode="edge")
    height, width, _ = latents.shape
    shifts = [padded[i : i + height, j : j + width] for i in range(3) for j in range(3)]
    return np.concatenate(shifts, axis=2)


def _corpus() -> Floats:
    from forensics.datasets.corpora import leaves

    return leaves(_SEED, _PICTURES, _SIDE).pixels.astype(np.float32)


# Principal components (Hotelling 1933) as encoder; least squares with a ridge as decoder.
@cache
def fitted(latents: int, *, lapped: bool) -> tuple[Floats, Floats]:
    """Return an encoder, (192, k), and a decoder, (k or 9k, 192), fitted to procedural pictures.

    Args:
        latents: k, values that are kept of a cell.
        lapped: Whether the decoder sees the neighbours of a cell, so that cells join without seams.
    """
    cells = [cells_of(picture - np.float32(128)) for picture in _corpus()]
    flat = np.concatenate([c.reshape(-1, _VALUES) for c in cells])
    _, vectors = np.linalg.eigh(flat.T @ flat / len(flat))
    encoder = np.ascontiguousarray(vectors[:, ::-1][:, :latents], np.float32)
    codes = [c @ encoder for c in cells]
    seen = [_around(z) for z in codes] if lapped else codes
    design = np.concatenate([z.reshape(-1, z.shape[-1]) for z in seen]).astype(np.float64)
    gram = design.T @ design
    gram += _RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram))
    return encoder, np.linalg.solve(gram, design.T @ flat).astype(np.float32)


def linear(*, lapped: bool) -> Make:
    """Return what takes photos through a linear codec of 8x8 cells with disturbed weights and latents."""

    def make(photo: Pixels, rng: np.random.Generator) -> Made:
        encoder, decoder = fitted(int(rng.choice(_LATENTS)), lapped=lapped)
        fine = photo.astype(np.float32)
        codes = cells_of(fine - np.float32(128)) @ encoder
        codes += np.float32(_NOISE) * codes.std() * rng.standard_normal(codes.shape, np.float32)
        weights = decoder * (1 + np.float32(_WEIGHTS) * rng.standard_normal(decoder.shape, np.float32))
        made = picture_of((_around(codes) if lapped else codes) @ weights) + np.float32(128)
        mixed = made + np.float32(rng.uniform(*_DETAIL)) * (fine - made)
        return Made(np.clip(np.rint(mixed), 0, 255).astype(np.uint8))

    return make


def _register(name: str, title: str, *, lapped: bool) -> None:
    MAKERS.register(name)(
        Maker(
            name=name,
            family="cells",
            title=title,
            source="the grid of Rombach et al. 2021, arXiv:2112.10752, with linear layers",
            open=lambda: linear(lapped=lapped),
            step=_CELL,
            least=3 * _CELL,
        )
    )


_register("cells8", "linear codec of 8x8 cells, each decoded on its own", lapped=False)
_register("lapped8", "linear codec of 8x8 cells, each decoded with its neighbours", lapped=True)
