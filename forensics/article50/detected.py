"""What was detected of a watermark, in a form that other programs can use: no secret, no words of ours."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from forensics import __version__
from forensics.article50.checking import told
from forensics.article50.records import now
from forensics.article50.scheme import algorithm
from forensics.article50.subject import RATE, Settings, Subject
from forensics.errors import UsageError
from forensics.evidence import Model
from forensics.files import encodable
from forensics.media import Media, open_media
from forensics.watermark.detection import Detection
from forensics.watermark.keys import Key
from forensics.watermark.payload import LAYOUTS, Payload

__all__ = ["DETECTION_SCHEMA_VERSION", "DetectionReport", "detection_report"]

DETECTION_SCHEMA_VERSION = "1.0"


class Tool(Model):
    """What made the report."""

    name: str = "synthetic-media-forensics"
    version: str = __version__


class File(Model):
    """What was looked at."""

    name: str = Field(description="Last part of its path.")
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    mime: str
    bytes: int = Field(ge=0)
    width: int = Field(ge=1, description="Of the picture, or of the first frame of a clip, in pixels.")
    height: int = Field(ge=1)


class Scheme(Model):
    """How a watermark was put in."""

    id: str = Field(description="Name of the algorithm, as a c2pa.soft-binding gives it.")
    codec: str
    front_end: str = Field(description="What saw it: 'classical' or 'learned'.")


class Message(Model):
    """What a watermark says."""

    hex: str = Field(pattern="^[0-9a-f]+$", description="The identity, most significant digit first.")
    bits: str = Field(pattern="^[01]+$", description="The same, most significant bit first.")
    layout: str
    format: int = Field(ge=0, description="Version of the message's format.")
    authenticated: bool = Field(description="Whether its tag is that of the key.")


class Transform(Model):
    """What was done to the picture after it was marked, as the watermark shows it."""

    rotation: float = Field(description="Degrees counter-clockwise.")
    mirrored: bool
    scale: float | None = Field(description="Size over that of the original; null if not known.")
    aspect: float
    shear: float = Field(description="Degrees.")
    perspective: bool
    kept: float | None = Field(description="Share of the original's area that is left; null if not known.")


class Watermark(Model):
    """What came of looking for a watermark."""

    detected: bool = Field(description="The p-value is at most the false-alarm rate.")
    p_value: float = Field(ge=0, le=1, description="For all that was searched; 0 where it underflows.")
    log10_p_value: float = Field(le=0)
    false_alarm_rate: float = Field(gt=0, lt=1, description="For the file, all keys together.")
    keys_tried: int = Field(ge=1)
    scheme: Scheme | None = Field(description="null if nothing was detected.")
    key_id: str | None = Field(description="Public id of the key; it gives nothing of the key away.")
    payload: Message | None = Field(description="null if nothing was detected or it cannot be read.")
    copied_from_another: bool | None = Field(description="null if that cannot be told.")
    transform: Transform | None


class DetectionReport(Model):
    """What was detected in one file."""

    schema_version: str = DETECTION_SCHEMA_VERSION
    tool: Tool = Tool()
    time: str = Field(description="ISO 8601 in UTC.")
    path: str = Field(description="As given; bytes that are not UTF-8 are written as \\xNN.")
    file: File | None = Field(default=None, description="null if the file could not be read.")
    watermark: Watermark | None = None
    error: str | None = None
    reason: str | None = None


def detection_report(
    path: str | os.PathLike[str], keys: Sequence[Key], *, rate: float = RATE
) -> DetectionReport:
    """Look for watermarks in a picture or clip, and say what was detected.

    Args:
        path: The file. What keeps it from being read stands in the report.
        keys: Whose marks are looked for, at least one.
        rate: False-alarm rate for all keys together.

    Raises:
        UsageError: There is no key, or the rate is none.
    """
    if not keys or not 0 < rate < 1:
        raise UsageError("detection needs a key, and a false-alarm rate between 0 and 1")
    report = DetectionReport(time=now(), path=encodable(os.fspath(path)))
    try:
        media = open_media(Path(path))
        found = Subject(Path(path), media, Settings(keys=tuple(keys), rate=rate)).detection
        if found is None:
            return report
        return report.model_copy(update={"file": _file(media), "watermark": _watermark(found, len(keys))})
    except Exception as error:
        code, reason = told(error)
        return report.model_copy(update={"error": code, "reason": reason})


def _file(media: Media) -> File:
    height, width = media.pixels.shape[:2]
    return File(
        name=encodable(media.name),
        sha256=media.sha256,
        mime=media.container.mime,
        bytes=media.size,
        width=width,
        height=height,
    )


def _watermark(found: Detection, keys: int) -> Watermark:
    scheme = Scheme(id=algorithm(found.codec), codec=found.codec, front_end=found.front)
    return Watermark(
        detected=found.detected,
        p_value=found.p_value,
        log10_p_value=round(min(0.0, found.log10_p), 2),
        false_alarm_rate=found.rate,
        keys_tried=keys,
        scheme=scheme if found.detected else None,
        key_id=found.key or None,
        payload=_message(found.payload) if found.payload else None,
        copied_from_another=found.copied,
        transform=_transform(found),
    )


def _message(payload: Payload) -> Message:
    size = LAYOUTS[payload.layout].identity
    return Message(
        hex=payload.identity,
        bits=f"{int(payload.identity, 16):0{size}b}",
        layout=payload.layout,
        format=payload.version,
        authenticated=payload.verified,
    )


def _transform(found: Detection) -> Transform | None:
    done = found.geometry
    if done is None:
        return None
    return Transform(
        rotation=done.rotation + 0.0,  # no -0.0
        mirrored=done.mirrored,
        scale=done.scale,
        aspect=done.aspect,
        shear=done.shear + 0.0,
        perspective=done.perspective,
        kept=done.kept,
    )
