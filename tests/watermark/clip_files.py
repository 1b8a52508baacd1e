"""Clips made for the tests of marking: moving scenes, codecs, sound, tags."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from forensics.datasets.procedural import camera

__all__ = ["decoded", "moving", "packets", "rotate", "written"]


@cache
def _ground(seed: int, height: int, width: int) -> np.ndarray:
    return camera(seed, height, width)


def moving(count: int, shape: tuple[int, int] = (256, 384), seed: int = 7, step: int = 3) -> list[np.ndarray]:
    """Frames of a camera that moves over a scene, with grain that is new in every frame."""
    height, width = shape
    ground = _ground(seed, height + 64, width + 3 * 64)
    rng = np.random.default_rng(seed)
    out = []
    for number in range(count):
        y, x = number % 64, (step * number) % (3 * 64)
        grain = rng.normal(0, 1.5, (height, width, 1))
        out.append(np.clip(np.rint(ground[y : y + height, x : x + width] + grain), 0, 255).astype(np.uint8))
    return out


def written(
    path: Path,
    frames: Iterable[np.ndarray],
    *,
    codec: str = "libx264",
    crf: int = 14,
    rate: int = 24,
    sound: str = "",
    options: dict[str, str] | None = None,
    container: dict[str, Any] | None = None,
    **fields: Any,
) -> Path:
    """Write frames as a clip; further fields are set on the encoder."""
    import av

    with av.open(str(path), "w", **(container or {})) as out:
        out.metadata["title"] = "a walk"
        stream: Any = out.add_stream(codec, rate=Fraction(rate), options={"crf": str(crf), **(options or {})})
        track: Any = out.add_stream(sound, rate=48_000, layout="mono") if sound else None
        stream.pix_fmt = "yuv420p"
        for name, value in fields.items():
            setattr(stream.codec_context, name, value)
        for number, pixels in enumerate(frames):
            if not number:
                stream.height, stream.width = pixels.shape[:2]
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")))
        out.mux(stream.encode(None))
        for made in _sung(track) if track else ():
            out.mux(made)
    return path


def _sung(track: Any) -> Iterator[Any]:
    import av

    form = track.codec_context.format.name
    for number in range(24):
        t = (960 * number + np.arange(960)) / 48_000
        wave = 0.3 * np.sin(2 * np.pi * (300 + 90 * t) * t)
        data = wave.astype(np.float32) if form.startswith("flt") else (wave * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(data[None], format=form, layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, 960 * number, Fraction(1, 48_000)
        yield track.encode(frame)
    yield track.encode(None)


def decoded(path: Path, form: str = "rgb24") -> list[np.ndarray]:
    """All frames of a clip."""
    import av

    with av.open(str(path)) as container:
        return [frame.to_ndarray(format=form) for frame in container.decode(video=0)]


def packets(path: Path, kind: str) -> list[tuple[float, bytes]]:
    """Time and bytes of all packets of the first stream of a kind."""
    import av

    with av.open(str(path)) as container:
        stream = next(s for s in container.streams if s.type == kind)
        return [(float(p.pts * p.time_base), bytes(p)) for p in container.demux(stream) if p.size]


def rotate(path: Path) -> None:
    """Have an MP4 shown turned by 90 degrees clockwise, as telephones do: by the matrix of its track."""
    data = path.read_bytes()
    start = data.index(b"tkhd") + 44
    matrix = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    path.write_bytes(data[:start] + matrix + data[start + len(matrix) :])
