"""Clips written for the tests of faces."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from ...watermark.clip_files import rotate

__all__ = ["filmed", "turned"]


def filmed(path: Path, frames: Iterable[np.ndarray], rate: int = 25, codec: str = "libx264") -> Path:
    """Write frames, (H, W, 3) uint8, as a clip."""
    import av

    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream(codec, rate=Fraction(rate), options={"crf": "18", "preset": "ultrafast"})
        stream.pix_fmt = "yuv420p"
        for number, pixels in enumerate(frames):
            if not number:
                stream.height, stream.width = pixels.shape[:2]
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")))
        out.mux(stream.encode())
    return path


def turned(source: Path, path: Path) -> Path:
    """Copy a clip and say that it lies on its side."""
    path.write_bytes(source.read_bytes())
    rotate(path)
    return path
