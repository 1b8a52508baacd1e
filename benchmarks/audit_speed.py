"""What does an audit cost, and which part of it?

    python benchmarks/audit_speed.py [--runs 7]

Times whole processes: `forensics --help`, and cold full audits of a 12-megapixel camera JPEG and of a clip of
10 s, 1280 x 720 at 30 frames a second (faces/real/d3.mp4, enlarged, its sides mirrored), with the peak memory
of the process as the operating system accounts it; and the share of each step, warm, from the report's own
timings. Medians.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from common import data_folder, write_result

PICTURE, CLIP = "photos/native/Canon_EOS_5D.jpg", "faces/real/d3.mp4"
FRAMES, HEIGHT, WIDTH, RATE = 300, 720, 1280, 30


def _whole(command: list[str]) -> tuple[float, float]:
    """Return wall seconds and peak megabytes of one process."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{command} ended with {status}")
    return time.perf_counter() - start, usage.ru_maxrss / 1000


def _medians(command: list[str], runs: int) -> dict[str, float]:
    _whole(command)
    measured = [_whole(command) for _ in range(runs)]
    return {
        "seconds": round(statistics.median(s for s, _ in measured), 3),
        "seconds_min": round(min(s for s, _ in measured), 3),
        "seconds_max": round(max(s for s, _ in measured), 3),
        "peak_mb": round(max(mb for _, mb in measured)),
    }


def _steps(picture: Path, runs: int) -> dict[str, float]:
    """Return the median seconds of each step, after one audit that is not counted."""
    from forensics import Auditor, TrustPolicy

    auditor = Auditor(trust=TrustPolicy.default())
    auditor.audit(picture)
    reports = [auditor.audit(picture) for _ in range(runs)]
    names = [timing.step for timing in reports[0].timings]
    return {
        name: round(statistics.median(t.seconds for r in reports for t in r.timings if t.step == name), 4)
        for name in names
    }


def _clip(source: Path, target: Path) -> Path:
    """Write the clip: each frame as high as it is to be, and mirrored at its sides."""
    import av
    import cv2

    side = (WIDTH - HEIGHT) // 2
    with av.open(str(source)) as given, av.open(str(target), "w") as out:
        stream = out.add_stream("libx264", rate=RATE, options={"crf": "23", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for frame in itertools.islice(given.decode(video=0), FRAMES):
            square = cv2.resize(
                frame.to_ndarray(format="rgb24"), (HEIGHT, HEIGHT), interpolation=cv2.INTER_CUBIC
            )
            wide = cv2.copyMakeBorder(square, 0, 0, side, side, cv2.BORDER_REFLECT_101)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(wide, "rgb24")))
        out.mux(stream.encode())
    return target


def _audited(path: Path, runs: int) -> dict[str, Any]:
    program = str(Path(sys.executable).with_name("forensics"))
    return {
        "cold": _medians([program, "audit", "--json", str(path)], runs),
        "steps_warm_seconds": _steps(path, runs),
    }


def main() -> None:
    """Run the benchmark and write benchmarks/results/audit_speed.json."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    picture = data_folder() / PICTURE
    program = str(Path(sys.executable).with_name("forensics"))
    with tempfile.TemporaryDirectory() as folder:
        # First of all: what this process holds when a child starts counts as the child's memory.
        shown = _medians([program, "--help"], runs)
        clip = _clip(data_folder() / CLIP, Path(folder) / "clip.mp4")
        result: dict[str, Any] = {
            "picture": PICTURE,
            "clip": CLIP,
            "runs": runs,
            "help": shown,
            "audits": {"picture": _audited(picture, runs), "clip": _audited(clip, max(1, runs // 2))},
        }
    write_result("audit_speed", f"python benchmarks/audit_speed.py --runs {runs}", result)
    sys.stdout.write(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
