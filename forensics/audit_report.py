"""The report of one audit: what crosses to JSON, HTML and other processes."""

from __future__ import annotations

from pydantic import Field

from forensics import __version__
from forensics.evidence import Evidence, Model, Verdict
from forensics.fusion.contradictions import Contradiction
from forensics.fusion.opinions import FusedOpinion
from forensics.media import Media
from forensics.provenance.report import CredentialReport

__all__ = ["SCHEMA_VERSION", "AuditReport", "MediaSummary", "Problem", "Timing", "described"]

SCHEMA_VERSION = "1.2"


class MediaSummary(Model):
    """What kind of file it is."""

    format: str = Field(description="By content, such as 'jpeg'; 'unknown' where nothing recognised it.")
    mime: str = ""
    kind: str = Field(default="", description="image, animation or video.")
    bytes: int = 0
    width: int = 0
    height: int = 0
    frames: int = 0
    seconds: float = 0.0
    mode: str = ""
    bits: int = 0
    orientation: int = Field(default=1, description="EXIF orientation, recorded and not applied.")
    name_matches: bool = Field(default=True, description="Whether the file name fits the content.")
    jpeg_quality: int | None = Field(default=None, description="Nearest quality of the libjpeg scale.")
    codec: str = ""
    pixel_sha256: str = Field(
        default="",
        description="Over '<H>x<W>x3:' and the RGB of the first frame; '' where it was not asked for.",
    )


class Problem(Model):
    """Something that went wrong on the way; the rest of the report still holds."""

    code: str
    where: str = Field(description="The step or detector.")
    message: str


class Timing(Model):
    """Wall-clock cost of one step."""

    step: str
    seconds: float


class AuditReport(Model):
    """Everything one audit found, and what it concludes."""

    schema_version: str = SCHEMA_VERSION
    suite_version: str = __version__
    path: str = Field(description="As given; bytes that are not UTF-8 are written as \\xNN.")
    sha256: str = Field(description="Of the file, '' if it could not be read at all.")
    media: MediaSummary
    verdict: Verdict
    rule: str = Field(description="Name of the verdict rule that decided.")
    because: str = Field(description="The verdict in one sentence.")
    reasons: tuple[str, ...] = Field(description="The strongest reasons first, at most three.")
    llr: float = Field(
        description="Fused log10 likelihood ratio of the passive detectors for the question that the verdict "
        "answers: 'altered' if the verdict is altered or likely_altered, else 'synthetic'."
    )
    opinions: tuple[FusedOpinion, ...] = Field(description="The sums behind it, one per question.")
    threshold: float = Field(description="log10 posterior odds from which opinions count.")
    evidence: tuple[Evidence, ...]
    credentials: CredentialReport
    contradictions: tuple[Contradiction, ...]
    errors: tuple[Problem, ...]
    timings: tuple[Timing, ...] = ()
    stage: int = Field(
        default=1, ge=1, description="Last stage of detectors that was run; an audit of one file has one."
    )


def described(media: Media, base: MediaSummary, *, digest: bool = True) -> MediaSummary:
    """Return a summary with what decoding a file tells.

    Args:
        media: The file.
        base: What its container tells.
        digest: Whether the SHA-256 of the pixels is part of it.

    Raises:
        MediaError: It cannot be decoded.
    """
    image, video, jpeg = media.image, media.video, media.jpeg
    height, width = media.pixels.shape[:2]
    return base.model_copy(
        update={
            "width": width,
            "height": height,
            "frames": image.frames if image else video.frames if video else 0,
            "seconds": video.duration if video else 0.0,
            "mode": image.mode if image else video.pixel_format if video else "",
            "bits": image.bits if image else 8,
            "orientation": image.orientation if image else 1,
            "jpeg_quality": jpeg.quality if jpeg else None,
            "codec": video.codec if video else "",
            "pixel_sha256": media.pixel_sha256 if digest else "",
        }
    )
