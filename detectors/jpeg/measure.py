"""Everything that the `jpeg` detector measures of one picture, without weighing it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from forensics.detectors.jpeg.coefficients import (
    MODES,
    Blocks,
    Floats,
    band_sample,
    clipped_colour,
    sample_blocks,
)
from forensics.detectors.jpeg.double_compression import DoubleCompression, analyse, block_likelihoods
from forensics.detectors.jpeg.ghosts import Ghost, error_level, ghost
from forensics.detectors.jpeg.grid import (
    CELL,
    FREQUENCIES,
    DcPeriod,
    GridVotes,
    dc_period,
    grid_votes,
    vote_cells,
    zero_counts,
)
from forensics.detectors.jpeg.regions import Region, Votes, foreign_grid, lacking_save
from forensics.detectors.jpeg.tables import LastSave, estimate_last_save
from forensics.media import JpegStructure, Pixels

__all__ = [
    "LEAST_COEFFICIENTS",
    "LEAST_SIDE",
    "VOTE_PIXELS",
    "Seen",
    "double_score",
    "grids_hidden",
    "measure",
    "region_score",
    "too_plain",
]

# Shorter sides hold too few blocks for any of the statistics.
LEAST_SIDE = 64
# Fewer non-zero coefficients tell no histogram.
LEAST_COEFFICIENTS = 4000
# Largest share of clipped blocks.
MOST_CLIPPED = 0.9
# log10 of expected false alarms below which a grid counts as there.
GRID_NFA = -3.0
# Least fit of an estimated quantiser that is built on.
LEAST_FIT = 0.8
# Gain from which a picture counts as saved twice clearly enough to miss that save in a region.
CLEAR_GAIN = 0.2
# Pixels that the search for an earlier grid looks at, in bands.
PERIOD_PIXELS = 2_000_000
# Largest step, at the frequencies that vote, of a save that leaves earlier grids to be seen: quality 98.
FINE_STEP = 5
# Pictures up to this size are searched for foreign grids.
VOTE_PIXELS = 16_000_000


@dataclass(frozen=True)
class Seen:
    """What was measured.

    Attributes:
        votes: Votes for the grid; None for a JPEG, whose grid is known.
        has_grid: Whether there is a grid.
        period: Periodicity of means off the grid of a JPEG; None for anything else.
        last_save: Estimated last save of decoded pixels; None for a JPEG or without a good fit.
        double: Earlier save on the same grid; None without a known last save.
        foreign: Region on another grid; None where it was not looked for.
        lacking: Region without the earlier save; None where there is none.
        ghost: JPEG ghosts.
        error_level: Map for the eye.
    """

    votes: GridVotes | None
    has_grid: bool
    period: DcPeriod | None
    last_save: LastSave | None
    double: DoubleCompression | None
    foreign: Region | None
    lacking: Region | None
    ghost: Ghost
    error_level: Floats


def too_plain(luma: Pixels) -> str:
    """Return why a picture tells nothing, "" if it may."""
    if min(luma.shape) < LEAST_SIDE:
        return f"It is smaller than {LEAST_SIDE} pixels on a side."
    blocks = sample_blocks(luma, limit=4096)
    if float(blocks.clipped.mean()) > MOST_CLIPPED:
        return "Nearly all of it is black or white."
    if float((blocks.pixels.max(axis=2) - blocks.pixels.min(axis=2) > 4).mean()) < 0.02:
        return "It is flat nearly everywhere."
    return ""


def double_score(found: DoubleCompression) -> float:
    """Score of an earlier save: log10 of the gain per coefficient, from -4."""
    return float(np.log10(max(found.gain, 1e-4)))


def region_score(region: Region) -> float:
    """Score of a region: log10 of one plus its score by the model."""
    return float(np.log10(1.0 + max(region.score, 0.0)))


def measure(luma: Pixels, structure: JpegStructure | None, pixels: Callable[[], Pixels]) -> Seen:
    """Measure one picture.

    Args:
        luma: (H, W) uint8.
        structure: Its markers if the file is a JPEG.
        pixels: Returns the (H, W, 3) pixels; called only if they are needed.
    """
    cells = vote_cells(zero_counts(_bounded(luma))) if not grids_hidden(structure) else None
    # The grid of a JPEG is known: only what is pasted can lie on another.
    votes = grid_votes(cells) if cells is not None and structure is None else None
    has_grid = votes is None or votes.log10_nfa < GRID_NFA
    origin = votes.origin if votes is not None and has_grid else (0, 0)
    blocks = sample_blocks(luma, origin)
    last_save = estimate_last_save(blocks) if structure is None and has_grid else None
    if last_save is not None and last_save.fit < LEAST_FIT:
        last_save = None
    quantiser = _last_steps(structure, last_save)
    double = lacking = None
    if quantiser is not None:
        shifted = sample_blocks(luma, ((origin[0] + 4) % 8, (origin[1] + 4) % 8))
        double = analyse(blocks, shifted, quantiser)
        lacking = _lacking(blocks, double, pixels, origin)
    return Seen(
        votes=votes,
        has_grid=has_grid,
        period=dc_period(band_sample(luma, PERIOD_PIXELS)) if structure is not None else None,
        last_save=last_save,
        double=double,
        foreign=_foreign(cells, luma),
        lacking=lacking,
        ghost=ghost(blocks),
        error_level=error_level(blocks),
    )


def _bounded(luma: Pixels) -> Pixels:
    return luma if luma.size <= VOTE_PIXELS else band_sample(luma, VOTE_PIXELS)


def _foreign(cells: Votes | None, luma: Pixels) -> Region | None:
    """Return the region that votes for another grid; None where it is not looked for."""
    if cells is None or luma.size > VOTE_PIXELS:
        return None
    votes = grid_votes(cells)
    found = foreign_grid(cells, votes.phase if votes.log10_nfa < GRID_NFA else -1)
    # A cell's blocks lie within 15 pixels of its corner, so that the last ones end before the picture does.
    missing = [(0, max(0, -(-side // CELL) - n)) for side, n in zip(luma.shape, cells.shape, strict=True)]
    return replace(found, map=np.pad(found.map, missing))


def grids_hidden(structure: JpegStructure | None) -> str:
    """Return why votes say nothing about grids before the last save, "" where they may.

    A save quantises to zero what earlier ones left, unless its steps are as fine as those of quality 98.

    Args:
        structure: The markers of the file if it is a JPEG.
    """
    if structure is None:
        return ""
    table = _luma_table(structure)
    if table is None:
        return "It does not store a luminance, so that its grid cannot be compared with others."
    coarsest = max(table[8 * u + v] for u in FREQUENCIES for v in FREQUENCIES)
    if coarsest <= FINE_STEP:
        return ""
    return "Its last JPEG save laid one grid over everything, and hides those of what was pasted before."


def _last_steps(structure: JpegStructure | None, last_save: LastSave | None) -> tuple[int, ...] | None:
    if structure is not None:
        table = _luma_table(structure)
        return tuple(table[m] for m in MODES) if table is not None else None
    return last_save.steps if last_save is not None else None


def _luma_table(structure: JpegStructure) -> tuple[int, ...] | None:
    """Table of the stored luminance; None where the file stores none (RGB, plain CMYK)."""
    ours = {1: True, 3: structure.adobe_transform != 0, 4: structure.adobe_transform == 2}
    if not ours.get(structure.components, False) or not structure.tables:
        return None
    return min(structure.tables, key=lambda t: t.identifier).values


def _lacking(
    blocks: Blocks, double: DoubleCompression, pixels: Callable[[], Pixels], origin: tuple[int, int]
) -> Region | None:
    if double.gain < CLEAR_GAIN or double.coefficients < LEAST_COEFFICIENTS:
        return None
    ratios = block_likelihoods(blocks, double, clipped_colour(pixels(), blocks, origin))
    return lacking_save(ratios, double.gain)
