"""Marks by keyed carriers in a periodic tile: the codec `spread`, and those with another front end."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from forensics.watermark.detection import Detection
from forensics.watermark.keys import Key
from forensics.watermark.payload import LAYOUTS, Payload, message
from forensics.watermark.spread.analysis import octave
from forensics.watermark.spread.binding import patterns
from forensics.watermark.spread.carriers import SIDE, VARIANTS, Plan, make_plan
from forensics.watermark.spread.describing import geometry_of, tampering_of
from forensics.watermark.spread.detecting import HOPELESS, Finding, find, hopeless_at
from forensics.watermark.spread.embedding import Placement, Residual, residual
from forensics.watermark.spread.frontend import CLASSICAL, FrontEnd
from forensics.watermark.spread.inspecting import inspect
from forensics.watermark.spread.nulls import Nulls, shipped
from forensics.watermark.spread.searching import Aligned, sync_plan
from forensics.watermark.spread.views import View

__all__ = ["SPREAD", "Codec", "detect_in", "mark", "nulls_for", "placement"]

Luma = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Codec:
    """A way of marking.

    Attributes:
        name: What it is called.
        front: What looks at a picture.
        nulls: What unmarked pictures show through that; as shipped with `spread` if None.
        alternating: Its tiles change their sign from one to the next.
    """

    name: str
    front: FrontEnd = CLASSICAL
    nulls: Nulls | None = None
    alternating: bool = False

    def own(self, key: Key) -> Key:
        """Return the key that its marks have: those of two codecs share no carrier."""
        return key if self.name == "spread" else key.derived(f"codec {self.name}")

    def plan(self, key: Key) -> Plan:
        """Return what the search for its marks of a key needs."""
        return sync_plan(self.own(key), alternating=self.alternating)

    def find(
        self,
        views: Sequence[View],
        key: Key,
        nulls: Nulls | None = None,
        *,
        quick: bool = False,
        hopeless: float = HOPELESS,
    ) -> Finding:
        """Look for its mark of a key in a picture that is prepared already.

        Args:
            views: From `views_of`, by its front end.
            key: The secret.
            nulls: What unmarked pictures show; as shipped if None.
            quick: Look on the picture's own grid only.
            hopeless: log10 p-value of the synchronisation above which nothing is read.
        """
        return find(
            views,
            self.own(key),
            nulls or self.nulls,
            quick=quick,
            alternating=self.alternating,
            hopeless=hopeless,
        )

    def seen_by(self, other: Codec) -> Codec:
        """Return the codec whose marks are looked for by the front end of another."""
        return replace(self, front=other.front, nulls=other.nulls)


SPREAD = Codec("spread")


def mark(
    luma: Luma,
    key: Key,
    payload: Payload,
    psnr: float,
    place: Placement | None = None,
    codec: Codec = SPREAD,
) -> Residual:
    """Return what to add to every colour of a picture to mark it.

    Args:
        luma: (H, W), at least 128 pixels each way.
        key: The secret.
        payload: What the mark is to say.
        psnr: Peak signal-to-noise ratio in dB.
        place: Variant and offset; chosen by the picture if None.
        codec: The way of marking.
    """
    key = codec.own(key)
    layout = LAYOUTS[payload.layout]
    code = layout.code.encode(message(key, int(payload.identity, 16), layout, payload.version))
    plan = make_plan(key, len(code), alternating=codec.alternating)
    times = octave(*luma.shape)
    signs = 1 - 2 * code.astype(np.float32)
    bindings = patterns(key, payload, plan, times)
    return residual(luma, plan, signs, bindings, place or placement(key, luma), psnr, codec.front)


def detect_in(
    views: Sequence[View],
    keys: Sequence[Key],
    rate: float,
    nulls: Sequence[Nulls] = (),
    codec: Codec = SPREAD,
    *,
    quick: bool = False,
) -> Detection:
    """Look for the marks of some keys in a picture that is prepared already.

    Args:
        views: From `views_of`, by the front end of the codec.
        keys: The secrets, at least one; the p-value is corrected for their number.
        rate: False-alarm rate for the whole call.
        nulls: What unmarked pictures show; as shipped for front ends that are not among them.
        codec: The way of marking.
        quick: Look on the picture's own grid only.
    """
    known = nulls_for(codec, nulls)
    hopeless = hopeless_at(rate / len(keys))
    best, key = min(
        ((codec.find(views, key, known, quick=quick, hopeless=hopeless), key) for key in keys),
        key=lambda pair: pair[0].log10_p,
    )
    log10_p = min(0.0, best.log10_p + float(np.log10(len(keys))))
    if log10_p > np.log10(rate) or best.aligned is None:
        return _nothing(log10_p, rate, codec)
    return _described(best, best.aligned, codec, key, log10_p, rate)


def nulls_for(codec: Codec, nulls: Sequence[Nulls]) -> Nulls:
    """Return what unmarked pictures show through the front end of a codec.

    Args:
        codec: The way of marking.
        nulls: Measured; what ships is taken for front ends that are not among them.
    """
    return next((n for n in nulls if n.front == codec.front.name), codec.nulls or shipped())


def _described(
    best: Finding, aligned: Aligned, codec: Codec, key: Key, log10_p: float, rate: float
) -> Detection:
    word = best.words[0]
    payload = word.payload if word.payload.verified else None
    inspection = None
    if payload and best.place:
        alternating = codec.alternating
        inspection = inspect(codec.own(key), payload, aligned, best.place, alternating=alternating)
    copied = inspection.bound.copied if inspection else None
    return Detection(
        detected=True,
        p_value=10.0**log10_p,
        log10_p=log10_p,
        rate=rate,
        codec=codec.name,
        front=codec.front.name,
        key=key.id,
        payload=payload,
        copied=copied,
        geometry=geometry_of(aligned, inspection),
        tampering=tampering_of(aligned, inspection) if inspection else None,
        likelihoods=word.likelihoods,
        reason=_reason(payload, copied),
        otherwise=tuple(other.likelihoods for other in best.words[1:]),
    )


def _nothing(log10_p: float, rate: float, codec: Codec) -> Detection:
    return Detection(
        detected=False,
        p_value=10.0**log10_p,
        log10_p=log10_p,
        rate=rate,
        codec=codec.name,
        front=codec.front.name,
        key="",
        payload=None,
        copied=None,
        geometry=None,
        tampering=None,
        likelihoods=np.zeros(0, np.float32),
        reason="No mark of these keys was found.",
    )


def _reason(payload: Payload | None, copied: bool | None) -> str:
    if payload is None:
        return "A mark of this key is there, but too weak to read what it says."
    if copied:
        return f"A mark with payload {payload.identity} is there, but it was copied from another picture."
    return f"A mark with payload {payload.identity} is there."


def placement(key: Key, luma: Luma) -> Placement:
    """Choose variant and offset by the picture: averaging many marked pictures shows no tile."""
    words = np.frombuffer(key.mac(b"placement", 8, hashlib.sha256(luma.tobytes()).digest()), "<u2")
    return Placement(int(words[0]) % VARIANTS, int(words[1]) % SIDE, int(words[2]) % SIDE)
