"""Blocks of a picture and their principal components (Popescu & Farid 2004, section 2).

A. C. Popescu and H. Farid, "Exposing Digital Forgeries by Detecting Duplicated Image Regions", Dartmouth
TR2004-515.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from forensics.media import Pixels

__all__ = ["Basis", "Blocks", "anchored", "dense", "gather", "lively", "principal_components", "project"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Gradients = npt.NDArray[Any]

_CHUNK = 1 << 13
_STRIP_PIXELS = 1 << 21
_HUGE = 64_000_000  # pixels above which the maxima of half the size do
_HALO = 16  # rows beyond a strip that its maxima depend on: 7 of the Gaussian, 6 of the maximum
_LIVELY = 4.0  # grey levels squared: least variance of the slope across the weaker direction
_TWO_WAY = 0.02  # least ratio of the weaker to the stronger direction: below it, a block is a bare edge
_WHITE, _BLACK = 253, 2


@dataclass(frozen=True)
class Blocks:
    """Where the blocks of a picture stand.

    Attributes:
        rows: (N,) first row of each block.
        columns: (N,) first column of each block.
        side: Side of a block in pixels.
    """

    rows: Ints
    columns: Ints
    side: int


@dataclass(frozen=True)
class Anchors:
    """Points that the content chooses: rows, columns and strengths, each (N,)."""

    rows: Ints
    columns: Ints
    strength: Pixels


@dataclass(frozen=True)
class Basis:
    """Principal components of blocks.

    Attributes:
        mean: (side^2,) mean block.
        components: (K, side^2) orthonormal rows, by falling variance.
        variances: (K,) variance along each.
    """

    mean: Floats
    components: Floats
    variances: Floats


def dense(luma: Pixels, side: int) -> Blocks:
    """Return every overlapping block with texture in both directions.

    Args:
        luma: (H, W) uint8.
        side: Side of a block in pixels.
    """
    height, width = luma.shape
    if height < side or width < side:
        return Blocks(np.zeros(0, np.int64), np.zeros(0, np.int64), side)
    half = side // 2
    good = lively(luma, side)[half : half + height - side + 1, half : half + width - side + 1]
    rows, columns = np.nonzero(good)
    return Blocks(rows, columns, side)


def anchored(luma: Pixels, side: int, most: int) -> Blocks:
    """Return blocks around points that the content itself chooses, so that copies choose the same.

    The points are maxima of the difference of two Gaussians within 13 x 13 pixels: a shifted copy of a region
    has them shifted alike. They stand in for all overlapping blocks where a picture is too large for them.

    Args:
        luma: (H, W) uint8.
        side: Side of a block in pixels.
        most: Most blocks; of more, those with the strongest maxima.
    """
    anchors = Anchors(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.uint8))
    for part in _anchors(luma, side):
        anchors = _strongest(anchors, part, most)
    blocks = Blocks(anchors.rows - side // 2, anchors.columns - side // 2, side)
    good = np.concatenate([_lively_blocks(part) for part in _chunks(luma, blocks)] or [np.zeros(0, bool)])
    return Blocks(blocks.rows[good], blocks.columns[good], side)


def _anchors(luma: Pixels, side: int) -> Iterator[Anchors]:
    """Yield the maxima around which a block fits, strip by strip: whole planes are too large."""
    import cv2

    if luma.size > _HUGE:
        small = np.asarray(cv2.resize(luma, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
        for found in _anchors(small, -(-side // 2)):
            yield Anchors(2 * found.rows, 2 * found.columns, found.strength)
        return
    half, (height, width) = side // 2, luma.shape
    step = max(4 * _HALO, _STRIP_PIXELS // width)
    for top in range(0, height, step):
        start = max(0, top - _HALO)
        part = luma[start : top + step + _HALO]
        response = cv2.absdiff(cv2.GaussianBlur(part, (0, 0), 1.2), cv2.GaussianBlur(part, (0, 0), 2.4))
        peaks = (response == cv2.dilate(response, np.ones((13, 13), np.uint8))) & (response >= 3)
        peaks[:, :half] = peaks[:, max(0, width - side + half) :] = False
        peaks[: max(0, half - start)] = peaks[max(0, height - side + half - start) :] = False
        rows, columns = np.nonzero(peaks[top - start : top - start + step])
        yield Anchors(rows + top, columns, np.asarray(response, np.uint8)[rows + top - start, columns])


def _strongest(first: Anchors, second: Anchors, most: int) -> Anchors:
    """Return the strongest of both, at most `most`; of equal ones the later."""
    rows = np.concatenate([first.rows, second.rows])
    columns = np.concatenate([first.columns, second.columns])
    strength = np.concatenate([first.strength, second.strength])
    if rows.size > most:
        order = np.sort(np.argsort(strength, kind="stable")[rows.size - most :])
        rows, columns, strength = rows[order], columns[order], strength[order]
    return Anchors(rows, columns, strength)


def gather(luma: Pixels, blocks: Blocks) -> Pixels:
    """Return the blocks' pixels, (N, side, side) uint8."""
    if not blocks.rows.size:
        return np.zeros((0, blocks.side, blocks.side), np.uint8)
    windows = np.lib.stride_tricks.sliding_window_view(luma, (blocks.side, blocks.side))
    return np.asarray(windows[blocks.rows, blocks.columns])


