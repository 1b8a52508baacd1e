"""Imperceptible marks: embedding, detection, identification.

Example:
    >>> import numpy as np
    >>> from forensics.watermark import Key, Watermarker
    >>> picture = np.full((256, 256, 3), 90, np.uint8)
    >>> marker = Watermarker(Key.generate("studio"))
    >>> marker.detect(marker.embed(picture, "c0ffee").pixels).payload.identity
    '000c0ffee'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forensics.watermark.contract import embed_and_verify
    from forensics.watermark.detection import Detection, Geometry, Marked
    from forensics.watermark.identification import Users
    from forensics.watermark.keyfile import key_ring, load_keys, save_keys
    from forensics.watermark.keys import Key
    from forensics.watermark.watermarker import Watermarker, detect

__all__ = [
    "Detection",
    "Geometry",
    "Key",
    "Marked",
    "Users",
    "Watermarker",
    "detect",
    "embed_and_verify",
    "key_ring",
    "load_keys",
    "save_keys",
]

_HOMES = {
    "Detection": "detection",
    "Geometry": "detection",
    "Key": "keys",
    "Marked": "detection",
    "Users": "identification",
    "Watermarker": "watermarker",
    "detect": "watermarker",
    "embed_and_verify": "contract",
    "key_ring": "keyfile",
    "load_keys": "keyfile",
    "save_keys": "keyfile",
}


def __getattr__(name: str) -> Any:
    """Import public names on first use, so that `import forensics.watermark` costs nothing."""
    if name in _HOMES:
        return getattr(import_module(f"forensics.watermark.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'forensics.watermark' has no attribute {name!r}")
