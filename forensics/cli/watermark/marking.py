"""Marking one file: embedded, checked, and only then put into its place."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.cli.watermark.records import Record
from forensics.errors import UsageError, WatermarkError
from forensics.files import encodable

if TYPE_CHECKING:
    from forensics.watermark.attacks import Attack
    from forensics.watermark.contract import Kept
    from forensics.watermark.detection import Detection
    from forensics.watermark.pictures import Encoded, Source
    from forensics.watermark.video import Coding
    from forensics.watermark.watermarker import Watermarker

__all__ = ["CLIPS", "Job", "mark"]

CLIPS = (".mp4", ".mov", ".mkv", ".webm")


@dataclass(frozen=True)
class Job:
    """What to do to every picture."""

    marker: Watermarker
    payload: str
    contract: tuple[Attack, ...]
    rate: float
    least_psnr: float
    quality: int | None
    coding: Coding
    overwrite: bool


def mark(job: Job, here: Path, there: Path) -> Record:
    """Write a marked copy of a file, and return what is known of it.

    Args:
        job: What to do.
        here: The picture or clip.
        there: Where to; its folder is made.

    Raises:
        MediaError: The source cannot be read.
        MissingExtra: Its decoder is not installed.
        UsageError: The source, target or payload does not fit.
        WatermarkError: The mark does not survive what it must.
        OSError: The target cannot be written.
    """
    return (_clip if _is_clip(here) else _picture)(job, here, there)


def _is_clip(path: Path) -> bool:
    from forensics.media import Kind, open_media

    return open_media(path).container.kind is Kind.VIDEO


def _clip(job: Job, here: Path, there: Path) -> Record:
    """Write beside the target, look for the mark there, and only then put it into its place."""
    from forensics.watermark.video import detect_clip, embed_clip

    if job.contract:
        raise UsageError("a contract can be tried on pictures only, not on clips")
    if there.suffix.lower() not in CLIPS:
        raise UsageError(f"{there}: a clip is written as {', '.join(CLIPS)}")
    there.parent.mkdir(parents=True, exist_ok=True)
    part = there.with_name(f".{there.stem[:40]}.{secrets.token_hex(6)}{there.suffix}")
    try:
        clip = embed_clip(here, part, job.marker, job.payload, job.coding)
        wanted = job.marker.payload(job.payload)
        found = detect_clip(part, [job.marker.key], rate=job.rate)
        if found.payload != wanted:
            raise WatermarkError(
                "the mark does not survive the coding of the clip: ask for a lower --crf or --psnr",
                expected="the payload exact",
                actual=f"p = 10^{found.log10_p:.1f}",
            )
        os.replace(part, there)
    finally:
        part.unlink(missing_ok=True)
    return {
        "payload": wanted.identity,
        "layout": wanted.layout,
        "codec": found.codec,
        "key": job.marker.key.id,
        "psnr": round(clip.psnr, 2),
        "log10_p": round(found.log10_p, 1),
        "contract": [],
        "notes": [f"{clip.marked} of {clip.frames} frames marked, {clip.audio} streams of audio copied"],
    }


def _picture(job: Job, here: Path, there: Path) -> Record:
    from forensics.watermark.contract import embed_and_verify
    from forensics.watermark.pictures import load_for_marking, write_marked

    source = load_for_marking(here)
    kept = embed_and_verify(
        job.marker, source.pixels, job.payload, job.contract, rate=job.rate, least_psnr=job.least_psnr
    )
    found: list[Detection] = []
    there.parent.mkdir(parents=True, exist_ok=True)
    written = write_marked(
        source.with_pixels(kept.marked.pixels), there, quality=job.quality, overwrite=job.overwrite,
        check=lambda encoded: found.append(_read_back(job, kept, encoded)),
    )  # fmt: skip
    return _record(source, kept, found[0], written.notes)


def _read_back(job: Job, kept: Kept, encoded: Encoded) -> Detection:
    """Return what is found in the file that is about to be written.

    Raises:
        WatermarkError: Not what was embedded.
    """
    found = job.marker.detect(encoded.pixels, rate=job.rate)
    if found.payload != kept.marked.payload or found.copied:
        raise WatermarkError(
            f"the mark does not survive being stored as {encoded.format}: ask for a higher --quality, or put "
            "the compression into --contract",
            expected="the payload exact",
            actual=f"p = 10^{found.log10_p:.1f}",
        )
    return found


def _record(source: Source, kept: Kept, found: Detection, notes: tuple[str, ...]) -> Record:
    from forensics.watermark.quality import measure

    judged = measure(source.pixels, kept.marked.pixels)
    return {
        "payload": kept.marked.payload.identity,
        "layout": kept.marked.payload.layout,
        "codec": kept.marked.codec,
        "key": kept.marked.key,
        "psnr": round(judged.psnr, 2),
        "ssim": round(judged.ssim, 4),
        "gmsd": round(judged.gmsd, 4),
        "log10_p": round(found.log10_p, 1),
        "contract": [{"attack": c.attack, "log10_p": round(c.log10_p, 1)} for c in kept.checks[1:]],
        "notes": [encodable(note) for note in notes],
    }
