"""Quantisation tables: libjpeg's or a maker's own, and the quality that decoded pixels tell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np

from forensics.detectors.jpeg.coefficients import MODES, Blocks, Floats, dct_modes
from forensics.media import JpegStructure
from forensics.media.quant import STANDARD_LUMA, ijg_table

__all__ = [
    "LastSave",
    "TableOrigin",
    "dc_step_quality",
    "estimate_last_save",
    "nearest_quality",
    "table_origin",
]

# Makers whose untouched pictures at hand carry tables that are not libjpeg's (a handful of models each:
# Canon EOS 5D, 450D, PowerShot S90; Nikon D70, D70s; Fujifilm F40fd; Apple iPhone 5). Not a complete list.
_OWN_TABLES = ("apple", "canon", "fujifilm", "nikon")
# Blocks that tell the quality of a picture.
ENOUGH_BLOCKS = 8192
_QUALITIES = tuple(range(30, 101))


@dataclass(frozen=True)
class TableOrigin:
    """What the tables of a file say about the program that wrote it.

    Attributes:
        text: One sentence.
        resaved: Whether they are libjpeg's although the named maker is known to write its own.
    """

    text: str
    resaved: bool


@dataclass(frozen=True)
class LastSave:
    """Quality of a JPEG save that decoded pixels tell.

    Attributes:
        quality: libjpeg quality whose steps the coefficients follow best.
        fit: Mean cosine of coefficients over their steps: near 1 if they are multiples, near 0 if not.
    """

    quality: int
    fit: float


@cache
def _steps() -> dict[int, tuple[int, ...]]:
    return {q: ijg_table(STANDARD_LUMA, q) for q in _QUALITIES}


def table_origin(structure: JpegStructure, maker: str) -> TableOrigin:
    """Say whether tables are libjpeg's, and whether that fits the maker named in the metadata.

    Args:
        structure: The markers of the file.
        maker: EXIF Make, "" for none.
    """
    quality = structure.quality
    if not structure.quality_exact:
        return TableOrigin(
            f"Its tables are a program's or maker's own, nearest to libjpeg's quality {quality}.", False
        )
    text = f"Its tables are exactly libjpeg's at quality {quality}."
    if any(maker.strip().lower().startswith(name) for name in _OWN_TABLES):
        name = maker.strip()[:40]
        text += f" Cameras of the maker named, {name}, are known to write their own: saved by a program."
        return TableOrigin(text, True)
    return TableOrigin(text, False)


def nearest_quality(steps: Iterable[int]) -> int:
    """Return the libjpeg quality whose luma steps at `MODES` are nearest in relative terms."""
    given = np.log(np.maximum(np.asarray(list(steps), np.float64), 1))
    table = np.log(np.asarray([[_steps()[q][m] for m in MODES] for q in _QUALITIES]))
    return _QUALITIES[int(np.abs(table - given).sum(axis=1).argmin())]


def dc_step_quality(step: int) -> int:
    """Return the libjpeg quality whose luma DC step is nearest; the highest of several."""
    distances = [abs(_steps()[q][0] - step) for q in reversed(_QUALITIES)]
    return _QUALITIES[::-1][int(np.argmin(distances))]


# The characteristic function of a coefficient at 1 / step: 1 for multiples of the step, and
# exp(-2 pi^2 sigma^2 / step^2) for multiples that were rounded as pixels since (Fan and de Queiroz 2003,
# "Identification of bitmap compression history", IEEE TIP 12(2), use the same periodicity).
def estimate_last_save(blocks: Blocks) -> LastSave:
    """Estimate the quality of the save that left a grid in decoded pixels.

    Only libjpeg's tables are tried; another table comes out as a bad fit.

    Args:
        blocks: Blocks on that grid.
    """
    usable = blocks.pixels[~blocks.clipped]
    coefficients = dct_modes(usable[:: max(1, len(usable) // ENOUGH_BLOCKS)])
    fits = {q: _fit(coefficients, tuple(table[m] for m in MODES)) for q, table in _steps().items()}
    quality = max(fits, key=lambda q: fits[q])
    return LastSave(quality, fits[quality])


def _fit(coefficients: Floats, steps: tuple[int, ...]) -> float:
    """Mean over all coefficients beyond half a step of cos(2 pi c / step)."""
    scaled = coefficients / np.asarray(steps, np.float32)
    beyond = np.abs(scaled) > 0.5
    if beyond.sum() < 200:
        return 0.0
    return float(np.cos(2 * np.pi * scaled[beyond]).mean())
