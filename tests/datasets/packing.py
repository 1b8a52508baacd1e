"""Folders and archives of pictures, made for the tests of corpora."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
from PIL import Image

__all__ = ["bomb", "encoded", "flat", "packed", "stored"]


def flat(value: int, height: int, width: int) -> np.ndarray:
    """A picture of one grey level."""
    return np.full((height, width, 3), value, np.uint8)


def encoded(pixels: np.ndarray, codec: str = "PNG", **options: object) -> bytes:
    """A picture as the bytes of a file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, codec, **options)
    return buffer.getvalue()


def bomb() -> bytes:
    """A PNG that declares 60,000 x 60,000 pixels."""
    data = encoded(flat(1, 8, 8))
    return data[:16] + (60_000).to_bytes(4, "big") * 2 + data[24:]


def stored(folder: Path, files: dict[str, bytes]) -> Path:
    """Write files into a folder."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def packed(path: Path, files: dict[str, bytes], mode: str = "w") -> Path:
    """Write files into an archive, in the order given."""
    with tarfile.open(path, mode) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path
