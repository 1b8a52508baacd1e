"""Which fingerprint finds a picture again after what, at the same rate of false matches?

    python benchmarks/fingerprints.py [--most 187] [--entries 1000000] [--small 10000]

Photos that the tables of chance were not made from: camera photos and lossless ones, shrunk to at most 1024
pixels, and what `calibrate_fingerprints.py` left over of its two sets of 128 pixels, scenes and clothes. Each
is attacked, looked for in its eight positions, and counts as found where the calibrated chance that a store
of so many entries holds an unrelated one as near is at most 0.01. False matches: the same look-ups, against
all other pictures of their set; how many are as near as chance allows for one entry at some rates. Two of the
camera photos show one scene, taken from one place: the second is left out, and their distance is told.

Crops are also looked for as `forensics store find --crops` does, and with further windows: nine of 0.8 of the
side placed evenly, and 164 of 0.95, 0.9, 0.85 and 0.8. There is no table for the last two: the chance of a
distance is taken to be that of the kind "dct" times how many more pairs of windows are compared.
"""

from __future__ import annotations

import argparse
import io
import math
import sys
import tarfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import cv2
import numpy as np
import numpy.typing as npt
from calibrate_fingerprints import CLOTHES
from common import ROOT, data_folder, write_result
from PIL import Image

from forensics.fingerprints import columns, distance, distances, fingerprint, load_chance, middles, variants
from forensics.fingerprints.dct import GRID, LOW, SIDE, WINDOWS
from forensics.watermark.attacks.specs import parse_attack
from forensics.watermark.statistics import wilson

KINDS = ("dct", "pdq")
CALIBRATED = 1500  # pictures of each set that calibrate_fingerprints.py takes; they come first
LONGEST = "limit:1024"
P = 0.01
RATES = (1e-3, 1e-4, 1e-5, 1e-8)
ATTACKS = (
    "none", "jpeg:70", "jpeg:50", "jpeg:30", "resize:0.5", "crop:0.95", "crop:0.9", "crop:0.8",
    "crop:0.7", "crop:0.5",
    "crop:0.9,place=random", "crop:0.8,place=random", "crop:0.5,place=random", "rotate:2", "rotate:5",
    "quarter:1", "flip:horizontal", "brightness:1.5", "contrast:1.5", "contrast:0.7", "blur:2", "noise:16",
    "border:0.05", "text:0.1", "logo:0.05", "crop:0.9+resize:0.5+jpeg:50",
)  # fmt: skip
TWICE = ("Nikon_D70_0_19445.JPG", "Nikon_D70_1_20543.JPG")  # one scene by two cameras: not unrelated
CROPS = tuple(attack for attack in ATTACKS if attack.startswith("crop") and "+" not in attack)

Pixels = npt.NDArray[np.uint8]
Bits = npt.NDArray[np.bool_]
Box = tuple[int, int, int]  # left, top, side


def placed(side: int, count: int) -> list[Box]:
    """Return count x count windows of a side, spread evenly over the square that codes are made from."""
    edges = np.linspace(0, SIDE - side, count).round().astype(int)
    return [(int(left), int(top), side) for left in edges for top in edges]


