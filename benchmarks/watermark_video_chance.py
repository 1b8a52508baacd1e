"""How often chance looks like a mark in a clip: small clips without a mark, and clips marked with other keys.

`python benchmarks/watermark_video_chance.py` counts false alarms, and measures which share of the hypotheses
counts in sums of frames, beside that of the calibration that ships, which was measured on pictures.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from common import ROOT, data_folder, write_result
from watermark_clips import Pixels, frames_of, photographs, scenes

from forensics.watermark.clips.fusing import parts_of, whole_of
from forensics.watermark.clips.sampling import Sample
from forensics.watermark.keys import Key
from forensics.watermark.spread.nulls import shipped
from forensics.watermark.spread.searching import on_lattices, on_own_grid, sync_plan
from forensics.watermark.statistics import fit_null, wilson
from forensics.watermark.video import detect_frames
from forensics.watermark.watermarker import Watermarker

FRAMES, SIZE = 24, (192, 256)
WEIGHTS = (1.0, 1.0, 2.0, 8.0)  # as of frames that are stored more or less whole


@dataclass(frozen=True)
class Found:
    """What one key shows in one clip: its p-value, and the largest correlations of both searches."""

    log10_p: float
    own_grid: float
    own_searched: int
    lattices: float
    lattices_searched: int


def small_films(data: Path, count: int) -> Iterator[list[Pixels]]:
    """Yield clips: a third heads, and cameras over photos, half of these marked by others."""
    heads = sorted((data / "faces/real").glob("d*.mp4"))
    photos = photographs(data)
    stranger = Watermarker(key_of("stranger"))
    for number in range(count):
        if number % 3 == 0:
            start = 11 * number % 40
            frames = list(islice(frames_of(heads[number // 3 % len(heads)]), start, start + FRAMES))
            yield [np.ascontiguousarray(pixels[-SIZE[0] :, 64 : 64 + SIZE[1]]) for pixels in frames]
            continue
        frames = list(scenes(photos, FRAMES, SIZE, 1000 + number))
        yield [stranger.embed(pixels).pixels for pixels in frames] if number % 3 == 1 else frames


def key_of(words: str) -> Key:
    """Return a key that some words make."""
    return Key(hashlib.sha256(words.encode()).digest())


def searched(frames: list[Pixels], keys: list[Key], rng: np.random.Generator) -> Iterator[Found]:
    """Look for keys in a clip that none of them marked."""
    weights = rng.choice(WEIGHTS, len(frames))
    lumas = (np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8) for pixels in frames)
    views = whole_of(parts_of(map(Sample, lumas, weights))).views()
    for key in keys:
        plan = sync_plan(key)
        own, other = on_own_grid(views, plan)[0], on_lattices(views, plan, 1)[0]
        log10_p = detect_frames(frames, [key]).log10_p
        yield Found(log10_p, own.sync.z, own.searched, other.sync.z, other.searched)


def summary(found: list[Found], clips: int) -> dict[str, Any]:
    """Return what is written."""
    rows = []
    for rate in (0.5, 0.1, 0.01):
        alarms = sum(10**f.log10_p <= rate for f in found)
        low_high = wilson(alarms, len(found))
        interval = [round(low_high.low, 4), round(low_high.high, 4)]
        rows.append({"rate": rate, "alarms": alarms, "interval": interval})
    own = fit_null([f.own_grid for f in found], [f.own_searched for f in found], clips)
    other = fit_null([f.lattices for f in found], [f.lattices_searched for f in found], clips)
    pairs = (("own grid", own, shipped().own_grid), ("lattices", other, shipped().lattices))
    return {
        "clips": clips,
        "pairs": len(found),
        "smallest_log10_p": round(min(f.log10_p for f in found), 2),
        "shares": [
            {"search": name, "of_clips": round(here.share, 3), "of_pictures": round(there.share, 3)}
            for name, here, there in pairs
        ],
        "alarms": rows,
    }


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=60)
    parser.add_argument("--keys", type=int, default=10, help="for each clip")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    rng = np.random.default_rng(0)
    found: list[Found] = []
    for number, frames in enumerate(small_films(data_folder(), arguments.clips)):
        keys = [key_of(f"{number} {n}") for n in range(arguments.keys)]
        found += searched(frames, keys, rng)
        print(number, round(min(f.log10_p for f in found), 2), flush=True)
    result = summary(found, arguments.clips)
    path = write_result("watermark_video_chance", "python benchmarks/watermark_video_chance.py", result)
    print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
