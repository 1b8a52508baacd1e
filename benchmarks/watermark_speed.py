"""What do marking, finding and identifying cost?

    python benchmarks/watermark_speed.py [--runs 7] [--users 1000000]

Medians over camera originals of 4 to 15 megapixels and Kodak's of 0.4: marking; finding a mark that lies as
it was put in; the whole search, which unmarked pictures get; and identification among many users. Peak memory
of 100 megapixels is that of a process of its own, which holds the picture and its marked copy as well.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
from common import ROOT, data_folder, write_result
from watermark_pictures import Picture, measured_on

from forensics.datasets.procedural import camera
from forensics.watermark.codecs import NAMES
from forensics.watermark.identification import Users
from forensics.watermark.keys import Key
from forensics.watermark.watermarker import Watermarker

LARGE = (8660, 11548)  # 100 megapixels
GOALS = {
    "embed": 0.060,
    "detect, as it was": 0.060,
    "detect, whole search": 0.5,
}


def median_seconds(work: Callable[[], object], runs: int) -> float:
    """Return the median wall time of some runs, after one that is not counted."""
    work()
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def rows_of(pictures: list[Picture], codec: str, runs: int) -> list[dict[str, Any]]:
    """Return seconds for each megapixel and picture of each step."""
    key = Key(bytes(range(32)))
    marker, rows = Watermarker(key, codec=codec), []
    for picture in pictures:
        size = picture.pixels.shape[0] * picture.pixels.shape[1] / 1e6
        marked = marker.embed(picture.pixels, "1").pixels
        steps: dict[str, Callable[[], object]] = {
            "embed": lambda p=picture.pixels: marker.embed(p, "1"),  # type: ignore[misc]
            "detect, as it was": lambda p=marked: marker.detect(p),  # type: ignore[misc]
            "detect, whole search": lambda p=picture.pixels: marker.detect(p),  # type: ignore[misc]
        }
        for name, step in steps.items():
            seconds = median_seconds(step, runs)
            rows.append(
                {
                    "codec": codec, "step": name, "picture": picture.name, "megapixels": round(size, 2),
                    "seconds": round(seconds, 4), "seconds_per_megapixel": round(seconds / size, 4),
                }
            )  # fmt: skip
            print(rows[-1])
    return rows


def identified(users: int, runs: int) -> dict[str, float]:
    """Return what it costs to make the code words of many users, and to compare a mark with all of them."""
    key = Key(bytes(range(32)))
    marker, scene = Watermarker(key), camera(1, 512, 512)
    start = time.perf_counter()
    table = Users(key, [f"{number:x}" for number in range(users)])
    built = time.perf_counter() - start
    likelihoods = marker.detect(marker.embed(scene, "3039").pixels).likelihoods
    if table.identify(likelihoods).user != 0x3039:
        sys.exit("the wrong user was identified")
    seconds = median_seconds(lambda: table.identify(likelihoods), runs)
    return {"users": users, "build_seconds": round(built, 3), "identify_seconds": round(seconds, 3)}


def large(step: str) -> None:
    """Mark a picture of 100 megapixels, or look for a mark in it, and print seconds and peak megabytes."""
    part = camera(1, 866, 1155)
    times = -(-LARGE[0] // len(part)), -(-LARGE[1] // part.shape[1]), 1
    pixels = np.ascontiguousarray(np.tile(part, times)[: LARGE[0], : LARGE[1]])
    marker = Watermarker(Key(bytes(range(32))))
    start = time.perf_counter()
    marker.embed(pixels, "1") if step == "embed" else marker.detect(pixels)
    seconds = time.perf_counter() - start
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    print(f"{seconds:.3f} {peak / 1000:.0f} {pixels.nbytes / 1e6:.0f}")


def large_rows() -> list[dict[str, Any]]:
    """Return what 100 megapixels cost, each step in a process of its own."""
    rows = []
    for step in ("embed", "detect"):
        command = [sys.executable, __file__, "--large", step]
        out = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ).stdout
        seconds, peak, held = (float(v) for v in out.split())
        rows.append({"step": step, "seconds": seconds, "peak_mb": peak, "picture_mb": held})
        print(rows[-1])
    return rows


def main() -> int:
    """Run the benchmark; exit 1 if the medians of `spread` miss a goal."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--large", choices=("embed", "detect"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.large:
        large(options.large)
        return 0
    pictures = [p for p in measured_on(data_folder()) if p.group in ("photos/kodak", "photos/native")]
    rows = [row for codec in NAMES for row in rows_of(pictures, codec, options.runs)]
    medians = []
    for codec in NAMES:
        for step, goal in GOALS.items():
            for group, least, most in (("0.4 megapixels", 0, 1), ("4 to 15 megapixels", 1, 99)):
                values = [
                    r["seconds_per_megapixel"] for r in rows
                    if r["codec"] == codec and r["step"] == step and least <= r["megapixels"] < most
                ]  # fmt: skip
                medians.append(
                    {
                        "codec": codec, "step": step, "pictures": group, "goal": goal,
                        "seconds_per_megapixel": round(statistics.median(values), 4),
                    }
                )  # fmt: skip
                print(medians[-1])
    found = identified(options.users, options.runs)
    print(found)
    result = {"medians": medians, "identification": found, "100 megapixels": large_rows(), "rows": rows}
    path = write_result("watermark_speed", "python benchmarks/watermark_speed.py", result)
    print(path.relative_to(ROOT))
    missed = [m for m in medians if m["codec"] == "spread" and m["seconds_per_megapixel"] > m["goal"]]
    return 1 if missed or found["identify_seconds"] > 1 else 0


if __name__ == "__main__":
    sys.exit(main())
