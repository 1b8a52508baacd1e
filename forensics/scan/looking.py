"""What a scan takes from a decoded file beside the audit: codes, a preview, maps."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np

from forensics.evidence import Evidence
from forensics.fingerprints import Fingerprint, fingerprints
from forensics.media import Media, Pixels
from forensics.scan.detail import MapPicture

__all__ = ["PREVIEW", "Look", "maps_of"]

PREVIEW = 192
"""Longest side of a preview in pixels."""

_QUALITY = 70
_MAP_SIDE = 480


@dataclass
class Look:
    """What is kept of a file while it is open; called once by the auditor.

    Args:
        with_preview: Whether to make one.

    Attributes:
        fingerprints: By kind; those of flat pictures are not there.
        preview: A small JPEG, None where none was asked for.
        md5: Of the file, in hex, where its bytes are in memory; "" else.
    """

    with_preview: bool
    fingerprints: dict[str, Fingerprint] = field(default_factory=dict)
    preview: bytes | None = None
    md5: str = ""

    def __call__(self, media: Media) -> None:
        """Take what is asked for from the first frame."""
        if media.data:
            self.md5 = hashlib.md5(media.data, usedforsecurity=False).hexdigest()
        self.fingerprints = {code.kind: code for code in fingerprints(media.pixels)}
        if self.with_preview:
            self.preview = _preview(media.pixels)


def _preview(pixels: Pixels) -> bytes:
    import cv2

    height, width = pixels.shape[:2]
    scale = min(1.0, PREVIEW / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.cvtColor(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2BGR)
    return bytes(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1])


def maps_of(evidence: tuple[Evidence, ...]) -> tuple[MapPicture, ...]:
    """Return the maps of all evidence as small pictures."""
    from forensics.report.maps import heat, png

    return tuple(
        MapPicture(e.detector, one.name, one.caption, png(_small(heat(one.values))))
        for e in evidence
        for one in e.maps
    )


def _small(pixels: Pixels) -> Pixels:
    step = max(1, -(-max(pixels.shape[:2]) // _MAP_SIDE))
    return np.ascontiguousarray(pixels[::step, ::step])
