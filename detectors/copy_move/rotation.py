"""Copies that were turned, mirrored or scaled: oriented keypoints and a vote over similarities.

Lowe 2004 for the keypoints; Amerini et al. 2011 (SIFT copy-move detection); Guo & Cao 2010 for reading
a mirrored descriptor off the plain one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.detectors.copy_move.voting import Candidate, log10_nfa
from forensics.media import Pixels

__all__ = ["Keypoints", "Links", "candidates", "detect", "link", "mirrored"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

_MOST_POINTS = 3000
_MOST_LINKS = 1200
_RATIO = 0.75  # distance of the last partner over that of the next keypoint
_PARTNERS = 3  # most partners of a keypoint: what was copied several times has several
_NEAR = 0.35  # a distance of unit descriptors this small needs no ratio
_SCALE = 2.0  # largest change of scale
_ROWS = 1024


@dataclass(frozen=True)
class Keypoints:
    """Places with a scale and a direction of their own.

    Attributes:
        places: (N, 2) x, y in pixels.
        sizes: (N,) diameters in pixels.
        angles: (N,) directions in radians, clockwise from the x axis as seen.
        descriptors: (N, 128) rows of unit length.
    """

    places: Floats
    sizes: Floats
    angles: Floats
    descriptors: Floats


@dataclass(frozen=True)
class Links:
    """Keypoints that look alike.

    Attributes:
        first: (M,) numbers of keypoints.
        second: (M,) numbers of their partners.
        flipped: (M,) whether the partner looks like the mirror picture.
        distances: (M,) of the descriptors.
    """

    first: Ints
    second: Ints
    flipped: npt.NDArray[np.bool_]
    distances: Floats


def detect(luma: Pixels) -> Keypoints:
    """Return the strongest keypoints of a picture.

    Args:
        luma: (H, W) uint8.
    """
    import cv2

    sift = cv2.SIFT.create(_MOST_POINTS, 3, 0.015, 10, 1.6, enable_precise_upscale=True)
    found, descriptors = sift.detectAndCompute(luma, None)
    if not found:  # then the descriptors are None
        empty = np.zeros(0, np.float32)
        return Keypoints(np.zeros((0, 2), np.float32), empty, empty, np.zeros((0, 128), np.float32))
    norm = np.linalg.norm(descriptors, axis=1, keepdims=True)
    return Keypoints(
        np.array([k.pt for k in found], np.float32),
        np.array([k.size for k in found], np.float32),
        np.radians(np.array([k.angle for k in found], np.float32)),
        descriptors / np.maximum(norm, 1e-6),
    )


def mirrored(descriptors: Floats) -> Floats:
    """Return what the descriptors of the mirrored picture would be.

    A descriptor is a grid of 4 x 4 histograms of 8 directions in the keypoint's own frame; mirroring along
    its direction turns the rows of the grid over and negates the directions.

    Args:
        descriptors: (N, 128).
    """
    grid = descriptors.reshape(-1, 4, 4, 8)[:, ::-1]
    return np.ascontiguousarray(grid[..., (-np.arange(8)) % 8]).reshape(-1, 128)


def link(points: Keypoints, least: float) -> Links:
    """Return each keypoint's nearest other one, plain and mirrored, where it stands out.

    Args:
        points: The keypoints.
        least: Least distance of partners in pixels.
    """
    plain = _nearest(points, points.descriptors, least, False)
    found = _joined([plain, _nearest(points, mirrored(points.descriptors), least, True)])
    first, second, flipped, distances = found.first, found.second, found.flipped, found.distances
    down = points.places[second, 1] >= points.places[first, 1]  # so that a pair has one direction only
    first, second = np.where(down, first, second), np.where(down, second, first)
    scale = points.sizes[second] / points.sizes[first]
    keep = np.flatnonzero((scale > 1 / _SCALE) & (scale < _SCALE))
    keep = keep[np.argsort(distances[keep], kind="stable")]
    keys = (first[keep] * len(points.places) + second[keep]) * 2 + flipped[keep]
    keep = keep[np.sort(np.unique(keys, return_index=True)[1])[:_MOST_LINKS]]
    return Links(first[keep], second[keep], flipped[keep], distances[keep])


def candidates(points: Keypoints, links: Links, *, area: int, most: int) -> tuple[Candidate, ...]:
    """Return the similarities that several links share, each refined to an affine map, best first.

    Every link proposes one similarity; the links that agree with it are counted and the best proposal is
    taken, its links are set aside, and so on.

    Args:
        points: The keypoints.
        links: Which look alike.
        area: Pixels of the picture they are from.
        most: Most candidates.
    """
    agree = _agreement(points, links)
    left = np.ones(len(agree), bool)
    found: list[Candidate] = []
    while left.sum() >= 3 and len(found) < most:
        counts = agree[:, left].sum(axis=1) * left
        best = int(counts.argmax())
        if counts[best] < 3:
            break
        members = np.flatnonzero(agree[best] & left)
        matrix, fitting = _fitted(points, links, members, similarity(points, links, best))
        left[members] = left[fitting] = False
        a, b = points.places[links.first[fitting]], points.places[links.second[fitting]]
        votes = min(_distinct(a), _distinct(b))
        rare = log10_nfa(votes, max(len(links.first), votes), area)
        if votes >= 3 and rare < 0:
            found.append(Candidate(matrix, a.astype(np.float64), votes, rare, False, "keypoints"))
    found.sort(key=lambda c: c.log10_nfa)
    return tuple(found)


def similarity(points: Keypoints, links: Links, index: int) -> npt.NDArray[np.float64]:
    """Return the (2, 3) similarity, mirrored or not, that one link proposes."""
    linear = _linear(points, links, np.array([index]))[0]
    a, b = points.places[links.first[index]], points.places[links.second[index]]
    return np.column_stack([linear, b - linear @ a])


def fit_affine(a: Floats, b: Floats, prior: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the least-squares affine map of a onto b, held near a prior map.

    Args:
        a: (N, 2) places.
        b: (N, 2) their images.
        prior: (2, 3) map whose linear part weighs like a few more points.
    """
    centre_a, centre_b = a.mean(axis=0), b.mean(axis=0)
    x, y = (a - centre_a).astype(np.float64), (b - centre_b).astype(np.float64)
    weight = 2.0 * 6.0**2 * np.eye(2)  # as two points six pixels off the centre
    linear = np.linalg.solve(x.T @ x + weight, x.T @ y + weight @ prior[:, :2].T).T
    return np.column_stack([linear, centre_b - linear @ centre_a])


