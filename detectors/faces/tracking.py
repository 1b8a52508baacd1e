"""Following faces from frame to frame: found every few frames, carried in between by optical flow.

A track is one person. Where it is, is a similarity: the map from the unit square of the face to the frame.
Between two frames it follows the points that most of the face agrees on, so that a lid or a mouth that moves
does not move the face; where a finder sees the face again, the track is drawn towards it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from forensics.detectors.faces.finding import Face, FaceFinder
from forensics.detectors.faces.geometry import Box, Similarity

__all__ = ["Track", "Tracker", "matched"]

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

_WORKED = 270  # shorter side, in pixels, at which faces are found and followed
_LOOK, _LOOK_ALL = 12, 48  # frames between two looks near a track, and all over the picture
_UNSEEN = 48  # frames without being found after which flow alone is not believed
_GONE = 45  # frames after which somebody who was lost is another person
_SAME = 0.3  # overlap from which a found box is that of a track
_DRAWN = 0.25  # towards what was found
_POINTS, _FEW = 48, 12
_WINDOW, _LEVELS = (15, 15), 2
_JUMP = 0.3  # of the side of a face: no head moves so far from one frame to the next


@dataclass(eq=False)
class Track:
    """One person, for as long as the face is not lost.

    Attributes:
        number: From 0, in the order in which they were found.
        place: From the unit square to the last frame, in pixels.
        missed: Frames since it was last found.
        eyes: (2, 2) where the finder says, in the unit square; None where it does not.
    """

    number: int
    place: Similarity
    missed: int = 0
    eyes: npt.NDArray[np.float64] | None = None
    points: Floats = field(default_factory=lambda: np.empty((0, 1, 2), np.float32), repr=False)

    @property
    def box(self) -> Box:
        """Where it is, in pixels of the frame."""
        return self.place.box


class Tracker:
    """Follows the faces of a clip; give it every frame in order.

    Args:
        finder: Of faces.
        most: Persons followed at a time, the largest faces first.
        made: Number of the first track.

    Attributes:
        tracks: Those of the last frame.
        made: Number of the next track.
    """

    def __init__(self, finder: FaceFinder, most: int = 2, made: int = 0) -> None:
        self._finder = finder
        self._most = most
        self._frames = 0
        self.made = made
        self._before: list[Any] = []
        self._lost: list[Track] = []
        self.tracks: list[Track] = []

    def follow(self, luma: Pixels) -> tuple[Track, ...]:
        """Take the next frame, and return who is in it; the tracks are changed in place.

        Args:
            luma: (H, W), as large as those before.
        """
        import cv2

        factor = min(1.0, _WORKED / min(luma.shape))
        small = luma
        if factor < 1:
            way = cv2.INTER_AREA if factor < 0.5 else cv2.INTER_LINEAR
            size = (round(luma.shape[1] * factor), round(luma.shape[0] * factor))
            small = np.asarray(cv2.resize(luma, size, interpolation=way), np.uint8)
        _, pyramid = cv2.buildOpticalFlowPyramid(small, _WINDOW, _LEVELS)
        lost = [t for t in self.tracks if not self._carried(t, pyramid, factor)]
        self.tracks = [t for t in self.tracks if t not in lost]
        for track in lost:
            track.missed = -1
        self._lost += lost
        for track in self._lost:
            track.missed += 1
        self._lost = [t for t in self._lost if t.missed <= _GONE]
        self._look(small, factor)
        self._before = list(pyramid)
        self._frames += 1
        return tuple(self.tracks)

    def _carried(self, track: Track, pyramid: Any, factor: float) -> bool:
        """Move a track on to the next frame; False where it is lost."""
        track.missed += 1
        step = _step(self._before, pyramid, track.points) if len(track.points) >= _FEW else None
        if step is None or track.missed > _UNSEEN:
            return False
        moved, track.points = step
        place = moved.after(track.place.scaled(factor)).scaled(1 / factor)
        shift = np.hypot(*(place.box.centre - track.box.centre))
        if shift > _JUMP * track.box.side or not 0.8 < moved.scale < 1.25:
            return False
        track.place = place
        return True

    def _look(self, small: Pixels, factor: float) -> None:
        """Find faces where it is time to, and match them with the tracks."""
        if self._frames % _LOOK_ALL == 0 or (not self.tracks and self._frames % 6 == 0):
            found = [_scaled(face, 1 / factor) for face in self._finder.find(small)]
        else:
            due = [t for t in self.tracks if t.missed >= _LOOK and t.missed % 4 == 0]
            due += [t for t in self._lost if t.missed % 2 == 0]
            near = [self._finder.find(small, t.box.scaled(factor)) for t in due]
            found = [_scaled(face, 1 / factor) for faces in near for face in faces]
        pairs = matched([t.box for t in self.tracks], [face.box for face in found])
        for number, face in enumerate(found):
            if number in pairs:
                self._draw(self.tracks[pairs[number]], face, small, factor)
        for number, face in enumerate(found):
            overlaps = any(t.box.overlap(face.box) > 0.1 for t in self.tracks)
            if number not in pairs and not overlaps and len(self.tracks) < self._most:
                self._begin(face, small, factor)

    def _begin(self, face: Face, small: Pixels, factor: float) -> None:
        """Take up the track of somebody who was lost here, or begin one."""
        pairs = matched([t.box for t in self._lost], [face.box])
        if pairs:
            track = self._lost.pop(pairs[0])
            track.place = Similarity.of_box(face.box)
        else:
            track = Track(self.made, Similarity.of_box(face.box))
            self.made += 1
        self._draw(track, face, small, factor)
        self.tracks.append(track)

    def _draw(self, track: Track, face: Face, small: Pixels, factor: float) -> None:
        """Draw a track towards a face that was found, and choose the points to follow anew."""
        there, box = track.box, face.box
        moved = _DRAWN * (box.centre - there.centre)
        grown = (box.side / there.side) ** _DRAWN
        middle = complex(*there.centre)
        about = Similarity(complex(grown), middle * (1 - grown) + complex(*moved))
        track.place = about.after(track.place)
        track.missed = 0
        track.eyes = None if face.eyes is None else track.place.inverse()(face.eyes)
        track.points = _chosen(small, track.box.scaled(factor))


def matched(tracks: list[Box], found: list[Box]) -> dict[int, int]:
    """Return which found box belongs to which track: greatest overlap first, one each.

    Args:
        tracks: Where they are.
        found: What was found.

    Returns:
        Number of the track by number of the box.
    """
    pairs = [(t.overlap(f), i, j) for i, t in enumerate(tracks) for j, f in enumerate(found)]
    out: dict[int, int] = {}
    for overlap, i, j in sorted(pairs, key=lambda pair: -pair[0]):
        if overlap >= _SAME and i not in out.values() and j not in out:
            out[j] = i
    return out


def _scaled(face: Face, factor: float) -> Face:
    return Face(face.box.scaled(factor), None if face.eyes is None else face.eyes * factor)


def _chosen(small: Pixels, box: Box) -> Floats:
    """Return corners within a face, (N, 1, 2): points that can be followed."""
    import cv2

    inner = box.side * 0.06
    left, top = (max(0, int(v + inner)) for v in (box.left, box.top))
    right, bottom = (int(v + box.side - inner) for v in (box.left, box.top))
    part = np.ascontiguousarray(small[top : max(bottom, top), left : max(right, left)])
    if min(part.shape) < 16:
        return np.empty((0, 1, 2), np.float32)
    found: Any = cv2.goodFeaturesToTrack(part, _POINTS, 0.01, max(3.0, box.side / 20))
    if found is None:
        return np.empty((0, 1, 2), np.float32)
    return np.asarray(found + np.array([left, top], np.float32), np.float32)


# Lucas & Kanade 1981, in pyramids (Bouguet 2001); the similarity by RANSAC.
def _step(before: Any, now: Any, points: Floats) -> tuple[Similarity, Floats] | None:
    """Return how a face moved between two frames, and where its points are; None where that is unclear."""
    import cv2

    flow: Any = cv2.calcOpticalFlowPyrLK
    after, status, _ = flow(before[0], now[0], points, None, winSize=_WINDOW, maxLevel=_LEVELS)
    kept = status.ravel() == 1
    if kept.sum() < _FEW:
        return None
    first, second = points[kept], after[kept]
    found: Any = cv2.estimateAffinePartial2D(first, second, ransacReprojThreshold=1.5, maxIters=100)
    matrix, inside = found
    if matrix is None or inside.mean() < 0.4:
        return None
    return Similarity.of_matrix(matrix), np.asarray(second, np.float32)
