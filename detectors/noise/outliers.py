"""Which windows have other noise than most: distances to the majority, and the region that stands out.

Features are first projected onto a few directions in which processing (noise, blur, scaling, another JPEG)
moves them far more than content does: Fisher's discriminant between pairs of the same content, processed and
not, against what content does within untouched pictures. In them, what brightness and contrast explain is
taken out, and the majority's covariance is found by concentration (Rousseeuw and Van Driessen 1999, "A fast
algorithm for the minimum covariance determinant estimator", Technometrics 41).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt

from forensics.detectors.noise.windows import LEAST_CELL, Windows

__all__ = ["Directions", "Outliers", "content_terms", "directions", "discriminant", "distances"]

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# Share of the windows that the majority is made of, and the steps that find it.
MAJORITY, STEPS = 0.85, 8
# How much of the usual covariance is added to a picture's own.
SHRINKAGE = 0.1
# Sides, in windows, of the regions that are compared with the rest.
SIZES = (5, 9, 13, 19)
# Largest part of either side of the picture that a region may take, and its least share of usable windows.
MOST_SIDE, LEAST_USABLE = 0.6, 0.7


@dataclass(frozen=True)
class Directions:
    """Directions in feature space that tell processing from content.

    Attributes:
        matrix: (50, K) to be multiplied with features from the right.
        usual: (K, K) covariance there within untouched pictures, content taken out.
    """

    matrix: Doubles
    usual: Doubles


@dataclass(frozen=True)
class Outliers:
    """Windows against the majority.

    Attributes:
        distances: (rows, columns) squared Mahalanobis distances, 0 where a window is not usable.
        score: log10 of the squared distance between the mean of the region that stands out most and that of
            the rest, less that of the median window, and less that of the side of a cell over 16 pixels:
            the more pixels a window has, the farther apart are honest ones, too.
        top: First row of windows of that region.
        left: First column.
        size: Its side in windows, 0 if none was compared.
    """

    distances: Floats
    score: float
    top: int
    left: int
    size: int


@cache
def directions() -> Directions:
    """Return the directions that ship with the package."""
    file = resources.files("forensics.detectors") / "tables" / "noise_directions.json"
    table = json.loads(file.read_text(encoding="utf-8"))
    return Directions(np.asarray(table["matrix"], np.float64), np.asarray(table["usual"], np.float64))


# Fisher 1936: the directions w that maximise w'Bw / w'Ww, scaled so that w'Ww = 1.
def discriminant(moved: Doubles, within: Doubles, count: int, ridge: float = 0.1) -> Directions:
    """Return the directions in which processing moves features most, as measured by what content does.

    Args:
        moved: (N, N) mean outer product of the differences that processing makes.
        within: (N, N) mean covariance of features within pictures.
        count: How many directions.
        ridge: Part of the mean variance that is added to every feature's.
    """
    size = len(within)
    wide = within + ridge * np.trace(within) / size * np.eye(size)
    root = np.linalg.cholesky(np.linalg.inv(wide))
    _, vectors = np.linalg.eigh(root.T @ moved @ root)
    matrix = root @ vectors[:, ::-1][:, :count]
    return Directions(matrix, matrix.T @ within @ matrix)


def content_terms(brightness: Floats, contrast: Floats) -> Doubles:
    """Return (N, 6) terms of a quadratic in brightness and contrast, (N,) each."""
    b, c = brightness.astype(np.float64), contrast.astype(np.float64)
    return np.stack([np.ones_like(b), b, b * b, c, c * c, b * c], axis=1)


def distances(windows: Windows, along: Directions) -> Outliers:
    """Compare all windows with the majority.

    Args:
        windows: Windows of a picture, at least 20 of them usable.
        along: Directions to look along.
    """
    usable = windows.usable
    x = windows.features[usable].astype(np.float64) @ along.matrix
    terms = content_terms(windows.brightness[usable], windows.contrast[usable])
    kept = np.ones(len(x), bool)
    for _ in range(STEPS):
        z = _whitened(x, terms, kept, along.usual)
        squared = (z * z).sum(axis=1)
        again = squared <= np.quantile(squared, MAJORITY)
        if np.array_equal(again, kept):
            break
        kept = again
    shown = np.zeros(usable.shape, np.float32)
    shown[usable] = squared
    whole = np.zeros((*usable.shape, z.shape[1]), np.float32)
    whole[usable] = z
    found = _standing_out(shown, whole, usable)
    return replace(found, score=found.score - float(np.log10(windows.side / LEAST_CELL)))


def _whitened(x: Doubles, terms: Doubles, kept: Bools, usual: Doubles) -> Doubles:
    """Take out what content explains, and scale by the covariance of the windows kept."""
    coefficients, *_ = np.linalg.lstsq(terms[kept], x[kept], rcond=None)
    rest = x - terms @ coefficients
    covariance = np.cov(rest[kept].T) + SHRINKAGE * usual
    return np.asarray(rest @ np.linalg.cholesky(np.linalg.inv(covariance)), np.float64)


def _standing_out(shown: Floats, z: Floats, usable: Bools) -> Outliers:
    """Return the distances with the region whose mean is farthest from that of the rest."""
    count, total = usable.astype(np.float32), z.sum(axis=(0, 1))
    best, place = 0.0, (0, 0, 0)
    for size in (s for s in SIZES if s <= MOST_SIDE * min(usable.shape)):
        inside = _sums(count, size)
        sums = np.stack([_sums(z[..., i], size) for i in range(z.shape[2])], axis=2)
        rest = (total - sums) / np.maximum(count.sum() - inside, 1)[..., None]
        apart = ((sums / np.maximum(inside, 1)[..., None] - rest) ** 2).sum(axis=2)
        apart[inside < LEAST_USABLE * size * size] = 0
        if apart.max() > best:
            row, column = (int(v) for v in np.unravel_index(int(apart.argmax()), apart.shape))
            best, place = float(apart.max()), (row - size // 2, column - size // 2, size)
    score = float(np.log10(max(best, 1e-6)) - np.log10(max(float(np.median(shown[usable])), 1e-6)))
    return Outliers(shown, score, *place)


def _sums(plane: Floats, size: int) -> Floats:
    import cv2

    return np.asarray(
        cv2.boxFilter(
            np.ascontiguousarray(plane),
            cv2.CV_32F,
            (size, size),
            normalize=False,
            borderType=cv2.BORDER_CONSTANT,
        )
    )
