"""What more a mark tells once its payload is known: is this its own picture, and what is missing?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forensics.watermark.keys import Key
from forensics.watermark.payload import LAYOUTS, VERSION, Payload, message
from forensics.watermark.spread.analysis import OCTAVES
from forensics.watermark.spread.binding import Bound, Margins, bound_to, margins, patterns
from forensics.watermark.spread.carriers import VARIANTS, Plan, make_plan
from forensics.watermark.spread.embedding import BIND_SHARE, Placement, mark_values
from forensics.watermark.spread.frontend import CLASSICAL
from forensics.watermark.spread.masking import readability
from forensics.watermark.spread.searching import Aligned
from forensics.watermark.spread.tiles import agreement, content_signs, spectra, whole_tiles

__all__ = ["Inspection", "inspect"]

_ALIKE = 5  # tiles on either side, by smoothness, that a tile is compared with
_NOISE = 2.0  # deviations by which chance alone makes a tile seem to lack the mark
_MOST_OF = 0.8  # of these have to lack the mark before it is not expected of tiles like them

Floats = npt.NDArray[np.float32]
Complex = npt.NDArray[np.complex64]


@dataclass(frozen=True)
class Inspection:
    """What the tiles tell one by one.

    Attributes:
        bound: How well the mark fits the content.
        margins: What was cropped off, in tiles; None if that cannot be told.
        presence: (R, C) agreement of each whole tile with the mark, in deviations.
        expected: (R, C) what it should be, by what lies in the tile and by the others.
        inside: (R, C) which tiles lie inside the picture.
        origin: x and y in the grid at which the first of these tiles begins.
    """

    bound: Bound
    margins: Margins | None
    presence: Floats
    expected: Floats
    inside: npt.NDArray[np.bool_]
    origin: tuple[int, int]


def inspect(
    key: Key, payload: Payload, aligned: Aligned, place: Placement, *, alternating: bool = False
) -> Inspection:
    """Look at a mark tile by tile.

    Args:
        key: The secret.
        payload: What the mark says.
        aligned: The picture on the grid of the tiles.
        place: Variant and offset of the tile.
        alternating: The tiles alternate.
    """
    layout = LAYOUTS[payload.layout]
    code = layout.code.encode(message(key, int(payload.identity, 16), layout, payload.version))
    plan = make_plan(key, len(code), alternating=alternating)
    known = mark_values(plan, (1 - 2 * code.astype(np.float32)), place.variant % VARIANTS)
    found = _seen(aligned.residual, plan, place)
    evenly = found if aligned.view.front is CLASSICAL else _seen_evenly(aligned, plan, place)
    presence = agreement(evenly, plan, known)
    inside = _tiles_inside(aligned, place)
    expected = _expected(presence, inside, whole_tiles(readability(aligned.luma), place.row, place.column))
    here = presence >= expected / 2 - _NOISE  # elsewhere a frame or something pasted gives the content
    sets = [patterns(key, payload, plan, octave) for octave in range(OCTAVES)]
    content, start, end = sets[0].content, sets[0].start, sets[0].end
    signs = content_signs(aligned.luma, place.row, place.column)
    agreements = np.stack([agreement(found, plan, pattern.values) for pattern in content], axis=-1)
    shares = np.array([_share(plan, pattern.values) for pattern in content], np.float32)
    strengths = agreement(found, plan, known)[..., None] * shares
    known_format = not layout.version or payload.version == VERSION
    return Inspection(
        bound_to(agreements[here], signs[here], strengths[here]) if known_format else Bound(0.0, 0.0, None),
        margins(
            agreement(found, plan, start.values),
            agreement(found, plan, end.values),
            [(bindings.start, bindings.end) for bindings in sets],
        ),
        presence,
        expected,
        inside,
        (place.column, place.row),
    )


def _seen(residual: Floats, plan: Plan, place: Placement) -> Complex:
    """Return the spectra of the tiles, with the sign that they were put in with."""
    found = spectra(residual, place.row, place.column, alternating=plan.alternating)
    return found if place.variant < VARIANTS else -found


def _seen_evenly(aligned: Aligned, plan: Plan, place: Placement) -> Complex:
    """Return the spectra of the tiles by the classical front end.

    How well it sees a mark follows from the content (`readability`). A trained one sees more, but how much
    more differs from tile to tile, and what is missing could not be told from what it sees worse.
    """
    return _seen(CLASSICAL.residual(aligned.luma) * aligned.inside, plan, place)


def _expected(presence: Floats, inside: npt.NDArray[np.bool_], readable: Floats) -> Floats:
    """Return (R, C) the agreement to expect: what can be read in each tile, as far as others like it show it.

    Compression takes the mark out of smooth tiles first. So a tile is compared with those that are about as
    smooth: what they all lack says nothing of a single one.
    """
    share = np.asarray(readable.mean(axis=(2, 3)), np.float32) if readable.size else np.zeros_like(presence)
    expected = np.full_like(presence, 1e-6)
    if not inside.any():
        return expected
    ratio = presence[inside] / np.maximum(share[inside], 1e-6)
    better = ratio >= np.median(ratio)
    scale = presence[inside][better].mean() / max(float(share[inside][better].mean()), 1e-6)
    order = np.argsort(share[inside])
    reach = min(max(_ALIKE, len(order) // 8), len(order) - 1)
    ordered = ratio[order] / max(float(scale), 1e-6)
    padded = np.concatenate([ordered[reach:0:-1], ordered, ordered[-2 : -2 - reach : -1]])
    alike = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    usual = np.empty(len(order), np.float32)
    usual[order] = np.quantile(alike, _MOST_OF, axis=1)
    expected[inside] = np.maximum(share[inside] * scale * np.clip(usual, 0, 1), 1e-6)
    return expected


def _share(plan: Plan, values: Complex) -> float:
    """Return the amplitude of one binding pattern over that of the mark."""
    used = np.count_nonzero(values) / len(plan.bind)
    return float(np.sqrt(BIND_SHARE * used / (1 - BIND_SHARE)))


def _tiles_inside(aligned: Aligned, place: Placement) -> npt.NDArray[np.bool_]:
    tiles = whole_tiles(aligned.inside, place.row, place.column)
    return np.asarray(tiles.all(axis=(2, 3)), np.bool_)
