"""Double compression on one grid: the histogram of a DCT coefficient tells an earlier quantiser.

Bianchi and Piva 2012, "Image forgery localization via block-grained analysis of JPEG artifacts" (IEEE TIFS
7(3)): model a coefficient before any compression by that of the same picture on a shifted grid, pass it
through each candidate quantiser and through the known last one, and compare the likelihood of what is seen
with that of a single compression. Coefficients that are zero are left out: how many there are depends on
the content, not on the quantisers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forensics.detectors.jpeg.coefficients import Blocks, Doubles, Floats, Mask, dct_modes

__all__ = [
    "BlockRatios",
    "DoubleCompression",
    "analyse",
    "block_likelihoods",
    "likelihood_tables",
    "mode_histogram",
]


# Coefficients beyond this are too few to count. The fine grid has a node every half unit.
RANGE = 255
NODES = 4 * RANGE + 1
# Largest quantiser step that is tried.
MOST_STEP = 64
# Between two saves samples are rounded and clipped in RGB and then as luminance: standard deviation of a
# coefficient by it, sqrt((0.447 + 1) / 12) plus what the chroma conversion adds.
ROUNDING = 0.45
# Share of coefficients that are taken to follow a single compression in any case: bounds one
# coefficient's say, so that neither clipping nor a pasted region is fatal.
LEAK = 0.02


@dataclass(frozen=True)
class DoubleCompression:
    """What the histograms say about an earlier save on the same grid.

    Attributes:
        gain: Mean log-likelihood gain (nats per non-zero coefficient) of the best earlier quantiser.
        coefficients: Number of non-zero coefficients that it rests on.
        steps: Best earlier quantiser step of each mode of `MODES`, 0 for one that was passed over.
        last: Quantiser step of each mode in the last save.
        tables: For each mode the log-likelihood ratio of each value from -K to K, 0 at 0.
    """

    gain: float
    coefficients: int
    steps: tuple[int, ...]
    last: tuple[int, ...]
    tables: tuple[Doubles, ...]


@dataclass(frozen=True)
class BlockRatios:
    """What each block says about an earlier save.

    Attributes:
        sums: (rows, columns) log-likelihood ratio of "saved twice", in nats.
        counts: (rows, columns) non-zero coefficients that it rests on.
    """

    sums: Doubles
    counts: Doubles


def mode_histogram(coefficients: Floats) -> Doubles:
    """Return the smoothed distribution of one coefficient over the nodes of the fine grid.

    Args:
        coefficients: (N,) of a grid that no quantiser has touched.
    """
    nodes = np.clip(np.rint(coefficients * 2).astype(np.int64) + 2 * RANGE, 0, NODES - 1)
    counts = np.bincount(nodes, minlength=NODES).astype(np.float64)
    density = np.convolve(counts / max(counts.sum(), 1.0), _gaussian(0.6, 16), "same") + 1e-7
    return np.asarray(density / density.sum())


def likelihood_tables(density: Doubles, last: int) -> Doubles:
    """Return the probability of each non-zero value of the last quantiser, for each earlier one.

    Args:
        density: Distribution over the nodes, of `mode_histogram`.
        last: Step of the last quantiser.

    Returns:
        (MOST_STEP + 1, 2 K + 1) probabilities with K = RANGE // last: row 0 for a single compression, row q
        for an earlier quantiser of step q. Value 0 has probability 0.
    """
    single = _without_zero(_requantise(density, last))
    rows = [single]
    kernel = _gaussian(ROUNDING, 5)
    for step in range(1, MOST_STEP + 1):
        most = RANGE // step
        nodes = np.zeros(NODES)
        nodes[2 * RANGE + 2 * step * np.arange(-most, most + 1)] = _requantise(density, step)
        twice = _without_zero(_requantise(np.convolve(nodes, kernel, "same"), last))
        rows.append((1 - LEAK) * twice + LEAK * single)
    return np.stack(rows)


def analyse(blocks: Blocks, shifted: Blocks, last: tuple[int, ...]) -> DoubleCompression:
    """Look for an earlier compression on the same grid.

    Args:
        blocks: Blocks on the grid of the last save.
        shifted: Blocks of the same picture on a grid that no save used.
        last: Quantiser step of each mode of `MODES` in the last save; a mode with 0 is passed over.
    """
    seen = dct_modes(blocks.pixels[~blocks.clipped])
    untouched = dct_modes(shifted.pixels[~shifted.clipped])
    total, gain = 0.0, 0.0
    steps: list[int] = []
    tables: list[Doubles] = []
    for j, step in enumerate(last):
        if step == 0:
            steps.append(0)
            tables.append(np.zeros(1))
            continue
        likelihoods = likelihood_tables(mode_histogram(untouched[:, j]), step)
        ratios = np.log((likelihoods + 1e-9) / (likelihoods[0] + 1e-9))
        counts = _histogram(seen[:, j], step)
        gains = ratios @ counts
        best = int(gains.argmax())
        steps.append(max(best, 1))
        tables.append(ratios[best])
        total += float(counts.sum())
        gain += float(gains[best])
    return DoubleCompression(gain / max(total, 1.0), int(total), tuple(steps), last, tuple(tables))


def block_likelihoods(blocks: Blocks, found: DoubleCompression, excluded: Mask | None = None) -> BlockRatios:
    """Return the log-likelihood ratio of "saved twice" for each block.

    Args:
        blocks: Blocks on the grid of the last save.
        found: What `analyse` said of them.
        excluded: (rows, columns) further blocks that say nothing, such as those with a clipped colour.
    """
    coefficients = dct_modes(blocks.pixels)
    sums, counts = np.zeros(blocks.shape), np.zeros(blocks.shape)
    for j, table in enumerate(found.tables):
        most = table.size // 2
        values = np.clip(np.rint(coefficients[..., j] / max(found.last[j], 1)).astype(np.int64), -most, most)
        sums += table[values + most]
        counts += (values != 0) & (found.last[j] > 0)
    silent = blocks.clipped if excluded is None else blocks.clipped | excluded
    sums[silent] = 0.0
    counts[silent] = 0.0
    return BlockRatios(sums, counts)


def _histogram(coefficients: Floats, step: int) -> Doubles:
    most = RANGE // step
    values = np.rint(coefficients / step).astype(np.int64)
    counts = np.bincount(values[np.abs(values) <= most] + most, minlength=2 * most + 1).astype(np.float64)
    counts[most] = 0.0
    return counts


def _requantise(density: Doubles, step: int) -> Doubles:
    """Mass of the nodes in each bin ((k - 1/2) step, (k + 1/2) step); a node on an edge is halved."""
    most = RANGE // step
    edges = np.clip((2 * np.arange(-most, most + 2) - 1) * step + 2 * RANGE, 0, NODES - 1)
    below = np.cumsum(density) - density / 2
    return np.diff(below[edges])


def _without_zero(mass: Doubles) -> Doubles:
    mass[mass.size // 2] = 0.0
    total = mass.sum()
    return mass / total if total > 1e-9 else mass


def _gaussian(sigma: float, taps: int) -> Doubles:
    x = np.arange(-taps, taps + 1) / 2
    kernel = np.exp(-(x**2) / (2 * sigma**2))
    return np.asarray(kernel / kernel.sum())