def principal_components(pixels: Pixels | Floats, epsilon: float, most: int) -> Basis:
    """Return the fewest components that keep a share 1 - epsilon of the variance, at most `most`.

    Popescu & Farid 2004, section 2: 1 - eps = sum_{i<=N_t} lambda_i / sum_i lambda_i.

    Args:
        pixels: (N, side, side) or (N, side^2) blocks, N >= 2.
        epsilon: Share of the variance that may be lost, in (0, 1).
        most: Upper bound of the number of components.
    """
    flat = pixels.reshape(len(pixels), -1).astype(np.float32)
    mean = flat.mean(axis=0)
    centred = flat - mean
    covariance = (centred.T @ centred).astype(np.float64) / max(len(flat) - 1, 1)
    values, vectors = np.linalg.eigh(covariance)
    values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
    kept = np.cumsum(values) / max(float(values.sum()), 1e-12)
    count = min(int(np.searchsorted(kept, 1.0 - epsilon)) + 1, most, len(values))
    return Basis(mean, vectors[:, :count].T.astype(np.float32), values[:count].astype(np.float32))


def project(luma: Pixels, blocks: Blocks, basis: Basis) -> Floats:
    """Return the coordinates of all blocks, (N, K), a bounded number of blocks at a time."""
    out = np.empty((blocks.rows.size, len(basis.components)), np.float32)
    offset = basis.components @ basis.mean
    start = 0
    for part in _chunks(luma, blocks):
        flat = part.reshape(len(part), -1).astype(np.float32)
        out[start : start + len(part)] = flat @ basis.components.T - offset
        start += len(part)
    return out


def lively(luma: Pixels, side: int) -> Bools:
    """Return which windows centred at each pixel vary in two directions and are not clipped.

    Flat areas match anything flat, and a straight edge matches itself all along: neither can show a copy.

    Args:
        luma: (H, W) uint8.
        side: Side of the windows in pixels.
    """
    import cv2

    plane = luma.astype(np.float32)
    down, across = (
        cv2.Scharr(plane, cv2.CV_32F, 0, 1, scale=1 / 32),
        cv2.Scharr(plane, cv2.CV_32F, 1, 0, scale=1 / 32),
    )
    size = (side, side)
    yy, xx = cv2.blur(down * down, size), cv2.blur(across * across, size)
    xy = cv2.blur(down * across, size)
    clipped = cv2.blur(((luma >= _WHITE) | (luma <= _BLACK)).astype(np.float32), size)
    return _two_way(np.asarray(xx), np.asarray(yy), np.asarray(xy)) & np.asarray(clipped < 0.5)


def _lively_blocks(pixels: Pixels) -> Bools:
    """Return which of (N, side, side) blocks vary in two directions and are not clipped."""
    plane = pixels.astype(np.float32)
    down = plane[:, 2:, 1:-1] - plane[:, :-2, 1:-1]
    across = plane[:, 1:-1, 2:] - plane[:, 1:-1, :-2]
    clipped = ((pixels >= _WHITE) | (pixels <= _BLACK)).mean(axis=(1, 2))
    size = 4.0 * down[0].size if len(down) else 1.0  # central differences are halved
    xx, yy, xy = (
        np.einsum("nij,nij->n", a, b) / size for a, b in ((across, across), (down, down), (down, across))
    )
    return np.asarray(_two_way(xx, yy, xy) & (clipped < 0.5))


# Eigenvalues of the structure tensor [[xx, xy], [xy, yy]] (Förstner & Gülch 1987).
def _two_way(xx: Gradients, yy: Gradients, xy: Gradients) -> Bools:
    half, spread = (xx + yy) / 2, np.sqrt(((xx - yy) / 2) ** 2 + xy * xy)
    weaker, stronger = half - spread, half + spread
    return np.asarray((weaker >= _LIVELY) & (weaker >= _TWO_WAY * stronger))


def _chunks(luma: Pixels, blocks: Blocks) -> Iterator[Pixels]:
    for start in range(0, blocks.rows.size, _CHUNK):
        part = slice(start, start + _CHUNK)
        yield gather(luma, Blocks(blocks.rows[part], blocks.columns[part], blocks.side))
