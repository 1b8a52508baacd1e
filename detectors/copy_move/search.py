"""From a picture to its verified pairs of copied regions."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from forensics.detectors.copy_move import rotation
from forensics.detectors.copy_move.align import Matrix, composed, inverse, moved
from forensics.detectors.copy_move.blocks import (
    Blocks,
    anchored,
    dense,
    gather,
    principal_components,
    project,
)
from forensics.detectors.copy_move.mask import Match, verify
from forensics.detectors.copy_move.matching import match
from forensics.detectors.copy_move.voting import Candidate, vote
from forensics.media import Pixels

__all__ = [
    "SETTINGS",
    "Search",
    "Settings",
    "credible",
    "find",
    "score",
    "shifted_blocks",
    "textured_blocks",
    "turned_regions",
]


@dataclass(frozen=True)
class Settings:
    """What the search costs and how strict it is."""

    side: int = 8
    anchored_side: int = 16
    dense_pixels: int = 1_050_000
    anchors: int = 60_000
    epsilon: float = 0.02
    components: int = 12
    sample: int = 8_000
    step: float = 16.0
    tolerance: float = 12.0
    neighbours: int = 4
    votes: int = 4
    keypoint_pixels: int = 500_000
    shifts: int = 5
    similarities: int = 10
    least_small: int = 60


SETTINGS = Settings()
_LEAST_TEXTURED = 150
_MOST_FLAT = 0.4
_MOST_STRETCH = 1.08
_USUAL = 500_000


@dataclass(frozen=True)
class Search:
    """What a search gave.

    Attributes:
        matches: Verified pairs of regions, strongest first.
        blocks: Number of blocks with texture that were compared.
    """

    matches: tuple[Match, ...]
    blocks: int


def find(luma: Pixels, settings: Settings = SETTINGS) -> Search:
    """Return the verified pairs of regions of a picture.

    Args:
        luma: (H, W) uint8.
        settings: Limits of the search.
    """
    blocks = textured_blocks(luma, settings)
    tried = (*shifted_blocks(luma, blocks, settings), *turned_regions(luma, settings))
    found = [m for m in (verify(luma, candidate) for candidate in tried) if m is not None and credible(m)]
    return Search(_distinct(sorted(found, key=score, reverse=True)), blocks.rows.size)


def credible(found: Match) -> bool:
    """Return whether a match is large enough to be judged, photographed, and not stretched.

    Copies are turned, mirrored and resized as they are; things alike in a scene are seen in perspective,
    which stretches one against the other. What is drawn repeats exactly without any copying.
    """
    large, small = np.linalg.svd(found.matrix[:, :2], compute_uv=False)
    stretched = bool(large > _MOST_STRETCH * small)
    return found.textured >= _LEAST_TEXTURED and found.flat <= _MOST_FLAT and not stretched


def score(found: Match) -> float:
    """Return how much two regions look like copies: agreement of their finest detail, and its area.

    The weights are those of a logistic regression on the calibration pictures; above 10^4 pixels more area
    adds nothing. Things that merely look alike cover more pixels in larger pictures: above half a megapixel,
    area counts in proportion to the picture's side.
    """
    area = found.textured * min(1.0, (_USUAL / found.pixels) ** 0.5)
    return found.fine + 0.4 * (min(4.0, math.log10(max(area, 1.0))) - 3.0)


def textured_blocks(luma: Pixels, settings: Settings = SETTINGS) -> Blocks:
    """Return the blocks to compare: all overlapping ones of a small picture, anchored ones of a large one."""
    if luma.size <= settings.dense_pixels:
        return dense(luma, settings.side)
    return anchored(luma, settings.anchored_side, settings.anchors)


def shifted_blocks(luma: Pixels, blocks: Blocks, settings: Settings = SETTINGS) -> tuple[Candidate, ...]:
    """Return shift vectors by Popescu & Farid's method.

    Args:
        luma: (H, W) uint8.
        blocks: Which blocks to compare.
        settings: Limits of the search.
    """
    if blocks.rows.size < 64:
        return ()
    every = max(1, blocks.rows.size // settings.sample)
    sample = Blocks(blocks.rows[::every], blocks.columns[::every], blocks.side)
    basis = principal_components(gather(luma, sample), settings.epsilon, settings.components)
    features = np.rint(project(luma, blocks, basis)).astype(np.int16)
    pairs = match(
        blocks,
        features,
        step=settings.step,
        tolerance=settings.tolerance * blocks.side / 8,
        neighbours=settings.neighbours,
        least=_least(blocks.side),
    )
    return vote(luma, blocks, pairs, least=settings.votes, most=settings.shifts)


def turned_regions(luma: Pixels, settings: Settings = SETTINGS) -> tuple[Candidate, ...]:
    """Return similarities, turned and mirrored ones included, by keypoints on a grid of bounded size."""
    import cv2

    scale = max(1.0, (luma.size / settings.keypoint_pixels) ** 0.5)
    size = (max(1, int(luma.shape[1] / scale)), max(1, int(luma.shape[0] / scale)))
    small = np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.uint8) if scale > 1 else luma
    points = rotation.detect(small)
    links = rotation.link(points, least=2.0 * settings.side)
    found = rotation.candidates(points, links, area=small.size, most=settings.similarities)
    if scale == 1.0:
        return found
    ratio = np.array([luma.shape[1] / size[0], luma.shape[0] / size[1]])
    seen = [m for m in (verify(small, candidate) for candidate in found) if m is not None]
    large = sorted((m for m in seen if m.textured >= settings.least_small), key=score, reverse=True)
    return tuple(_enlarged(m, ratio) for m in large[: settings.shifts])


# A pixel's centre x on the small grid is at (x + 1/2) r - 1/2 on the large one.
def _enlarged(found: Match, ratio: Matrix) -> Candidate:
    """Return what was found on a small grid as a candidate on the picture's own."""
    up = np.column_stack([np.diag(ratio), (ratio - 1) / 2])
    points = found.region.points()
    few = points[:: max(1, len(points) // 500)]
    return replace(
        found.candidate,
        matrix=composed(composed(up, found.matrix), inverse(up)),
        points=moved(few, up),
        exact=False,
    )


def _distinct(ranked: list[Match]) -> tuple[Match, ...]:
    """Return the matches without those that repeat a better one."""
    kept: list[Match] = []
    for found in ranked:
        centre = found.region.points().mean(axis=0, keepdims=True)
        here = moved(centre, found.matrix)
        if all(float(np.abs(moved(centre, k.matrix) - here).max()) > 8 for k in kept):
            kept.append(found)
    return tuple(kept)


def _least(side: int) -> float:
    return float(np.ceil(side * 2**0.5)) + 1
