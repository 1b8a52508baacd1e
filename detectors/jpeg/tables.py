"""Quantisation tables: libjpeg's or a maker's own, and the quality that decoded pixels tell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np

from forensics.detectors.jpeg.coefficients import MODES, Blocks, Floats, dct_modes
from forensics.detectors.jpeg.double_compression import MOST_STEP
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
# Standard deviation of a coefficient by rounding in RGB and then as luminance: sqrt((0.447 + 1) / 12).
PIXEL_ROUNDING = 0.347
# Blocks that tell the quality of a picture.
ENOUGH_BLOCKS = 8192
# Coefficients beyond half a step that tell it.
ENOUGH_COEFFICIENTS = 100
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
    """The JPEG save that decoded pixels tell.

    Attributes:
        quality: libjpeg quality whose luma table is nearest.
        steps: Quantiser step of each mode of `MODES`, 0 where too few coefficients are left to tell.
        fit: How far coefficients are multiples of those steps, median over the modes: near 1 if they are, up
            to the rounding of pixels, near 0 if not.
    """

    quality: int
    steps: tuple[int, ...]
    fit: float


@dataclass(frozen=True)
class Step:
    """Step of one mode, and how far coefficients are its multiples."""

    value: int
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
    """Return the libjpeg quality whose luma steps at `MODES` are nearest in relative terms.

    Args:
        steps: One for each mode; those that are 0 are left out.
    """
    given = np.asarray(list(steps), np.float64)
    table = np.asarray([[_steps()[q][m] for m in MODES] for q in _QUALITIES], np.float64)
    distances = np.abs(np.log(table[:, given > 0]) - np.log(given[given > 0]))
    return _QUALITIES[int(distances.sum(axis=1).argmin())]


def dc_step_quality(step: int) -> int:
    """Return the libjpeg quality whose luma DC step is nearest; the highest of several."""
    distances = [abs(_steps()[q][0] - step) for q in reversed(_QUALITIES)]
    return _QUALITIES[::-1][int(np.argmin(distances))]


# The characteristic function of a coefficient at 1 / step: 1 for multiples of the step, and
# exp(-2 pi^2 sigma^2 / step^2) for multiples that were rounded as pixels since (Fan and de Queiroz 2003,
# "Identification of bitmap compression history", IEEE TIP 12(2), use the same periodicity).
def estimate_last_save(blocks: Blocks) -> LastSave:
    """Estimate the quantiser of the save that left a grid in decoded pixels, whichever program's it was.

    Args:
        blocks: Blocks on that grid.
    """
    usable = blocks.pixels[~blocks.clipped]
    coefficients = dct_modes(usable[:: max(1, len(usable) // ENOUGH_BLOCKS)])
    steps = [_step(coefficients[:, j]) for j in range(len(MODES))]
    told = [s for s in steps if s.value]
    if not told:
        return LastSave(0, (0,) * len(MODES), 0.0)
    fit = float(np.median([s.fit for s in told]))
    return LastSave(nearest_quality(s.value for s in steps), tuple(s.value for s in steps), fit)


def _step(coefficients: Floats) -> Step:
    """Return the step whose multiples the coefficients beyond half of it follow best."""
    best, most = Step(0, 0.0), 0.0
    for value in range(1, MOST_STEP + 1):
        scaled = coefficients / value
        beyond = scaled[np.abs(scaled) > 0.5]
        if beyond.size < ENOUGH_COEFFICIENTS:
            break
        seen = float(np.cos(2 * np.pi * beyond).mean())
        if seen > most:
            best, most = Step(value, seen / float(np.exp(-2 * (np.pi * PIXEL_ROUNDING / value) ** 2))), seen
    return best
