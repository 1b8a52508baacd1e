"""From a clip to a marked copy of it, frame by frame."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forensics.errors import CorruptMedia, MissingExtra, UsageError
from forensics.media import Media, open_media
from forensics.watermark.clips.copying import Coding, Copying
from forensics.watermark.spread.codec import SPREAD
from forensics.watermark.watermarker import Watermarker

__all__ = ["Coding", "MarkedClip", "embed_clip"]

_FORMATS = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}


@dataclass(frozen=True)
class MarkedClip:
    """A marked clip.

    Attributes:
        path: Where it stands.
        frames: Number of frames written.
        marked: Number of those marked.
        audio: Number of audio streams that were copied.
        psnr: Peak signal-to-noise ratio of the marked frames' luma before coding, over all, in dB.
    """

    path: Path
    frames: int
    marked: int
    audio: int
    psnr: float


def embed_clip(
    source: str | Path,
    target: str | Path,
    marker: Watermarker,
    payload: str = "0",
    coding: Coding | None = None,
    *,
    overwrite: bool = False,
    advance: Callable[[], None] = lambda: None,
) -> MarkedClip:
    """Write a marked copy of a clip: H.264, or VP9 for WebM, 8 bits, 4:2:0; audio is copied as it is.

    Frames are read, turned as they are shown, marked and written one by one, whatever the length. Tags of
    the container, of colours and the times of all frames are kept; subtitles and data are not.

    Args:
        source: The clip.
        target: Where to; .mp4, .mov, .mkv or .webm.
        marker: Key, layout and strength, of the codec `spread`.
        payload: Identity in hexadecimal digits.
        coding: How often to mark and how well to code; the defaults if None.
        overwrite: Replace an existing target.
        advance: Called after each frame.

    Raises:
        MediaError: The clip cannot be decoded, or its audio does not fit into the target.
        MissingExtra: PyAV is not installed.
        UsageError: The target, the payload, the codec or the size does not fit.
    """
    place, how = Path(target), coding or Coding()
    marker.payload(payload)
    if marker.codec != SPREAD:
        raise UsageError(f"clips are marked with the codec spread, not {marker.codec.name}")
    _check(Path(source), place, how, overwrite=overwrite)
    media = open_media(source)
    library = _library()
    part = place.with_name(f".{place.name[:40]}.{secrets.token_hex(6)}.part")
    try:
        with (
            library.open(str(part), "w", format=_FORMATS[place.suffix.lower()]) as out,
            media.clip() as inside,
        ):
            job = Copying(inside, out, marker, payload, how, turned=_turned(media))
            job.run(advance)
        os.replace(part, place)
    except library.FFmpegError as error:
        raise CorruptMedia(f"the clip cannot be coded again: {error}") from error
    finally:
        part.unlink(missing_ok=True)
    return MarkedClip(place, job.frames, job.marked, len(job.audio), job.psnr)


def _turned(media: Media) -> int:
    """Return by how many quarter turns, counter-clockwise, a clip is shown: they are done, not noted."""
    return (media.video.rotation // 90) % 4 if media.video else 0


def _check(source: Path, place: Path, how: Coding, *, overwrite: bool) -> None:
    if place.suffix.lower() not in _FORMATS:
        names = ", ".join(_FORMATS)
        raise UsageError(f"{place}: a clip is written as {names}", expected=names, actual=place.suffix)
    if place.exists() and not overwrite:
        raise UsageError(f"{place} exists; it is not replaced")
    if place.exists() and place.samefile(source):
        raise UsageError(f"{place} is the source itself")
    if how.every < 1:
        raise UsageError(f"every is a number of frames, not {how.every}", actual=how.every)


def _library() -> Any:
    try:
        import av
    except ImportError as error:
        raise MissingExtra("marking clips", "video") from error
    return av
