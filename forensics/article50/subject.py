"""The file that is checked, and what the check may look at: each read once, when it is first asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.media import Kind, Media
from forensics.provenance import CredentialReport, ManifestReport, TrustPolicy, read
from forensics.watermark.keys import Key

if TYPE_CHECKING:
    from forensics.provenance.store import ManifestStore
    from forensics.watermark.detection import Detection

__all__ = ["CLIP_COPIES", "COPIES", "RATE", "Settings", "Subject"]

RATE = 1e-6
COPIES = ("jpeg:70", "jpeg:50", "resize:0.7", "crop:0.8", "resize:0.8,filter=bilinear+blur:0.5")
"""What a mark in a picture has to survive; the last is a screenshot that is stored without loss."""

CLIP_COPIES = ("h264:23", "resize:0.7+h264:23", "crop:0.8+h264:23")
"""The same for clips."""


@dataclass(frozen=True)
class Settings:
    """What a check rests on.

    Attributes:
        trust: Who may vouch for signers and times.
        keys: Whose marks are looked for.
        store: Where files were registered; None where there is none.
        rate: False-alarm rate of a detection.
        copies: What is done to copies of a picture, as `watermark.attacks` writes it.
        clip_copies: The same for clips.
        quick: Leave out what attacks copies.
    """

    trust: TrustPolicy = field(default_factory=TrustPolicy)
    keys: tuple[Key, ...] = ()
    store: ManifestStore | None = None
    rate: float = RATE
    copies: tuple[str, ...] = COPIES
    clip_copies: tuple[str, ...] = CLIP_COPIES
    quick: bool = False


class Subject:
    """One opened file.

    Args:
        path: Where it is.
        media: The same file, opened.
        settings: What the check rests on.
    """

    def __init__(self, path: Path, media: Media, settings: Settings) -> None:
        self.path = path
        self.media = media
        self.settings = settings

    @property
    def is_clip(self) -> bool:
        """Whether it is a clip, not a picture."""
        return self.media.container.kind is Kind.VIDEO

    @cached_property
    def credentials(self) -> CredentialReport:
        """Its Content Credentials, in the file or beside it."""
        return read(self.path, self.settings.trust)

    @property
    def active(self) -> ManifestReport | None:
        """The manifest that speaks about this very file."""
        return next((m for m in self.credentials.manifests if m.active), None)

    @cached_property
    def detection(self) -> Detection | None:
        """What was found of the marks of all keys; None where there are no keys."""
        from forensics.watermark.clips.detecting import detect_clip
        from forensics.watermark.codecs import available
        from forensics.watermark.watermarker import detect

        keys, rate = self.settings.keys, self.settings.rate
        if not keys:
            return None
        if self.is_clip:
            return detect_clip(self.media, keys, rate=rate)
        return detect(self.media.pixels, keys, rate=rate, codecs=available())

    @property
    def mark(self) -> Detection | None:
        """The mark that was found and belongs to this file; None where there is none."""
        found = self.detection
        return found if found is not None and found.detected and not found.copied else None

    @property
    def key(self) -> Key | None:
        """The key of that mark."""
        mark = self.mark
        return next((key for key in self.settings.keys if mark and key.id == mark.key), None)