NESTED: list[Box] = [((SIDE - side) // 2, (SIDE - side) // 2, side) for side in WINDOWS]
FURTHER = {
    "9 more windows": NESTED + placed(205, 3),
    "164 more windows": NESTED + placed(243, 3) + placed(230, 5) + placed(218, 7) + placed(205, 9),
}


def left_over(path: Path, named: str, most: int) -> list[Pixels]:
    """Read pictures of an archive that the tables of chance were not made from."""
    with tarfile.open(path) as archive:
        members = [member for member in archive if member.isfile() and named in member.name][CALIBRATED:]
        chosen = members[:: max(1, len(members) // most)][:most]
        streams = (archive.extractfile(member) for member in chosen)
        return [np.asarray(Image.open(io.BytesIO(s.read())).convert("RGB")) for s in streams if s]


def shrunk(path: Path) -> Pixels:
    """Read a large picture."""
    return parse_attack(LONGEST)(np.asarray(Image.open(path).convert("RGB")))


def scene_twice(folder: Path) -> dict[str, int]:
    """Return the distances of two photos of one scene, by kind."""
    pictures = [shrunk(folder / "prnu" / "natural" / name) for name in TWICE]
    return {kind: distance(*(fingerprint(pixels, kind) for pixels in pictures)) for kind in KINDS}


def sets(folder: Path, most: int) -> dict[str, list[Pixels]]:
    """Return the pictures by the name of their set."""
    photos = folder / "photos"
    large = [*(photos / "kodak").glob("*.png"), *(photos / "native").glob("*.jpg")]
    large += (path for path in (folder / "prnu" / "natural").glob("*.JPG") if path.name != TWICE[1])
    return {
        "photos": [shrunk(path) for path in sorted(large)],
        "scenes": left_over(photos / "pack128_research.tar", "", most),
        "clothes": left_over(photos / "pack128_permissive.tar", CLOTHES, most),
    }


def farthest(kind: str, entries: int, pairs: float = 1.0) -> int:
    """Return the largest distance that counts as found, -1 if there is none.

    Args:
        kind: Of the fingerprints.
        entries: Of the store.
        pairs: How many times more windows are compared than the table knows of.
    """
    table = np.array(load_chance(kind).log10_p) + math.log10(entries * pairs)
    return int(np.flatnonzero(table <= math.log10(P)).max(initial=-1))


class Searched:
    """The distances of all attacked pictures of a set to all pictures of that set, for one kind."""

    def __init__(self, pictures: Sequence[Pixels], kind: str) -> None:
        self.kind = kind
        self._entries = [variants(pixels, kind)[0].fingerprint for pixels in pictures]
        self._columns = columns(self._entries, kind)
        self.unrelated: list[npt.NDArray[np.uint16]] = []

    def own(self, attacked: Sequence[Pixels], crops: bool = False) -> list[int]:
        """Return the distance of each picture to the one that it was made from; 257 where it is too flat."""
        found = []
        for number, pixels in enumerate(attacked):
            turned = variants(pixels, self.kind) + (middles(pixels, self.kind) if crops else ())
            if not (turned[0].fingerprint.usable and self._entries[number].usable):
                found.append(257)
                continue
            bits = distances([variant.fingerprint for variant in turned], self._columns).bits
            found.append(int(bits[number]))
            if crops:
                continue
            usable = [entry.usable and other != number for other, entry in enumerate(self._entries)]
            self.unrelated.append(bits[np.array(usable)])
        return found


def codes(pixels: Pixels, boxes: Sequence[Box]) -> Bits:
    """Return (windows, 256) bits, made as the kind "dct" makes them."""
    grey = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY).astype(np.float32)
    square = _resized(grey, SIDE)
    parts = [_resized(square[top : top + side, left : left + side], GRID) for left, top, side in boxes]
    low = np.stack([cv2.dct(part)[1 : LOW + 1, 1 : LOW + 1] for part in parts]).reshape(len(boxes), -1)
    return np.asarray(low > np.median(low, axis=1, keepdims=True))


def _resized(plane: npt.NDArray[np.float32], side: int) -> npt.NDArray[np.float32]:
    method = cv2.INTER_AREA if min(plane.shape) >= side else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(plane, (side, side), interpolation=method), np.float32)


def further(pictures: Sequence[Pixels], attacked: Sequence[Pixels], boxes: Sequence[Box]) -> list[int]:
    """Return the distance of each picture to the one that it was made from, with further windows of both."""
    found = []
    for picture, pixels in zip(pictures, attacked, strict=True):
        one, other = codes(picture, boxes), codes(pixels, boxes)
        pairs = ((one[:1] ^ other).sum(1).min(), (one ^ other[:1]).sum(1).min())
        found.append(int(min(pairs)))
    return found


def recall(found: Sequence[int], most: int) -> dict[str, Any]:
    """Return how many distances are small enough, with the 95 % interval of Wilson."""
    count = sum(distance <= most for distance in found)
    interval = wilson(count, len(found))
    return {
        "found": count,
        "of": len(found),
        "interval": [round(interval.low, 3), round(interval.high, 3)],
        "median": int(np.median(found)),
    }


def false_matches(searched: Searched) -> dict[str, Any]:
    """Return how many unrelated pictures are as near as chance allows at some rates."""
    bits = np.concatenate(searched.unrelated)
    table = np.array(load_chance(searched.kind).log10_p)
    least = {f"{rate:g}": int(np.sum(table[bits] <= math.log10(rate))) for rate in RATES}
    return {"comparisons": len(bits), "nearest": int(bits.min()), "at most": least}


def windows_compared(boxes: Sequence[Box]) -> float:
    return (2 * len(boxes) - 1) / (2 * len(NESTED) - 1)


def measured(pictures: Sequence[Pixels], options: argparse.Namespace) -> dict[str, Any]:
    """Return the rows of a set."""
    searched = {kind: Searched(pictures, kind) for kind in KINDS}
    rows = []
    for spec in ATTACKS:
        attack: Callable[..., Pixels] = parse_attack(spec)
        attacked = [attack(pixels, seed=number) for number, pixels in enumerate(pictures)]
        row: dict[str, Any] = {"attack": spec}
        for kind, one in searched.items():
            own = one.own(attacked)
            row[kind] = recall(own, farthest(kind, options.entries))
            row[f"{kind}, small store"] = recall(own, farthest(kind, options.small))
        if spec in CROPS:
            row["--crops"] = recall(
                searched["dct"].own(attacked, crops=True), farthest("dct", options.entries, 2)
            )
        for name, boxes in FURTHER.items() if spec in CROPS else ():
            most = farthest("dct", options.entries, windows_compared(boxes))
            row[name] = recall(further(pictures, attacked, boxes), most)
        rows.append(row)
        print({key: value if key == "attack" else value["found"] for key, value in row.items()}, flush=True)
    alarms = {kind: false_matches(one) for kind, one in searched.items()}
    print(alarms, flush=True)
    return {"pictures": len(pictures), "recall": rows, "false matches": alarms}


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--most", type=int, default=187, help="pictures of each set of 128 pixels")
    parser.add_argument("--entries", type=int, default=1_000_000, help="of the large store")
    parser.add_argument("--small", type=int, default=10_000, help="entries of the small store")
    options = parser.parse_args()
    begun = time.process_time()
    most = {kind: [farthest(kind, count) for count in (options.entries, options.small)] for kind in KINDS}
    most["--crops"] = [farthest("dct", options.entries, 2)]
    for name, boxes in FURTHER.items():
        most[name] = [farthest("dct", options.entries, windows_compared(boxes))]
    result: dict[str, Any] = {
        "p": P,
        "entries": options.entries,
        "small": options.small,
        "farthest": most,
        "one scene twice": scene_twice(data_folder()),
        "sets": {
            name: measured(pictures, options) for name, pictures in sets(data_folder(), options.most).items()
        },
    }
    result["seconds of one core"] = round(time.process_time() - begun)
    command = "python benchmarks/fingerprints.py " + " ".join(
        f"--{name} {value}" for name, value in vars(options).items()
    )
    print(write_result("fingerprints", command, result).relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
