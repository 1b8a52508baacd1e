"""Digests of files and of pixels."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np

from forensics.media.source import open_plain
from forensics.media.types import Pixels

__all__ = ["file_sha256", "pixel_sha256"]

_BLOCK = 1 << 20


def file_sha256(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a plain file in hex, read block by block.

    Raises:
        NotAFile: The path is missing, a folder, a device, a pipe or not permitted.
    """
    digest = hashlib.sha256()
    with open_plain(Path(path)) as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def pixel_sha256(pixels: Pixels) -> str:
    """Return the SHA-256 over "HxWx3:" and the pixels in hex; the size tells apart what only bytes confuse.

    Args:
        pixels: (H, W, 3) uint8.
    """
    height, width = pixels.shape[:2]
    digest = hashlib.sha256(f"{height}x{width}x3:".encode())
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()
