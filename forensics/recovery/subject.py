"""The file whose origin is asked for: opened once, each part read when it is needed."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import cached_property

from forensics.errors import UnsupportedMedia
from forensics.fingerprints import Variant, variants
from forensics.media import Kind, Media, Pixels, open_bytes, open_media
from forensics.media.hashing import file_sha256
from forensics.provenance.restoring.placement import content_of

__all__ = ["Subject", "subject_of"]


@dataclass(frozen=True)
class Subject:
    """A file whose origin is asked for.

    Attributes:
        source: Its path or its content.
        media: It, opened; None where it is no picture or clip.
    """

    source: bytes | str | os.PathLike[str]
    media: Media | None

    @cached_property
    def data(self) -> bytes:
        """The whole file."""
        if isinstance(self.source, bytes):
            return self.source
        return (self.media.data if self.media else b"") or content_of(self.source)

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the file, in hex."""
        if self.media is not None:
            return self.media.sha256
        if isinstance(self.source, bytes):
            return hashlib.sha256(self.source).hexdigest()
        return file_sha256(self.source)

    @cached_property
    def pixels(self) -> Pixels | None:
        """(H, W, 3) uint8 of a picture, or the first frame of an animation; None for all else."""
        still = self.media is not None and self.media.container.kind is not Kind.VIDEO
        return self.media.pixels if self.media is not None and still else None

    @cached_property
    def positions(self) -> tuple[Variant, ...]:
        """Fingerprints of the eight positions of the picture; none where there is no picture."""
        return variants(self.pixels) if self.pixels is not None else ()

    @property
    def plain(self) -> bool:
        """Whether the picture is too flat for its looks to say where it is from."""
        return bool(self.positions) and not self.positions[0].fingerprint.usable

    @property
    def moving(self) -> bool:
        """Whether there are more frames than the one that is compared."""
        image = self.media.image if self.media is not None and self.pixels is not None else None
        return image is not None and image.frames > 1


def subject_of(file: Media | bytes | str | os.PathLike[str]) -> Subject:
    """Open a file.

    Args:
        file: The file, its content, or either of them opened already.

    Raises:
        MediaError: It cannot be read.
    """
    if isinstance(file, Media):
        return Subject(file.path if file.path is not None else file.data, file)
    try:
        return Subject(file, open_bytes(file) if isinstance(file, bytes) else open_media(file))
    except UnsupportedMedia:
        return Subject(file, None)
