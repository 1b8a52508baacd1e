"""Looking for marks in a clip: in all frames that were added up, and in parts of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError
from forensics.media import Limits, Media, Pixels, open_media
from forensics.watermark.clips.fusing import Part, parts_of, whole_of
from forensics.watermark.clips.sampling import Sample, samples
from forensics.watermark.detection import Detection
from forensics.watermark.keys import Key
from forensics.watermark.payload import Payload
from forensics.watermark.spread import codec as spread
from forensics.watermark.spread.nulls import Nulls
from forensics.watermark.watermarker import RATE, detect_luma

__all__ = ["FRAMES", "detect_clip", "detect_frames"]

FRAMES = 96  # that are looked at, about
_SECONDS = 600.0  # that decoding a clip may take
_JUDGED = 4  # frames that are asked whether the mark is their own


def detect_clip(
    media: Media | str | Path,
    keys: Sequence[Key],
    *,
    rate: float = RATE,
    nulls: Sequence[Nulls] = (),
    frames: int = FRAMES,
) -> Detection:
    """Look for the marks of some keys in a clip.

    Args:
        media: The clip. What its limits of frames and seconds leave out is not looked at; a path has ten
            minutes.
        keys: At least one.
        rate: False-alarm rate for all keys together, inside (0, 1).
        nulls: What unmarked pictures show; as shipped if none are given.
        frames: Number of frames looked at, about, spread over the clip.

    Raises:
        MediaError: The clip cannot be decoded.
        MissingExtra: PyAV is not installed.
        UsageError: There is no key, or the rate or the number of frames is none.
    """
    if frames < 1:
        raise UsageError(f"at least one frame must be looked at, not {frames}", actual=frames)
    _check(keys, rate)
    limits = Limits(frames=frames, seconds=_SECONDS)
    opened = media if isinstance(media, Media) else open_media(media, limits)
    return _detect(samples(opened, min(frames, opened.limits.frames)), keys, rate, nulls)


def detect_frames(
    frames: Iterable[Pixels], keys: Sequence[Key], *, rate: float = RATE, nulls: Sequence[Nulls] = ()
) -> Detection:
    """Look for the marks of some keys in frames of one clip.

    Args:
        frames: (H, W, 3) uint8 RGB each.
        keys: At least one.
        rate: False-alarm rate for all keys together, inside (0, 1).
        nulls: What unmarked pictures show; as shipped if none are given.

    Raises:
        UsageError: There is no key or no frame, or the rate is none.
    """
    _check(keys, rate)
    return _detect((Sample(_luma(pixels)) for pixels in frames), keys, rate, nulls)


def _check(keys: Sequence[Key], rate: float) -> None:
    if not keys:
        raise UsageError("detection needs a key")
    if not 0 < rate < 1:
        raise UsageError(f"the false-alarm rate must lie between 0 and 1, not {rate}", actual=rate)


# Half of the error rate is for the whole, half for the parts together: by the union bound the least of
# 2 p(whole) and 2 n p(part) is a p-value, whatever the n parts have in common.
def _detect(frames: Iterable[Sample], keys: Sequence[Key], rate: float, nulls: Sequence[Nulls]) -> Detection:
    parts = parts_of(frames)
    if not parts:
        raise UsageError("there are no frames")
    if len(parts) == 1:
        return _judged(spread.detect_in(parts[0].views(), keys, rate, nulls), keys, parts)
    best = _corrected(spread.detect_in(whole_of(parts).views(), keys, rate / 2, nulls), 2, rate)
    if not best.detected:
        times = 2 * len(parts)
        found = [spread.detect_in(part.views(), keys, rate / times, nulls) for part in parts]
        best = min((best, *(_corrected(f, times, rate) for f in found)), key=lambda d: d.log10_p)
    return _judged(best, keys, parts)


def _corrected(found: Detection, tries: int, rate: float) -> Detection:
    log10_p = min(0.0, found.log10_p + math.log10(tries))
    return replace(found, log10_p=log10_p, p_value=10.0**log10_p, rate=rate)


def _judged(found: Detection, keys: Sequence[Key], parts: Sequence[Part]) -> Detection:
    """Say whether the mark belongs to this clip: a sum of frames has no content, so frames are asked."""
    if not found.detected:
        return found
    copied = None
    if found.payload is not None:
        key = next(key for key in keys if key.id == found.key)
        best = sorted((part.best for part in parts), key=lambda sample: -sample.weight)
        copied = _copied(best[:_JUDGED], key, found.payload, found.rate)
    return replace(found, copied=copied, reason=_reason(found.payload, copied))


def _copied(frames: Sequence[Sample], key: Key, payload: Payload, rate: float) -> bool | None:
    """Return what all frames say that can tell; None if none can, or they disagree."""
    answers = set()
    for sample in frames:
        found = detect_luma(sample.luma, [key], rate)
        if found.payload == payload and found.copied is not None:
            answers.add(found.copied)
    return answers.pop() if len(answers) == 1 else None


def _reason(payload: Payload | None, copied: bool | None) -> str:
    if payload is None:
        return "A mark of this key is there, but too weak to read what it says."
    if copied:
        return f"A mark with payload {payload.identity} is there, but it was copied from another clip."
    return f"A mark with payload {payload.identity} is there."


def _luma(pixels: Pixels) -> npt.NDArray[np.uint8]:
    import cv2

    return np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY), np.uint8)
