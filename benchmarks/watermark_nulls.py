"""How often does chance look like a mark?

    python benchmarks/watermark_nulls.py calibrate [--pictures 2000] [--keys 5] [--write]
    python benchmarks/watermark_nulls.py check --front classical|learned [--pairs 20000]

`calibrate` measures the nulls that ship, of both front ends, on pictures that nothing else is measured on.
`check` takes others, attacked ones and ones with other people's marks among them, looks for fresh keys in
them as `detect` does, and counts how many p-values fall below the rates declared. With `--front learned`
these are all looks for the marks of all codecs; with `--front classical` the only look there is without ONNX
Runtime. Nothing is read: that a tag is right by chance, once in 2^24, is not waited for. With `--parts
FOLDER`, what is finished is kept there and not done again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import sys
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import cv2
import numpy as np
from common import ROOT, data_folder, write_result
from watermark_pictures import Picture, measured_on, unmarked

from forensics.watermark.attacks import parse_attack
from forensics.watermark.calibration import Tried, calibrated, counted, try_picture
from forensics.watermark.codecs import NAMES, Look, looks
from forensics.watermark.keys import Key
from forensics.watermark.spread.codec import SPREAD, nulls_for
from forensics.watermark.spread.nulls import Trial, to_json
from forensics.watermark.statistics import wilson
from forensics.watermark.watermarker import Watermarker

TARGETS = {
    "classical": ROOT / "watermark" / "spread" / "nulls.json",
    "learned": ROOT / "forensics" / "models" / "watermark_learned" / "nulls.json",
}
ATTACKS = (
    "none",
    "jpeg:50",
    "rotate:7",
    "resize:0.5",
    "crop:0.5+jpeg:70",
    "noise:8",
    "blur:1",
    "mark",
    "none",
)
RATES = (1e-2, 1e-3, 1e-4)
CHECKED_BY = "check 3"  # names the keys: others than those by which the way of counting was chosen


def key_of(*parts: object) -> Key:
    """Return a key that these parts name."""
    return Key(hashlib.sha256(repr(parts).encode()).digest())


def calibrate_one(job: tuple[Picture, int]) -> Tried:
    """Measure one picture with fresh keys."""
    cv2.setNumThreads(1)
    picture, keys = job
    luma = np.asarray(cv2.cvtColor(picture.pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    return try_picture(luma, [key_of("null", picture.name, i) for i in range(keys)])


def check_one(picture: Picture, name: str, keys: int, taken: Sequence[Look]) -> Tried:
    """Look for fresh keys in one picture, attacked or marked with another key."""
    if name == "mark":
        pixels = Watermarker(key_of("somebody else", picture.name)).embed(picture.pixels).pixels
    else:
        pixels = parse_attack(name)(picture.pixels, seed=1)
    luma = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    return try_picture(luma, [key_of(CHECKED_BY, picture.name, name, i) for i in range(keys)], taken)


def check_picture(job: tuple[Picture, int, str, Path | None]) -> list[Tried]:
    """Return `check_one` of fresh keys in one picture after every attack, or what its part keeps."""
    cv2.setNumThreads(1)
    picture, keys, front, parts = job
    part = parts / f"{CHECKED_BY} {front} {keys} {picture.name}.jsonl" if parts else None
    if part and part.is_file():
        return [_parsed(line) for line in part.read_text(encoding="utf-8").splitlines()]
    found = [check_one(picture, name, keys, looks_of(front)) for name in ATTACKS]
    if part:
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_text("".join(map(_line, found)), encoding="utf-8")
    return found


def looks_of(front: str) -> tuple[Look, ...]:
    """Return the looks that are taken with a front end, or without it."""
    return tuple(looks(NAMES)) if front == "learned" else (Look((SPREAD,)),)


def p_values(taken: Sequence[Look], tried: Tried) -> list[float]:
    """Return the log10 p-value of each key, corrected for all looks, as `detect` gives it."""
    ways = [(look, codec) for look in taken for codec in look.codecs]
    found = [
        [nulls_for(codec, ()).log10_p(trial, quick=look.quick) for trial in trials]
        for (look, codec), trials in zip(ways, tried, strict=True)
    ]
    cost = counted(taken)
    return [cost.of_all(min(each)) for each in zip(*found, strict=True)]


def small(pictures: Iterator[Picture]) -> Iterator[Picture]:
    """Take large photos at 768 pixels: the search costs the same whatever the size, decoding does not."""
    for picture in pictures:
        longest = max(picture.pixels.shape[:2])
        if longest > 1100:
            size = tuple(round(n * 768 / longest) for n in picture.pixels.shape[1::-1])
            pixels = cv2.resize(picture.pixels, size, interpolation=cv2.INTER_AREA)
            yield Picture(picture.name, picture.group, np.asarray(pixels, np.uint8))
        else:
            yield picture


def calibrate(options: argparse.Namespace) -> None:
    """Measure the nulls."""
    pictures = list(unmarked(data_folder(), options.pictures))
    tried: list[Tried] = []
    part = options.parts / f"{options.pictures} {options.keys}.jsonl" if options.parts else None
    if part and part.is_file():
        tried = [_parsed(line) for line in part.read_text(encoding="utf-8").splitlines()]
    jobs = ((picture, options.keys) for picture in pictures[len(tried) :])
    with multiprocessing.get_context("spawn").Pool(options.workers) as pool:
        for one in pool.imap(calibrate_one, jobs, 8):
            tried.append(one)
            if part:
                part.parent.mkdir(parents=True, exist_ok=True)
                with part.open("a", encoding="utf-8") as file:
                    file.write(_line(one))
    for nulls in calibrated("small photos, mosaics of them, generated pictures", tried):
        print(to_json([nulls]))
        if options.write:
            TARGETS[nulls.front].write_text(to_json([nulls]), encoding="utf-8")


def _line(tried: Tried) -> str:
    return json.dumps([[astuple(trial) for trial in trials] for trials in tried]) + "\n"


def _parsed(line: str) -> Tried:
    return tuple(tuple(Trial(*values) for values in trials) for trials in json.loads(line))


def check(options: argparse.Namespace) -> int:
    """Count false alarms; exit 1 if a rate lies outside the interval of what was measured."""
    pictures = list(small(measured_on(data_folder())))
    each = -(-options.pairs // (len(pictures) * len(ATTACKS)))
    jobs = [(picture, each, options.front, options.parts) for picture in pictures]
    found: list[list[Tried]] = []
    with multiprocessing.get_context("spawn").Pool(options.workers) as pool:
        for part in pool.imap(check_picture, jobs):
            found.append(part)
            print(f"{len(found)} of {len(jobs)} pictures", file=sys.stderr)
    taken = looks_of(options.front)
    values = np.array([p for part in found for tried in part for p in p_values(taken, tried)])
    rows: list[dict[str, Any]] = []
    for rate in RATES:
        count = int((values <= np.log10(rate)).sum())
        interval = wilson(count, len(values))
        inside = interval.low <= rate <= interval.high
        rows.append(
            {"rate": rate, "alarms": count, "interval": [interval.low, interval.high], "inside": inside}
        )
        print(rate, count, count / len(values), interval, inside)
    result = {
        "front": options.front, "pairs": len(values), "pictures": len(pictures), "attacks": ATTACKS,
        "rows": rows, "smallest_log10_p": round(float(values.min()), 2),
    }  # fmt: skip
    path = write_result(
        f"watermark_false_alarms_{options.front}",
        f"python benchmarks/watermark_nulls.py check --front {options.front} --pairs {options.pairs}",
        result,
    )
    print(path.relative_to(ROOT))
    return 0 if all(row["inside"] for row in rows) else 1


def main() -> int:
    """Run one of the steps."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("step", choices=("calibrate", "check"), nargs="?", default="check")
    parser.add_argument("--front", choices=tuple(TARGETS), default="learned")
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--keys", type=int, default=5)
    parser.add_argument("--pairs", type=int, default=20_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--parts", type=Path)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    if options.step == "check":
        return check(options)
    calibrate(options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
