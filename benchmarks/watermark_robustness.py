"""What do marks survive, with one threshold for all attacks?

    python benchmarks/watermark_robustness.py [--suite contract] [--codec spread] [--workers 2]
        [--pictures measured|fresh|small] [--classical] [--most N] [--parts FOLDER]

Every picture is marked at 40 dB with a payload of its own, attacked, and searched at a false-alarm rate of
one in a million, whatever was done to it. `fresh` takes pictures by which nothing was chosen, `small` such of
150 to 300 pixels; `--classical` looks as `detect` does without ONNX Runtime. With `--parts`, what is finished
is kept in that folder and not done again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from common import ROOT, data_folder, write_result
from watermark_pictures import SETS, Picture

from forensics.watermark import codecs
from forensics.watermark.attacks import load_suite
from forensics.watermark.bench import Trial, run, summarise
from forensics.watermark.codecs import NAMES
from forensics.watermark.keys import Key
from forensics.watermark.watermarker import Watermarker

PSNR = 40.0
MOST = 100  # pictures


def work(job: tuple[Picture, str, str, bool]) -> tuple[list[Trial], float]:
    """Try one picture; return its trials and its PSNR."""
    import cv2

    cv2.setNumThreads(1)
    picture, name, codec, classical = job
    if classical:
        codecs.find_spec = lambda _name: None  # type: ignore[assignment]
    digest = hashlib.sha256(picture.name.encode()).hexdigest()
    marker = Watermarker(Key(hashlib.sha256(b"robustness").digest()), psnr=PSNR, codec=codec)
    psnr = marker.embed(picture.pixels, digest[:9]).psnr
    return run(marker, picture.name, picture.pixels, load_suite(name), payload=digest[:9]), psnr


def kept(job: tuple[Picture, str, str, bool, Path | None]) -> tuple[list[Trial], float]:
    """Try one picture, or return what was kept of it."""
    *what, parts = job
    picture, suite, codec, classical = what
    if parts is None:
        return work((picture, suite, codec, classical))
    part = parts / f"{suite} {codec} {classical} {picture.name}.json"
    if not part.is_file():
        trials, psnr = work((picture, suite, codec, classical))
        parts.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps({"trials": [asdict(t) for t in trials], "psnr": psnr}), encoding="utf-8")
    found = json.loads(part.read_text(encoding="utf-8"))
    return [Trial(**trial) for trial in found["trials"]], found["psnr"]


def main() -> int:
    """Run the benchmark; exit 1 if a row falls short of its demand."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--suite", default="contract")
    parser.add_argument("--codec", choices=NAMES, default="spread")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--pictures", choices=tuple(SETS), default="measured")
    parser.add_argument("--classical", action="store_true")
    parser.add_argument("--most", type=int, default=MOST)
    parser.add_argument("--parts", type=Path)
    options = parser.parse_args()
    suite = load_suite(options.suite)
    pictures = list(SETS[options.pictures](data_folder()))[: options.most]
    with multiprocessing.get_context("spawn").Pool(options.workers) as pool:
        jobs = [(p, options.suite, options.codec, options.classical, options.parts) for p in pictures]
        found = pool.map(kept, jobs, chunksize=1)
    results = summarise(suite, (trial for trials, _ in found for trial in trials))
    rows: list[dict[str, Any]] = []
    for r in results:
        rows.append(
            {
                "group": r.group, "attack": r.attack, "demand": r.demand, "met": r.met,
                "pictures": r.pictures, "detected": r.detected, "exact": r.exact,
                "interval": [round(r.interval.low, 4), round(r.interval.high, 4)],
                "weakest_log10_p": round(r.weakest, 2), "median_log10_p": round(r.median, 2),
                "seconds_per_megapixel": round(r.seconds_per_megapixel, 3),
            }
        )  # fmt: skip
        state = "" if r.met else "SHORT"
        print(f"{state:6s}{r.attack:44s} {r.detected}/{r.pictures} {r.exact} {r.weakest:.1f}")
    groups = {g: sum(p.group == g for p in pictures) for g in sorted({p.group for p in pictures})}
    result = {
        "suite": suite.name, "codec": options.codec, "rate": 1e-6, "pictures": groups,
        "least_psnr": round(min(psnr for _, psnr in found), 2),
        "missed": [
            {"picture": t.picture, "attack": t.attack, "log10_p": round(t.log10_p, 2), "exact": t.exact}
            for trials, _ in found for t in trials
            if not t.exact and next(r.demand for r in results if r.attack == t.attack) is not None
        ],
        "rows": rows,
    }  # fmt: skip
    more = (["--pictures", options.pictures] if options.pictures != "measured" else []) + (
        ["--classical"] if options.classical else []
    )
    name = "_".join([suite.name, options.codec, *(word.lstrip("-") for word in more if word != "--pictures")])
    command = ["--suite", suite.name, "--codec", options.codec, *more]
    command += ["--most", str(options.most)] if options.most != MOST else []
    path = write_result(
        f"watermark_{name}", f"python benchmarks/watermark_robustness.py {' '.join(command)}", result
    )
    print(path.relative_to(ROOT), "least PSNR", result["least_psnr"])
    return 0 if all(r.met for r in results) else 1


if __name__ == "__main__":
    sys.exit(main())
