"""Our marks beside other open ones: bit accuracy, detection, PSNR and time, attack by attack.

    python -m venv peers
    peers/bin/pip install '.[benchmark,video]'           # with torch, and an OpenCV that has to go again:
    peers/bin/pip uninstall -y opencv-python opencv-python-headless
    peers/bin/pip install 'opencv-python-headless>=4.12,<5'
    peers/bin/python benchmarks/watermark_side_by_side.py [--workers 1] [--parts FOLDER]

Every method marks the same 12 pictures with a random payload: 32 bits for the others (rivaGan has no other
length), 36 for ours (the standard layout; its tag of 24 bits rides along). Against each of the others, ours
is embedded at 40 dB or at the PSNR that the other has on that picture, whichever is higher. The others have
no test for presence: theirs is the binomial test on the bits of the payload that was embedded, which a real
detector would have to be told; ours is told the key. With --parts, what is finished is kept there and not
done again: remove its *.ours.json to measure ours anew beside the same others.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from statistics import fmean, median
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import cv2
import numpy as np
import numpy.typing as npt
from common import ROOT, data_folder, machine, write_result
from PIL import Image
from watermark_peers import BITS, Peer, peers, versions

from forensics.watermark.attacks import load_suite
from forensics.watermark.keys import Key
from forensics.watermark.payload import LAYOUTS, message
from forensics.watermark.quality import measure
from forensics.watermark.statistics import bit_match_p_value, wilson
from forensics.watermark.watermarker import Watermarker

Pixels = npt.NDArray[np.uint8]
Record = dict[str, Any]

SIDE = 512
LEAST_PSNR = 40.0
RATE = 1e-6
CHANCE = 0.01  # as many bits right by coins at least so often: nothing was read
SUITE = "contract"
OURS = "spread"
NATIVE = ("Apple_iPhone_5", "Canon_EOS_5D", "FujiFilm_FinePix_F40fd", "HTC_One")


def pictures(data: Path) -> Iterator[Path]:
    """Yield 12 photos: the eight of Kodak, and four of cameras."""
    yield from sorted((data / "photos/kodak").glob("*.png"))
    yield from (data / "photos/native" / f"{name}.jpg" for name in NATIVE)


def square(path: Path) -> Pixels:
    """Return the middle 512 x 512 pixels of a photo whose shorter side is brought to 512."""
    pixels = np.asarray(Image.open(path).convert("RGB"), np.uint8)
    height, width = pixels.shape[:2]
    scale = SIDE / min(height, width)
    if scale < 1:
        size = (round(width * scale), round(height * scale))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    top, left = (pixels.shape[0] - SIDE) // 2, (pixels.shape[1] - SIDE) // 2
    return np.ascontiguousarray(pixels[top : top + SIDE, left : left + SIDE])


class Clock:
    """Processor time of a block, in seconds for each megapixel."""

    def __init__(self, pixels: Pixels) -> None:
        self.megapixels = pixels.shape[0] * pixels.shape[1] / 1e6
        self.cost = 0.0

    def __enter__(self) -> Clock:
        self.start = time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.cost = (time.process_time() - self.start) / self.megapixels


def marked_by_peer(peer: Peer, pixels: Pixels, bits: npt.NDArray[np.uint8]) -> tuple[Pixels, Record]:
    """Return a marked picture and what marking cost."""
    with Clock(pixels) as clock:
        marked = peer.embed(pixels, bits)
    return marked, {**vars(measure(pixels, marked)), "seconds": clock.cost}


def tried_peer(peer: Peer, attacked: Pixels, bits: npt.NDArray[np.uint8]) -> Record:
    """Read the bits of a peer; where its library refuses, none is right."""
    with Clock(attacked) as clock:
        read = peer.extract(attacked)
    if read is None:
        return {"accuracy": 0.5, "found": False, "exact": False, "refused": True, "seconds": None}
    matches = int((read == bits).sum())
    found = bit_match_p_value(matches, BITS) <= RATE
    return {
        "accuracy": matches / BITS,
        "found": found,
        "exact": matches == BITS,
        "refused": False,
        "seconds": clock.cost,
    }


class Ours:
    """Our mark in one picture, at least as faint as asked for."""

    def __init__(self, name: str, pixels: Pixels, least: float) -> None:
        self.key = Key(hashlib.sha256(b"side by side").digest())
        self.payload = hashlib.sha256(name.encode()).hexdigest()[:9]
        layout = LAYOUTS["standard"]
        self.code = layout.code.encode(message(self.key, int(self.payload, 16), layout))
        psnr, reached = least, 0.0
        while reached < least:  # clipping moves the result by hundredths of a decibel
            self.marker = Watermarker(self.key, psnr=psnr)
            with Clock(pixels) as clock:
                self.pixels = self.marker.embed(pixels, self.payload).pixels
            quality = measure(pixels, self.pixels)
            psnr, reached = psnr + 0.02, quality.psnr
        self.cost: Record = {**vars(quality), "seconds": clock.cost}

    def tried(self, attacked: Pixels) -> Record:
        """Detect; bits that are not read count as thrown like coins."""
        with Clock(attacked) as clock:
            found = self.marker.detect(attacked, rate=RATE)
        exact = found.payload is not None and found.payload.identity == self.payload
        raw = 0.5
        if len(found.likelihoods) == len(self.code):
            raw = float(((found.likelihoods < 0) == self.code.astype(bool)).mean())
        return {
            "accuracy": 1.0 if exact else 0.5,
            "code_accuracy": raw,
            "found": found.detected,
            "exact": exact,
            "refused": False,
            "seconds": clock.cost,
        }


def bits_of(name: str) -> npt.NDArray[np.uint8]:
    """Return the (32,) bits that the others are to say in a picture."""
    seed = int(hashlib.sha256(name.encode()).hexdigest()[:8], 16)
    return np.random.default_rng(seed).integers(0, 2, BITS, dtype=np.uint8)


def work(job: tuple[Path, Path | None]) -> Record:
    """Do one picture; the others first, for ours is embedded at their strength."""
    path, parts = job
    cv2.setNumThreads(1)
    pixels = square(path)
    theirs = kept(parts, f"{path.stem}.theirs", lambda: try_theirs(path.stem, pixels))
    ours = kept(parts, f"{path.stem}.ours", lambda: try_ours(path.stem, pixels, theirs["marking"]))
    return {"picture": path.stem, "theirs": theirs, "ours": ours}


def kept(parts: Path | None, name: str, make: Callable[[], Record]) -> Record:
    """Return what an earlier run has of something, or make it and keep it."""
    part = parts / f"{name}.json" if parts else None
    if part and part.exists():
        done: Record = json.loads(part.read_text(encoding="utf-8"))
        return done
    made = {"commit": machine()["commit"], **make()}
    if part:
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(made), encoding="utf-8")
    return made


def try_theirs(name: str, pixels: Pixels) -> Record:
    """Mark, attack and read one picture with every other method."""
    others, bits = peers(), bits_of(name)
    small = pixels[:256, :256].copy()
    for peer in others:  # the first call of a library is not what it costs
        peer.extract(peer.embed(small, bits))
    marked = {peer.name: marked_by_peer(peer, pixels, bits) for peer in others}
    trials = {
        str(row.attack): {p.name: tried_peer(p, row.attack(marked[p.name][0], seed=0), bits) for p in others}
        for row in load_suite(SUITE).rows
    }
    return {"marking": {peer: cost for peer, (_, cost) in marked.items()}, "trials": trials}


def try_ours(name: str, pixels: Pixels, others: Record) -> Record:
    """Mark, attack and read one picture with ours: at 40 dB, and at least as faint as each other."""
    Watermarker(Key(bytes(32))).detect(pixels[:256, :256].copy())
    least = {OURS: LEAST_PSNR, **{peer: max(LEAST_PSNR, cost["psnr"]) for peer, cost in others.items()}}
    marks = {psnr: Ours(name, pixels, psnr) for psnr in set(least.values())}
    trials: Record = {}
    for row in load_suite(SUITE).rows:
        tried = {psnr: mark.tried(row.attack(mark.pixels, seed=0)) for psnr, mark in marks.items()}
        trials[str(row.attack)] = {method: tried[psnr] for method, psnr in least.items()}
    return {"marking": {method: marks[psnr].cost for method, psnr in least.items()}, "trials": trials}


def summed(trials: list[Record]) -> Record:
    """Sum the pictures up."""
    count = sum(t["found"] for t in trials)
    interval = wilson(count, len(trials))
    record = {
        "bit_accuracy": round(fmean(t["accuracy"] for t in trials), 4),
        "found": count,
        "interval": [round(interval.low, 3), round(interval.high, 3)],
        "exact": sum(t["exact"] for t in trials),
        "refused": sum(t["refused"] for t in trials),
        "seconds_per_megapixel": middle(t["seconds"] for t in trials),
    }
    if "code_accuracy" in trials[0]:
        record["code_bit_accuracy"] = round(fmean(t["code_accuracy"] for t in trials), 4)
    return record


def middle(values: Iterable[float | None]) -> float | None:
    """Return the median of what is there."""
    there = [value for value in values if value is not None]
    return round(median(there), 4) if there else None


def row_of(attack: str, found: list[Record]) -> Record:
    """Sum one attack up: ours at 40 dB, and each of the others beside ours at least as faint."""
    ours = [f["ours"]["trials"][attack] for f in found]
    theirs = [f["theirs"]["trials"][attack] for f in found]
    pairs = [
        {"peer": peer, "ours": summed([t[peer] for t in ours]), "theirs": summed([t[peer] for t in theirs])}
        for peer in theirs[0]
    ]
    return {"attack": attack, "ours": summed([t[OURS] for t in ours]), "pairs": pairs}


def method_of(name: str, costs: list[Record], trials: list[Record]) -> Record:
    """Sum up what marking and reading cost with one method."""
    return {
        "method": name,
        "payload_bits": 36 if name == OURS else BITS,
        "mean_psnr": round(fmean(c["psnr"] for c in costs), 2),
        "least_psnr": round(min(c["psnr"] for c in costs), 2),
        "mean_ssim": round(fmean(c["ssim"] for c in costs), 4),
        "mean_gmsd": round(fmean(c["gmsd"] for c in costs), 4),
        "embed_seconds_per_megapixel": middle(c["seconds"] for c in costs),
        "extract_seconds_per_megapixel": middle(t["none"]["seconds"] for t in trials),
        "extract_seconds_per_megapixel_attacked": middle(
            t["seconds"] for each in trials for t in each.values()
        ),
    }


def methods_of(found: list[Record]) -> list[Record]:
    """Sum up ours at 40 dB, and every other."""
    records = []
    for side, name in [("ours", OURS), *(("theirs", peer) for peer in found[0]["theirs"]["marking"])]:
        trials = [{a: t[name] for a, t in f[side]["trials"].items()} for f in found]
        records.append(method_of(name, [f[side]["marking"][name] for f in found], trials))
    return records


def lost(rows: list[Record], pictures: int) -> list[Record]:
    """Return where one of the others found more or read more bits right than ours, beyond what coins give."""
    bits = BITS * pictures
    named = []
    for row in rows:
        for pair in row["pairs"]:
            ours, theirs = pair["ours"], pair["theirs"]
            chance = bit_match_p_value(round(theirs["bit_accuracy"] * bits), bits) > CHANCE
            behind = [
                figure for figure in ("found", "bit_accuracy") if theirs[figure] > ours[figure] and not chance
            ]
            if theirs["bit_accuracy"] > ours["code_bit_accuracy"] and not chance:
                behind.append("bit_accuracy_before_decoding")
            if behind:
                named.append({"attack": row["attack"], "peer": pair["peer"], "behind": behind})
    return named


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--parts", type=Path)
    parser.add_argument("--most", type=int, default=12)
    options = parser.parse_args()
    if find_spec("imwatermark") is None or find_spec("blind_watermark") is None:
        print("left out: the libraries to compare with are missing (the extra `benchmark`)")
        return 0
    jobs = [(path, options.parts) for path in pictures(data_folder())][: options.most]
    with multiprocessing.get_context("spawn").Pool(options.workers) as pool:
        found = pool.map(work, jobs, chunksize=1)
    rows = [row_of(attack, found) for attack in found[0]["ours"]["trials"]]
    result = {
        "suite": SUITE, "rate": RATE, "side": SIDE, "peers": versions(), "chance": CHANCE,
        "pictures": [f["picture"] for f in found],
        "commits": {side: sorted({f[side]["commit"] for f in found}) for side in ("ours", "theirs")},
        "ours_at_least_as_faint": all(
            f["ours"]["marking"][peer]["psnr"] >= cost["psnr"]
            for f in found
            for peer, cost in f["theirs"]["marking"].items()
        ),
        "methods": methods_of(found), "lost": lost(rows, len(found)), "attacks": rows,
    }  # fmt: skip
    path = write_result("watermark_side_by_side", "python benchmarks/watermark_side_by_side.py", result)
    print(json.dumps(result["methods"], indent=1), *result["lost"], sep="\n")
    print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
