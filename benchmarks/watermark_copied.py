"""Is a mark that was moved from another picture told from one in its own?

    python benchmarks/watermark_copied.py [--pictures measured|fresh|small] [--workers 2] [--most 100]

Every picture is marked; its mark then goes onto the next of its size, exactly (whoever has the picture
before and after can do that) or as estimated from the marked picture alone. Beside these stand marks in their
own pictures, after what pictures meet.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
from common import ROOT, data_folder, write_result
from watermark_pictures import SETS, Picture, Pixels

from forensics.watermark.attacks import parse_attack
from forensics.watermark.attacks.adversary import copy_mark
from forensics.watermark.keys import Key
from forensics.watermark.statistics import wilson
from forensics.watermark.watermarker import Watermarker

OWN = ("none", "jpeg:50", "jpeg:30", "resize:0.5", "rotate:7", "crop:0.5+resize:1.41+jpeg:70", "crop:0.25")
SAVED = ("none", "jpeg:70", "resize:0.5")
GAINS = (1.0, 2.0, 3.0)
LEAST = 0.95


@dataclass(frozen=True)
class Seen:
    """What was said of one picture."""

    row: str
    moved: bool
    detected: bool
    copied: bool | None


def work(job: tuple[Picture, Picture]) -> list[Seen]:
    """Try one picture, and its mark in another."""
    import cv2

    cv2.setNumThreads(1)
    source, target = job
    marker = Watermarker(Key(hashlib.sha256(b"copied").digest()))
    marked = marker.embed(source.pixels, hashlib.sha256(source.name.encode()).hexdigest()[:9]).pixels
    seen = [_look(marker, f"own, {name}", parse_attack(name)(marked, seed=0)) for name in OWN]
    for name, forged in _forgeries(source.pixels, marked, target.pixels):
        for saved in SAVED:
            attacked = parse_attack(saved)(forged, seed=0)
            seen.append(_look(marker, f"{name}, {saved}", attacked, moved=True))
    return seen


def _look(marker: Watermarker, row: str, pixels: Pixels, *, moved: bool = False) -> Seen:
    found = marker.detect(pixels)
    return Seen(row, moved, found.detected, found.copied)


def _forgeries(plain: Pixels, marked: Pixels, target: Pixels) -> Iterator[tuple[str, Pixels]]:
    height, width = (min(a, b) for a, b in zip(plain.shape[:2], target.shape[:2], strict=True))
    corner = np.s_[:height, :width]
    moved = target[corner].astype(np.int16) + marked[corner].astype(np.int16) - plain[corner]
    yield "moved exactly", np.clip(moved, 0, 255).astype(np.uint8)
    for gain in GAINS:
        yield f"estimated, gain {gain:g}", copy_mark(marked, target, gain)


def pairs(most: int, pictures: str = "measured") -> list[tuple[Picture, Picture]]:
    """Return each picture with the next one of its size."""
    groups: dict[tuple[int, ...], list[Picture]] = {}
    for picture in list(SETS[pictures](data_folder()))[:most]:
        groups.setdefault(tuple(sorted(picture.pixels.shape[:2])), []).append(picture)
    return [(one, group[(i + 1) % len(group)]) for group in groups.values() if len(group) > 1
            for i, one in enumerate(group)]  # fmt: skip


def main() -> int:
    """Run the benchmark; exit 1 if fewer copies are told than demanded, or an own mark is called copied."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--pictures", choices=tuple(SETS), default="measured")
    parser.add_argument("--most", type=int, default=100)
    options = parser.parse_args()
    jobs = pairs(options.most, options.pictures)
    with multiprocessing.get_context("spawn").Pool(options.workers) as pool:
        found = [seen for part in pool.imap(work, jobs, 1) for seen in part]
    rows: list[dict[str, Any]] = []
    for name in dict.fromkeys(seen.row for seen in found):
        every = [seen for seen in found if seen.row == name and seen.detected]
        said = Counter(seen.copied for seen in every)
        moved = next(seen.moved for seen in found if seen.row == name)
        interval = wilson(said[moved], max(1, len(every)))
        rows.append(
            {
                "row": name, "moved": moved, "pictures": len(jobs), "detected": len(every),
                "called copied": said[True], "called its own": said[False], "not told": said[None],
                "interval": [round(interval.low, 3), round(interval.high, 3)],
            }
        )  # fmt: skip
        print(rows[-1])
    copies = [seen for seen in found if seen.moved and seen.detected]
    told = sum(seen.copied is True for seen in copies)
    wrong = sum(seen.copied is False for seen in copies)
    accused = sum(seen.copied is True for seen in found if not seen.moved and seen.detected)
    result = {
        "pairs": len(jobs), "copies detected": len(copies), "copies told": told,
        "copies called their own": wrong, "own marks called copied": accused, "rows": rows,
    }  # fmt: skip
    kind = "" if options.pictures == "measured" else options.pictures
    path = write_result(
        f"watermark_copied_{kind}".rstrip("_"),
        f"python benchmarks/watermark_copied.py {kind and f'--pictures {kind}'}".rstrip(),
        result,
    )
    print(path.relative_to(ROOT), {k: v for k, v in result.items() if k != "rows"})
    return 0 if told >= LEAST * len(copies) and not accused else 1


if __name__ == "__main__":
    sys.exit(main())
