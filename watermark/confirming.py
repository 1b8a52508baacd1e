"""Is this very mark in a picture? Looking for what is known, as a store or a register of holders suggests it.

Whoever knows what a mark would say need not read it: all of its bins are known then, and not only those that
synchronise. So marks are found that are too weak to be read, in small or badly treated pictures.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError
from forensics.watermark.codecs import available, codec_named
from forensics.watermark.detection import Pixels
from forensics.watermark.identification import Users
from forensics.watermark.keys import Key
from forensics.watermark.payload import LAYOUTS, SIGNED, Payload, message
from forensics.watermark.spread.carriers import Plan, make_plan
from forensics.watermark.spread.codec import Codec
from forensics.watermark.spread.embedding import Placement, data_values, read_bits
from forensics.watermark.spread.nulls import Nulls, of_searches, shipped
from forensics.watermark.spread.reading import ring_gains
from forensics.watermark.spread.searching import Aligned, Candidate, align, on_lattices, on_own_grid
from forensics.watermark.spread.views import View, views_of

__all__ = ["MOST", "Confirmation", "confirm"]

Floats = npt.NDArray[np.float32]

MOST = 100  # payloads that are looked for, each at some of the cost of a detection


@dataclass(frozen=True)
class Confirmation:
    """What came of looking for marks that are known.

    Attributes:
        payload: The mark that fits best.
        log10_presence: log10 of the chance that a picture without a mark of the key fits so well any of those
            looked for.
        log10_meant: log10 of the chance that a mark of the key which says something else does; 0 if it was
            not asked, because nothing is there.
        scale: How many times as large as when it was marked the picture is, by the tiles.
    """

    payload: Payload
    log10_presence: float
    log10_meant: float
    scale: float

    @property
    def log10_p(self) -> float:
        """log10 p-value of this very mark, against pictures without one and with another."""
        return max(self.log10_presence, self.log10_meant)


def confirm(
    pixels: Pixels, key: Key, payloads: Sequence[Payload], codec: str = "spread", nulls: Nulls | None = None
) -> Confirmation:
    """Look for marks of which it is known what they would say.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        key: The secret.
        payloads: What they would say, at most `MOST`: by a store, say, that has pictures which look alike.
        codec: Name of the way of marking.
        nulls: What unmarked pictures show to the classical front end; as shipped if None.

    Raises:
        UsageError: There are none, or too many.
    """
    import cv2

    if not 0 < len(payloads) <= MOST:
        raise UsageError(f"1 to {MOST} payloads are looked for, not {len(payloads)}", actual=len(payloads))
    luma = np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY), np.uint8)
    fronts = [codec_named(name) for name in available()]
    views = [(front, views_of(luma, front=front.front)) for front in fronts]
    own = codec_named(codec)
    found = [
        _confirmed(each, own, front.nulls or nulls or shipped(), key, payload)
        for payload in payloads
        for front, each in views
    ]
    best = min(found, key=lambda one: (one.log10_p, one.log10_presence))
    looks = math.log10(len(found))
    presence, meant = (min(0.0, value + looks) for value in (best.log10_presence, best.log10_meant))
    return replace(best, log10_presence=presence, log10_meant=meant)


def known_plan(key: Key, payload: Payload, *, alternating: bool = False) -> Plan:
    """Return the plan of a mark of which every bin is known: all of them synchronise.

    Decoders sign with the first variant of a tile only, so no other is looked for.

    Args:
        key: The secret.
        payload: What it says.
        alternating: Its tiles alternate.
    """
    layout = LAYOUTS[payload.layout]
    code = layout.code.encode(message(key, int(payload.identity, 16), layout, payload.version))
    plan = make_plan(key, len(code), alternating=alternating)
    signs = 1 - 2 * code.astype(np.float32)
    variants = 1 if payload.version == SIGNED and not alternating else len(plan.sync_phases)
    data = np.stack([data_values(plan, signs, variant)[plan.data] for variant in range(variants)])
    used, phases = (
        np.concatenate([plan.sync, plan.data]),
        np.concatenate([plan.sync_phases[:variants], data], axis=1),
    )
    order = np.argsort(used)
    return replace(plan, sync=used[order], sync_phases=np.asarray(phases[:, order], np.complex64))


def _confirmed(views: Sequence[View], codec: Codec, nulls: Nulls, key: Key, payload: Payload) -> Confirmation:
    own = codec.own(key)
    whole = known_plan(own, payload, alternating=codec.alternating)
    candidates = list(_candidates(views, whole))
    chances = [nulls.own_grid, nulls.lattices]
    stages = [null.log10_p(c.sync.z, c.searched) for null, c in zip(chances, candidates, strict=False)]
    presence, best = of_searches(stages, quick=False), candidates[int(np.argmin(stages))]
    if presence > -1.0:
        return Confirmation(payload, presence, 0.0, 1.0)
    aligned = align(best)
    place, _ = aligned.place(whole)
    said = _said(own, payload, aligned, place, alternating=codec.alternating)
    users = Users(key, [payload.identity], payload.layout, codec.name, version=payload.version)
    meant = users.identify(said).log10_p
    scale = math.sqrt(abs(float(np.linalg.det(best.basis)))) / 64 * 2**best.view.times
    return Confirmation(payload, presence, meant, scale)


def _candidates(views: Sequence[View], plan: Plan) -> Iterator[Candidate]:
    yield on_own_grid(views, plan)[0]
    yield on_lattices(views, plan, 1)[0]


def _said(key: Key, payload: Payload, aligned: Aligned, place: Placement, *, alternating: bool) -> Floats:
    """Return the soft bits of the code word at a place."""
    size = LAYOUTS[payload.layout].code.size[0]
    plan, tile = make_plan(key, size, alternating=alternating), aligned.tile(alternating=alternating)
    return read_bits(tile, plan, place, size, ring_gains(tile, plan, place)[1])