def _fitted(
    points: Keypoints, links: Links, members: Ints, prior: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], Ints]:
    """Return an affine map of the members and all links that it carries within three pixels, twice over."""
    a, b = points.places[links.first], points.places[links.second]
    mirror = links.flipped == links.flipped[members[0]]
    matrix = prior
    for _ in range(2):
        matrix = fit_affine(a[members], b[members], prior)
        miss = np.hypot(*(a @ matrix[:, :2].T + matrix[:, 2] - b).T)
        members = np.flatnonzero((miss < 3.0) & mirror)
        if len(members) < 3:
            break
    return matrix, members


def _nearest(points: Keypoints, targets: Floats, least: float, flipped: bool) -> Links:
    """Return the links from each keypoint to those most alike and not nearer than `least`."""
    parts = []
    places = points.places
    near_first, near_second = _pairs_within(places, least)
    for start in range(0, len(places) if len(places) > 2 else 0, _ROWS):
        rows = np.arange(start, min(start + _ROWS, len(places)))
        likeness = points.descriptors[rows] @ targets.T
        low, high = np.searchsorted(near_first, [start, rows[-1] + 1])
        likeness[near_first[low:high] - start, near_second[low:high]] = -1.0
        partners, likenesses = _partners(likeness, places)
        good = _before_gap(_distance(likenesses)) & (likenesses[:, :-1] > 0.5)
        row, rank = np.nonzero(good)
        first = _distance(likenesses[row, rank])
        parts.append(Links(rows[row], partners[row, rank], np.full(len(row), flipped), first))
    return _joined(parts)


def _partners(likeness: Floats, places: Floats) -> tuple[Ints, Floats]:
    """Return (N, P) the keypoints most alike, and (N, P + 1) likenesses, that of the next one last."""
    partners = np.zeros((len(likeness), _PARTNERS), np.int64)
    likenesses = np.zeros((len(likeness), _PARTNERS + 1), np.float32)
    rows = np.arange(len(likeness))
    best, top = likeness.argmax(axis=1), likeness.max(axis=1)
    for rank in range(_PARTNERS):
        partners[:, rank], likenesses[:, rank] = best, top
        top = _second_best(likeness, places, best)
        best = likeness.argmax(axis=1)
    likenesses[rows, _PARTNERS] = top
    return partners, likenesses


