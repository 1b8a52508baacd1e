"""What marks on clips survive, and what marking costs.

`python benchmarks/watermark_video.py`: films of a camera over photos that nothing was chosen by, and talking
heads; each is marked at 40 dB and attacked.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from common import ROOT, data_folder, write_result
from watermark_clips import RATE, Pixels, film, frames_of, photographs, write_clip

from forensics.watermark.attacks import parse_attack
from forensics.watermark.attacks.video import attack_frames, cut_frames, drop_frames, retime
from forensics.watermark.detection import Detection
from forensics.watermark.keys import Key
from forensics.watermark.video import Coding, detect_clip, embed_clip
from forensics.watermark.watermarker import Watermarker

Frames = Iterable[Pixels]

SIZE = (720, 1280)
PAYLOAD = "c0ffee"


def half(frames: Frames) -> Iterator[Pixels]:
    """Halve every frame."""
    for pixels in frames:
        size = (pixels.shape[1] // 4 * 2, pixels.shape[0] // 4 * 2)
        yield np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def even(frames: Frames) -> Iterator[Pixels]:
    """Cut frames to even sides."""
    for pixels in frames:
        yield np.ascontiguousarray(pixels[: len(pixels) // 2 * 2, : pixels.shape[1] // 2 * 2])


def picture(text: str) -> Callable[[Frames], Iterator[Pixels]]:
    """Return an attack on pictures, done to every frame alike."""
    return lambda frames: even(attack_frames(frames, parse_attack(text)))


def dark(frames: Frames) -> Iterator[Pixels]:
    """Begin with a second and a half of black."""
    rest = iter(frames)
    first = next(rest)
    for _ in range(RATE * 3 // 2):
        yield np.zeros_like(first)
    yield first
    yield from rest


def same(frames: Frames) -> Frames:
    """Change nothing."""
    return frames


# What is done to the frames of the marked clip, and how they are coded then. The first is what is demanded.
SMALL: dict[str, Any] = {"crf": 28}
ATTACKS: dict[str, tuple[Callable[[Frames], Iterable[Pixels]], dict[str, Any]]] = {
    "half size, 20 % of frames dropped": (lambda f: half(drop_frames(f, 0.2, 1)), SMALL),
    "full size": (same, SMALL),
    "half size, H.264 crf 34": (half, {"crf": 34}),
    "half size, H.265 crf 28": (half, {"crf": 28, "codec": "libx265"}),
    "half size, VP9 crf 36": (half, {"crf": 36, "codec": "libvpx-vp9"}),
    "half size, the second and third second only": (lambda f: half(islice(f, RATE, 3 * RATE)), SMALL),
    "half size, the fourth and fifth second cut out": (
        lambda f: half(cut_frames(f, 3 * RATE, 5 * RATE)),
        SMALL,
    ),
    "half size, 24 frames a second": (lambda f: half(retime(f, 25 / 24)), {"crf": 28, "rate": 24}),
    "half size, 30 frames a second": (lambda f: half(retime(f, 25 / 30)), {"crf": 28, "rate": 30}),
    "half size, 1.5 s of black in front": (lambda f: dark(half(f)), SMALL),
    "half size, turned by 3 degrees": (lambda f: picture("rotate:3")(half(f)), SMALL),
    "half size, cropped to half the area": (lambda f: picture("crop:0.5")(half(f)), SMALL),
    "0.35 of the size": (picture("resize:0.35"), SMALL),
}


def survive(
    sources: list[Path], folder: Path, marker: Watermarker, coding: Coding, attacks: int = len(ATTACKS)
) -> dict[str, Any]:
    """Mark clips, attack them and look for the marks."""
    chosen = dict(islice(ATTACKS.items(), attacks))
    marked, costs, found = [], [], {name: [] for name in ("as written", *chosen)}
    for source in sources:
        target = folder / f"marked {coding.every} {source.stem}.mp4"
        start = time.perf_counter()
        clip = embed_clip(source, target, marker, PAYLOAD, coding, overwrite=True)
        costs.append((time.perf_counter() - start) / clip.frames)
        marked.append(clip)
        found["as written"].append(timed(target, marker.key))
        for name, (attack, how) in chosen.items():
            attacked = folder / "attacked.mkv"
            write_clip(attacked, attack(frames_of(target)), **how)
            found[name].append(timed(attacked, marker.key))
            print(coding.every, source.stem, name, round(found[name][-1][0].log10_p, 1), flush=True)
    return {
        "clips": len(sources),
        "least_psnr": round(min(clip.psnr for clip in marked), 2),
        "frames": sum(clip.frames for clip in marked),
        "marking_ms_per_frame": round(1000 * statistics.median(costs), 1),
        "rows": [row(name, trials, marker) for name, trials in found.items()],
    }


def timed(path: Path, key: Key) -> tuple[Detection, float]:
    """Look for a mark, and say how many seconds that took."""
    start = time.perf_counter()
    return detect_clip(path, [key]), time.perf_counter() - start


def row(name: str, trials: list[tuple[Detection, float]], marker: Watermarker) -> dict[str, Any]:
    """Sum up what was found after one attack."""
    wanted = marker.payload(PAYLOAD)
    return {
        "attack": name,
        "clips": len(trials),
        "found": sum(found.detected for found, _ in trials),
        "exact": sum(found.payload == wanted for found, _ in trials),
        "called_copied": sum(found.copied is True for found, _ in trials),
        "called_own": sum(found.copied is False for found, _ in trials),
        "weakest_log10_p": round(max(found.log10_p for found, _ in trials), 1),
        "seconds": round(statistics.median(seconds for _, seconds in trials), 2),
    }


def memory(path: Path, action: str) -> float:
    """Return the peak memory in MB of a process that marks or searches a clip."""
    command = [sys.executable, __file__, "--one", action, str(path)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(run.stdout.split()[-1])


def one(action: str, path: Path) -> None:
    """Do one thing and print the peak memory of this process in MB."""
    key = Key(bytes(range(32)))
    if action == "embed":
        embed_clip(path, path.with_name(f"one {path.name}"), Watermarker(key), PAYLOAD, overwrite=True)
    else:
        detect_clip(path, [key])
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    print(next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024)


def streams(source: Path, target: Path) -> dict[str, bool]:
    """Say whether sound and the tags of colours came over unchanged."""

    def sound(path: Path) -> list[bytes]:
        with av.open(str(path)) as container:
            return [bytes(packet) for packet in container.demux(audio=0) if packet.size]

    def colours(path: Path) -> list[Any]:
        with av.open(str(path)) as container:
            codec: Any = container.streams.video[0].codec_context
            return [codec.color_range, codec.color_primaries, codec.color_trc, codec.colorspace]

    return {"same_sound": sound(source) == sound(target), "same_colours": colours(source) == colours(target)}


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=int, default=3)
    parser.add_argument("--one", nargs=2, metavar=("ACTION", "CLIP"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        one(arguments.one[0], Path(arguments.one[1]))
        return 0
    data = data_folder()
    cv2.setNumThreads(1)
    marker = Watermarker(Key(bytes(range(32))))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sources = []
        for seed in range(arguments.films):
            sources.append(folder / f"film {seed}.mp4")
            film(sources[-1], photographs(data), 10, SIZE, seed)
        heads = [data / "faces/real" / f"{name}.mp4" for name in ("d0", "d3", "d9")]
        minute = folder / "minute.mp4"
        again = chain.from_iterable(frames_of(sources[0]) for _ in range(6))
        write_clip(minute, again, crf=20, sound=60, preset="ultrafast")
        result: dict[str, Any] = {
            "films": survive(sources, folder, marker, Coding()),
            "every_fifth": survive(sources[:1], folder, marker, Coding(every=5), 2),
            "heads": survive(heads, folder, marker, Coding()),
            "kept": streams(sources[0], folder / f"marked 1 {sources[0].stem}.mp4"),
            "peak_mb": {
                action: {
                    label: round(memory(path, action))
                    for label, path in (("10 s", sources[0]), ("60 s", minute))
                }
                for action in ("embed", "detect")
            },
        }
    path = write_result("watermark_video", "python benchmarks/watermark_video.py", result)
    print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
