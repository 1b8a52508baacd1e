"""Clips from frames in memory."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt

from forensics.errors import MissingExtra

__all__ = ["CRF", "film", "is_film"]

_FILM = 4  # axes
CRF = 12  # of what is not marked


def is_film(pixels: npt.NDArray[np.uint8]) -> bool:
    """Return whether these are the frames of a clip, (T, H, W, 3), and not a picture."""
    return pixels.ndim == _FILM


def film(frames: npt.NDArray[np.uint8], rate: int, *, lossless: bool = False) -> bytes:
    """Return frames as an MP4 file of H.264.

    Args:
        frames: (T, H, W, 3) uint8 RGB.
        rate: Frames per second.
        lossless: Keep every level of luma and colour: for what is going to be coded once more.

    Raises:
        MissingExtra: PyAV is not installed.
    """
    try:
        import av
    except ImportError as error:
        raise MissingExtra("writing clips", "video") from error
    odd = frames.shape[1] % 2 or frames.shape[2] % 2  # two pixels each way share their colour in 4:2:0
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=rate, options={"crf": "0" if lossless else str(CRF)})
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv444p" if odd or lossless else "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        container.mux(stream.encode())
    return out.getvalue()