# The generalised test of Amerini et al. 2011 (g2NN): the partners are those before the first clear gap in the
# row of distances. Things alike in a scene have such rows, too: further partners must be as near as copies
# are, and a nearest one that is needs no gap.
def _before_gap(distances: Floats) -> npt.NDArray[np.bool_]:
    """Return (N, P): which of the nearest count as partners.

    Args:
        distances: (N, P + 1) rising along the rows.
    """
    gaps = distances[:, :-1] < _RATIO * distances[:, 1:]
    ends = np.where(gaps.any(axis=1), gaps.argmax(axis=1), -1)
    near = distances[:, :-1] < _NEAR
    chosen = near & (np.arange(gaps.shape[1])[None, :] <= ends[:, None])
    chosen[:, 0] = near[:, 0] | gaps[:, 0]
    return np.asarray(chosen)


def _second_best(likeness: Floats, places: Floats, best: Ints) -> Floats:
    """Return the best likeness of each row elsewhere; further keypoints at the same place are no rivals."""
    rows = np.arange(len(best))
    likeness[rows, best] = -1.0
    for _ in range(4):
        rival = likeness[rows].argmax(axis=1)
        same = np.hypot(*(places[rival] - places[best[rows]]).T) < 4.0
        rows, rival = rows[same], rival[same]
        if not rows.size:
            break
        likeness[rows, rival] = -1.0
    return np.asarray(likeness.max(axis=1))


def _pairs_within(places: Floats, radius: float) -> tuple[Ints, Ints]:
    """Return the pairs of places nearer than `radius`, themselves included, ordered by the first."""
    order = np.argsort(places[:, 0], kind="stable")
    x = places[order, 0]
    low, high = np.searchsorted(x, x - radius), np.searchsorted(x, x + radius)
    first = np.repeat(np.arange(len(x)), high - low)
    second = np.arange(len(first)) - np.repeat(np.cumsum(high - low) - high, high - low)
    first, second = order[first], order[second]
    near = ((places[first] - places[second]) ** 2).sum(axis=1) < radius * radius
    first, second = first[near], second[near]
    by_first = np.argsort(first, kind="stable")
    return first[by_first], second[by_first]


def _joined(parts: list[Links]) -> Links:
    none = np.zeros(0, np.int64)
    parts = [Links(none, none, np.zeros(0, bool), np.zeros(0, np.float32)), *parts]
    return Links(
        np.concatenate([p.first for p in parts]),
        np.concatenate([p.second for p in parts]),
        np.concatenate([p.flipped for p in parts]),
        np.concatenate([p.distances for p in parts]),
    )


# |u - v|^2 = 2 - 2 u.v for unit vectors.
def _distance(likeness: Floats) -> Floats:
    return np.asarray(np.sqrt(np.maximum(2.0 - 2.0 * likeness, 0.0)), np.float32)


def _linear(points: Keypoints, links: Links, chosen: Ints) -> npt.NDArray[np.float64]:
    """Return (M, 2, 2) linear parts: scale, turn, and mirroring where the link is flipped."""
    a, b = links.first[chosen], links.second[chosen]
    sign = np.where(links.flipped[chosen], -1.0, 1.0)
    angle = points.angles[b].astype(np.float64) - sign * points.angles[a]
    scale = points.sizes[b].astype(np.float64) / points.sizes[a]
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    return np.stack([np.stack([cos, -sin * sign], -1), np.stack([sin, cos * sign], -1)], axis=-2)


def _agreement(points: Keypoints, links: Links) -> npt.NDArray[np.bool_]:
    """Return (M, M): whether the similarity of a row's link maps the column's link onto its partner."""
    linear = _linear(points, links, np.arange(len(links.first))).astype(np.float32)
    a, b = points.places[links.first], points.places[links.second]
    offset = b - np.einsum("mij,mj->mi", linear, a)
    shown_x = linear[:, 0, :] @ a.T + offset[:, :1]
    shown_y = linear[:, 1, :] @ a.T + offset[:, 1:]
    away = np.hypot(a[:, None, 0] - a[None, :, 0], a[:, None, 1] - a[None, :, 1])
    miss = np.hypot(shown_x - b[:, 0], shown_y - b[:, 1])
    same = links.flipped[:, None] == links.flipped[None, :]
    return np.asarray((miss < 2.0 + 0.05 * away) & same & (away < 250.0))


def _distinct(places: Floats) -> int:
    return len(np.unique(np.round(places / 3.0).astype(np.int64), axis=0))
