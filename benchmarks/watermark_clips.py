"""Clips that marks on clips are measured on: a camera that moves over photos, with cuts, grain and sound."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt
from watermark_pictures import measured_on

__all__ = ["RATE", "film", "frames_of", "photographs", "scenes", "write_clip"]

Pixels = npt.NDArray[np.uint8]

RATE = 25
# Weights of frames and sizes of tiles were tried on these photos; nothing is measured on them.
_TRIED = {"1", "4", "20", "7", "Apple_iPhone_5", "HTC_One", "Canon_EOS_450D", "FujiFilm_FinePix_F40fd"}
_GROUPS = ("photos/kodak", "photos/native", "prnu/natural")
_GRAIN = 1.8  # grey levels, new in every frame
_ROOM = 1.3  # width of the photo over that of the frame, for the camera to move in
_SOUND = 48_000
_BEATS = (1.6, 2.8, 2.0, 3.6)  # seconds of a scene


def photographs(data: Path) -> list[Pixels]:
    """Return photos on which nothing of this was tried before."""
    return [p.pixels for p in measured_on(data) if p.group in _GROUPS and p.name not in _TRIED]


def film(path: Path, photos: list[Pixels], seconds: float, size: tuple[int, int], seed: int) -> None:
    """Write a clip with cuts, moving camera, a moving object, grain and sound: H.264 at crf 14, AAC."""
    write_clip(path, scenes(photos, round(seconds * RATE), size, seed), crf=14, sound=seconds)


def scenes(photos: list[Pixels], count: int, size: tuple[int, int], seed: int) -> Iterator[Pixels]:
    """Yield the frames of a film: scene after scene, each a way of the camera over another photo.

    Args:
        photos: (H, W, 3) each.
        count: Frames.
        size: Height and width of a frame.
        seed: Of ways and grain.
    """
    rng = np.random.default_rng(seed)
    done = number = 0
    while done < count:
        length = min(count - done, round(_BEATS[number % len(_BEATS)] * RATE))
        photo, other = (photos[(seed + number + n) % len(photos)] for n in (0, 1))
        yield from _scene(photo, other, length, size, rng)
        done, number = done + length, number + 1


def _scene(
    photo: Pixels, other: Pixels, count: int, size: tuple[int, int], rng: np.random.Generator
) -> Iterator[Pixels]:
    height, width = size
    scale = max(_ROOM * width / photo.shape[1], _ROOM * height / photo.shape[0])
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    ground = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=way)
    thing = cv2.resize(other, (width // 5, height // 4), interpolation=cv2.INTER_AREA)
    room = np.array([ground.shape[1] - width, ground.shape[0] - height])
    start, stop = rng.uniform(0.1, 0.9, (2, 2)) * room
    zoom, turn = rng.uniform(0.9, 1.0), rng.uniform(-0.02, 0.02)
    shake = np.cumsum(rng.normal(0, 0.3, (count, 2)), axis=0)
    for i in range(count):
        t = i / max(count - 1, 1)
        x, y = start + (stop - start) * t + shake[i]
        c, s = (1 + (zoom - 1) * t) * math.cos(turn * t), math.sin(turn * t)
        matrix = np.array([[c, -s, x], [s, c, y]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        frame = cv2.warpAffine(ground, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT)
        top, left = height // 2, round((width - thing.shape[1]) * (0.1 + 0.8 * t))
        frame[top : top + len(thing), left : left + thing.shape[1]] = thing
        noisy = frame + rng.normal(0, _GRAIN, (height, width, 1)).astype(np.float32)
        yield np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def write_clip(
    path: Path,
    frames: Iterable[Pixels],
    *,
    codec: str = "libx264",
    crf: int = 28,
    rate: int = RATE,
    sound: float = 0.0,
    preset: str = "medium",
) -> None:
    """Write frames as a clip.

    Args:
        path: Where to; the suffix says the container.
        frames: (H, W, 3) each, of one size.
        codec: Name of the encoder.
        crf: Its constant rate factor.
        rate: Frames a second.
        sound: Seconds of sound.
        preset: Of H.264 and H.265: how much time they take.
    """
    rest = iter(frames)
    first = next(rest)
    options = {"crf": str(crf)}
    options |= {"x265-params": "log-level=none"} if codec == "libx265" else {}
    vp9 = {"b": "0", "deadline": "good", "cpu-used": "4"}
    options |= vp9 if codec == "libvpx-vp9" else {"preset": preset}
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream(codec, rate=Fraction(rate), options=options)
        stream.height, stream.width = first.shape[:2]
        stream.pix_fmt = "yuv420p"
        track: Any = out.add_stream("aac", rate=_SOUND, layout="mono") if sound else None
        for packets in _coded(stream, first, rest):
            out.mux(packets)
        if track:
            for packets in _sung(track, sound):
                out.mux(packets)


def _coded(stream: Any, first: Pixels, rest: Iterator[Pixels]) -> Iterator[Any]:
    yield stream.encode(av.VideoFrame.from_ndarray(first, format="rgb24"))
    for pixels in rest:
        yield stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24"))
    yield stream.encode(None)


def _sung(track: Any, seconds: float) -> Iterator[Any]:
    """Yield the packets of a gliding tone."""
    size = 1024
    for start in range(0, round(seconds * _SOUND), size):
        t = (start + np.arange(size)) / _SOUND
        wave = 0.3 * np.sin(2 * np.pi * (220 + 20 * t) * t)
        frame = av.AudioFrame.from_ndarray(wave.astype(np.float32)[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = _SOUND, start, Fraction(1, _SOUND)
        yield track.encode(frame)
    yield track.encode(None)


def frames_of(path: Path, limit: int | None = None) -> Iterator[Pixels]:
    """Yield the frames of a clip."""
    with av.open(str(path)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number == limit:
                return
            yield np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
