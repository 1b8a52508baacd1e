"""Looking for the mark of a key: first on the picture's own grid, then along every lattice there may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from forensics.watermark.keys import Key
from forensics.watermark.payload import LAYOUTS
from forensics.watermark.spread.analysis import fold, tile_spectrum
from forensics.watermark.spread.carriers import SIDE, Plan, make_plan
from forensics.watermark.spread.embedding import Placement
from forensics.watermark.spread.geometry import Warp, of_basis, straightened
from forensics.watermark.spread.plane import NAMINGS, seen_along, seen_on_tile
from forensics.watermark.spread.sync import COARSE, Sync, hypotheses, strongest
from forensics.watermark.spread.views import View, Window

__all__ = ["Aligned", "Candidate", "align", "in_windows", "on_lattices", "on_own_grid"]

Floats = npt.NDArray[np.float32]
Complex = npt.NDArray[np.complex64]
Basis = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Candidate:
    """Where the mark of a key may be.

    Attributes:
        view: The picture on the level of the finding.
        basis: (2, 2); its columns are the tile's periods in pixels of the view.
        sync: Agreement.
        searched: Among how many hypotheses it is the best.
        window: The part of the view that it was found in; None for the whole.
    """

    view: View
    basis: Basis
    sync: Sync
    searched: int
    window: Window | None = None


class Aligned:
    """A picture laid on the grid of the tiles.

    Attributes:
        warp: From that grid to the view.
        luma: (h, w).
        inside: (h, w) where there is picture.
        warped: The grid is not the picture's own.
    """

    def __init__(self, view: View, warp: Warp, window: Window | None = None) -> None:
        self.view = view
        self.warp = warp
        self._window = window
        height, width = view.luma.shape
        self.warped = warp.size != (width, height) or not np.array_equal(warp.matrix, np.eye(3))
        if not self.warped:
            self.luma, self.inside = view.luma, np.ones(view.luma.shape, bool)
            self.residual = view.residual
        else:
            self.luma, self.inside = straightened(view.luma, warp)
            self.residual = view.front.residual(self.luma) * self.inside

    def tile(self, *, alternating: bool) -> Complex:
        """Return the spectrum of the mean tile.

        Args:
            alternating: Of a tile that alternates.
        """
        return tile_spectrum(self._folded, alternating=alternating)

    @cached_property
    def _folded(self) -> Floats:
        return fold(self.residual if self._window is None else self._in_window(self._window))

    def _in_window(self, window: Window) -> Floats:
        """Return the residual where the window lies, 0 elsewhere: there the grid fits, so far."""
        import cv2

        seen = np.zeros(self.view.luma.shape, np.uint8)
        seen[window.y : window.y + window.side, window.x : window.x + window.side] = 1
        flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
        mask = cv2.warpPerspective(seen, self.warp.matrix, self.warp.size, flags=flags)
        return np.asarray(self.residual * mask, np.float32)

    def place(self, plan: Plan) -> tuple[Placement, float]:
        """Return where the tiles of a plan begin, and the agreement there."""
        seen = plan.seen(self.tile(alternating=plan.alternating), plan.sync)
        _, sync = strongest(seen[None], plan)[0]
        return Placement(sync.variant, sync.row, sync.column), sync.z


def on_own_grid(views: Sequence[View], plan: Plan, most: int = 1) -> list[Candidate]:
    """Return the best agreements with tiles of 64 pixels, upright, turned or mirrored, best first."""
    seen = np.concatenate([seen_on_tile(view.tile(alternating=plan.alternating), plan) for view in views])
    owners = [(view, SIDE * naming) for view in views for naming in NAMINGS]
    searched = len(seen) * hypotheses(plan)
    return [Candidate(*owners[number], sync, searched) for number, sync in strongest(seen, plan, most)]


def on_lattices(views: Sequence[View], plan: Plan, most: int) -> list[Candidate]:
    """Return the best agreements with tiles along any lattice found, best first."""
    bases = [view.bases(alternating=plan.alternating) for view in views]
    seen = np.concatenate([seen_along(view.plane, b, plan) for view, b in zip(views, bases, strict=True)])
    owners = [(view, basis) for view, b in zip(views, bases, strict=True) for basis in b]
    best = strongest(seen, plan, most, COARSE)
    return [Candidate(*owners[number], sync, len(seen) * hypotheses(plan)) for number, sync in best]


def in_windows(windows: Sequence[Window], plan: Plan) -> Candidate:
    """Return the best agreement with tiles along lattices of single parts of a picture.

    Where a picture was tilted, no lattice fits the whole.
    """
    bases = [window.bases(alternating=plan.alternating) for window in windows]
    seen = np.concatenate([seen_along(w.plane, b, plan) for w, b in zip(windows, bases, strict=True)])
    owners = [(window, basis) for window, b in zip(windows, bases, strict=True) for basis in b]
    number, sync = strongest(seen, plan, 1, COARSE)[0]
    window, basis = owners[number]
    return Candidate(window.view, basis, sync, len(seen) * hypotheses(plan), window)


def align(candidate: Candidate) -> Aligned:
    """Lay the picture on the grid of a candidate."""
    view = candidate.view
    if np.array_equal(candidate.basis, SIDE * np.eye(2)):
        return Aligned(view, Warp(np.eye(3), view.luma.shape[::-1]))
    return Aligned(view, of_basis(candidate.basis, *view.luma.shape), candidate.window)


def sync_plan(key: Key, *, alternating: bool = False) -> Plan:
    """Return a plan of which only the synchronisation matters, which all layouts share."""
    return make_plan(key, LAYOUTS["standard"].code.size[0], alternating=alternating)
