"""Which copies of a picture are found in a scan, what is linked wrongly, and what does a million files cost?

    python benchmarks/near_duplicates.py [--entries 1000000]

Photos of $FORENSICS_DATA (photos/native, photos/kodak, prnu/natural, c2pa/signing) and generated pictures
(generated/gan, and generated/sd15_grids, cut into the four pictures of each grid, which are alike in style
and often in composition), shrunk to at most 1024 pixels. Three that show what another one shows are left out:
a scene photographed twice, a picture in two versions, and one that was made from another. Each is attacked;
the copy is compared with all pictures.

Recall: the copies that are as near to their picture as a rule wants. Precision: of all pairs of a copy and a
picture that the rule takes for one, those that are. The rules: PDQ within 31 bits, as it is used everywhere;
our code of four windows, in eight positions, within the bits that `thresholds` gives for a scan of a thousand
and of a million files; the clusters of `forensics.scan.duplicates` over all pictures and these copies, with
both thresholds; and, where ImageHash is installed, its pHash within 10 bits of 64.

Then: how many of the windows that are near to an attacked picture the keys of clusters find among those of a
million files; what positions from bits cost; the agreement of our PDQ with pdqhash; and what fingerprints
cost beside decoding.
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import cv2
import numpy as np
import numpy.typing as npt
from common import ROOT, data_folder, write_result
from PIL import Image

from forensics.fingerprints import upright, variants
from forensics.fingerprints.positions import turned_codes
from forensics.scan.duplicates import Prints, clusters, open_index, thresholds
from forensics.watermark.attacks.specs import parse_attack
from forensics.watermark.statistics import wilson

ATTACKS = (
    "none", "jpeg:30", "resize:0.25", "crop:0.95", "crop:0.9", "crop:0.75", "flip:horizontal",
    "flip:vertical", "quarter:1", "border:0.08", "text:0.15", "crop:0.9+flip:horizontal+jpeg:50",
)  # fmt: skip
TWICE = ("Nikon_D70_1_20543.JPG", "prerelease.jpg", "fake_cyclegan.png")
SIZES = (1000, 1_000_000)
PDQ, PHASH = 31, 10
SHRINK = parse_attack("limit:1024")

Pixels = npt.NDArray[np.uint8]
Codes = npt.NDArray[np.uint8]
Distances = npt.NDArray[np.int64]


def opened(path: Path) -> Pixels:
    return np.asarray(Image.open(path).convert("RGB"))


def quarters(pixels: Pixels) -> list[Pixels]:
    """Cut a grid into its four pictures."""
    rows, columns = (side // 2 for side in pixels.shape[:2])
    return [pixels[y : y + rows, x : x + columns] for y in (0, rows) for x in (0, columns)]


def pictures(folder: Path) -> dict[str, list[Pixels]]:
    """Return the pictures by what they are."""
    photos = [
        *(folder / "photos" / "native").glob("*.jpg"),
        *(folder / "photos" / "kodak").glob("*.png"),
        *(folder / "prnu" / "natural").glob("*.JPG"),
        *(folder / "c2pa" / "signing").glob("*.jpg"),
    ]
    grids = sorted((folder / "generated" / "sd15_grids").glob("*.webp"))
    drawn = [
        opened(path)
        for path in sorted((folder / "generated" / "gan").glob("*.png"))
        if path.name not in TWICE
    ]
    drawn += [part for path in grids for part in quarters(opened(path))]
    made = {
        "photos": [SHRINK(opened(path)) for path in sorted(photos) if path.name not in TWICE],
        "generated": drawn,
    }
    return {
        name: [p for p in group if all(code.usable for code in upright(p))] for name, group in made.items()
    }


def codes(group: Sequence[Pixels], kind: int) -> Codes:
    """Return (n, windows, 32) codes of pictures; of kind 0, dct, or 1, pdq."""
    made = [np.frombuffer(upright(pixels)[kind].code, np.uint8) for pixels in group]
    return np.stack(made).reshape(len(made), -1, 32)


def windows_apart(copies: Codes, originals: Codes) -> Distances:
    """Return (copies, originals): the fewest bits between a whole, in any position, and a window."""
    turned = turned_codes(copies, "dct")[:, :, None]
    least = np.full((len(copies), len(originals)), 257)
    for window in range(copies.shape[1]):
        for mine, theirs in ((0, window), (window, 0)):
            pairs = np.bitwise_count(turned[:, :, :, mine] ^ originals[None, None, :, theirs])
            least = np.minimum(least, pairs.sum(axis=-1, dtype=int).min(axis=0))
    return least


def whole_apart(copies: Codes, originals: Codes) -> Distances:
    """Return (copies, originals): bits between whole pictures as they are."""
    return np.bitwise_count(copies[:, None, 0] ^ originals[None, :, 0]).sum(axis=-1, dtype=int)


def phashes(group: Sequence[Pixels]) -> Codes:
    import imagehash

    made = [np.packbits(imagehash.phash(Image.fromarray(pixels)).hash) for pixels in group]
    return np.stack(made).reshape(len(made), 1, 8)


def judged(same: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """Return recall and precision of a rule; (copies, originals), of which the diagonal is right."""
    found, wrong = int(same.diagonal().sum()), int(same.sum() - same.diagonal().sum())
    interval = wilson(found, len(same))
    return {
        "found": found,
        "of": len(same),
        "interval": [round(interval.low, 3), round(interval.high, 3)],
        "wrong pairs": wrong,
        "pairs": same.size - len(same),
    }


def clustered(copies: Sequence[Prints], originals: Sequence[Prints], files: int) -> npt.NDArray[np.bool_]:
    """Return (copies, originals): whether they are in one cluster."""
    found = np.array(clusters([*originals, *copies], thresholds(files)), object)
    theirs, mine = found[: len(originals)], found[len(originals) :]
    return np.asarray((mine[:, None] == theirs[None]) & (mine[:, None] != ""), np.bool_)


def prints_of(group: Sequence[Pixels], name: str) -> list[Prints]:
    made = [upright(pixels) for pixels in group]
    return [
        Prints(f"{name}{n}", "", dct.hex, pdq.hex, dct.quality, pdq.quality)
        for n, (dct, pdq) in enumerate(made)
    ]


def measured(group: Sequence[Pixels]) -> list[dict[str, Any]]:
    """Return one row for each attack."""
    dct, pdq, prints = codes(group, 0), codes(group, 1), prints_of(group, "")
    peer = phashes(group) if find_spec("imagehash") else None
    rows = []
    for spec in ATTACKS:
        attack: Callable[..., Pixels] = parse_attack(spec)
        copies = [np.ascontiguousarray(attack(pixels, seed=number)) for number, pixels in enumerate(group)]
        row: dict[str, Any] = {"attack": spec, "PDQ": judged(whole_apart(codes(copies, 1), pdq) <= PDQ)}
        apart = windows_apart(codes(copies, 0), dct)
        for files in SIZES:
            row[f"windows, {files}"] = judged(apart <= thresholds(files).dct)
            row[f"clusters, {files}"] = judged(clustered(prints_of(copies, "copy "), prints, files))
        if peer is not None:
            row["pHash"] = judged(whole_apart(phashes(copies), peer) <= PHASH)
        rows.append(row)
        print({k: v if k == "attack" else (v["found"], v["wrong pairs"]) for k, v in row.items()}, flush=True)
    return rows


def whole_suite(group: Sequence[Pixels]) -> dict[str, Any]:
    """Return what clusters make of all pictures and all their copies, listed in a random order."""
    listed = []
    for spec in ATTACKS:
        attack = parse_attack(spec)
        copies = [np.ascontiguousarray(attack(pixels, seed=number)) for number, pixels in enumerate(group)]
        listed += [(number, one) for number, one in enumerate(prints_of(copies, f"{spec} "))]
    order = np.random.default_rng(5).permutation(len(listed))
    truth = np.array([listed[n][0] for n in order])
    result = {}
    for files in SIZES:
        found = np.array(clusters((listed[n][1] for n in order), thresholds(files)), object)
        together = (found[:, None] == found[None]) & (found[:, None] != "")
        same = truth[:, None] == truth[None]
        np.fill_diagonal(together, False)
        np.fill_diagonal(same, False)
        sizes = np.unique(found[found != ""], return_counts=True)[1]
        result[str(files)] = {
            "files": len(listed),
            "right pairs": int((together & same).sum()) // 2,
            "wrong pairs": int((together & ~same).sum()) // 2,
            "pairs": int(same.sum()) // 2,
            "largest cluster": int(sizes.max()),
            "clusters": len(sizes),
        }
    return result


def real_recall(group: Sequence[Pixels], entries: int) -> dict[str, Any]:
    """Return which near windows of real pictures the shipped keys find among as many random codes."""
    bits = thresholds(entries).dct
    rng = np.random.default_rng(3)
    own = codes(group, 0).reshape(-1, 32)
    stored = np.concatenate([own, rng.integers(0, 256, (4 * entries - len(own), 32), dtype=np.uint8)])
    index, known = open_index(stored, bits, sure=False, most=256), open_index(own, bits, "exact")
    near_ones = found = 0
    for spec in ATTACKS[1:]:
        attack = parse_attack(spec)
        copies = [np.ascontiguousarray(attack(pixels, seed=number)) for number, pixels in enumerate(group)]
        queries = turned_codes(codes(copies, 0)[:, 0], "dct").reshape(-1, 32)
        pairs = [
            set(zip(hits.query.tolist(), hits.entry.tolist(), strict=True))
            for hits in (known.within(queries, bits), index.within(queries, bits))
        ]
        near_ones, found = near_ones + len(pairs[0]), found + len(pairs[0] & pairs[1])
    interval = wilson(found, near_ones)
    return {
        "bits": bits, "codes": len(stored), "near": near_ones, "found": found,
        "interval": [round(interval.low, 4), round(interval.high, 4)],
    }  # fmt: skip


def positions(group: Sequence[Pixels]) -> dict[str, Any]:
    """Return the bits between the codes of turned pictures, and those made of upright bits or pixels."""
    turns: list[Callable[[Pixels], Pixels]] = [
        lambda p: p[:, ::-1], lambda p: p[::-1], lambda p: np.rot90(p, 2), lambda p: p.transpose(1, 0, 2),
        np.rot90, lambda p: np.rot90(p, -1), lambda p: np.rot90(p, 2).transpose(1, 0, 2),
    ]  # fmt: skip
    result = {}
    for number, kind in enumerate(("dct", "pdq")):
        made = turned_codes(codes(group, number)[:, 0], kind)
        ways: dict[str, list[int]] = {"bits": [], "pixels": []}
        for which, pixels in enumerate(group):
            looked = variants(pixels, kind)
            for place, turn in enumerate(turns, 1):
                truth = np.frombuffer(upright(np.ascontiguousarray(turn(pixels)))[number].code, np.uint8)[:32]
                seen = np.frombuffer(looked[place].fingerprint.code, np.uint8)[:32]
                ways["bits"].append(int(np.bitwise_count(made[place, which] ^ truth).sum()))
                ways["pixels"].append(int(np.bitwise_count(seen ^ truth).sum()))
        for way, bits in ways.items():
            result[f"{kind} from {way}"] = [int(np.percentile(bits, share)) for share in (50, 95, 100)]
    return result


def agreement(group: Sequence[Pixels]) -> dict[str, Any] | None:
    """Return in how many bits our PDQ differs from that of pdqhash, and their qualities in hundredths."""
    if not find_spec("pdqhash"):
        return None
    import pdqhash

    bits, qualities = [], []
    for pixels in group:
        theirs, quality = pdqhash.compute(np.ascontiguousarray(pixels))
        ours = upright(pixels)[1]
        bits.append(int((np.unpackbits(np.frombuffer(ours.code, np.uint8)) != theirs).sum()))
        qualities.append(abs(round(100 * ours.quality) - int(quality)))
    return {
        "pictures": len(bits),
        "bits": np.bincount(bits).tolist(),
        "qualities": np.bincount(qualities).tolist(),
    }


def costs(folder: Path) -> list[dict[str, Any]]:
    """Return milliseconds for decoding and for fingerprints, by size."""
    path = next(iter(sorted((folder / "photos" / "native").glob("Apple*.jpg"))))
    large = opened(path)
    rows = []
    for name, pixels in (
        ("640 x 640", cv2.resize(large, (640, 640), interpolation=cv2.INTER_AREA)),
        ("8 megapixels", large),
    ):
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", quality=90)
        ways: dict[str, Callable[[], object]] = {
            "decoding": lambda file=file: np.asarray(Image.open(file).convert("RGB")),
            "both upright": lambda pixels=pixels: upright(pixels),
            "dct, eight positions": lambda pixels=pixels: variants(pixels, "dct"),
            "pdq, eight positions": lambda pixels=pixels: variants(pixels, "pdq"),
        }
        if find_spec("pdqhash"):
            import pdqhash

            ways["pdqhash, upright"] = lambda pixels=pixels: pdqhash.compute(pixels)
        rows.append({"picture": name, **{way: _milliseconds(work) for way, work in ways.items()}})
    return rows


def _milliseconds(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(12):
        begun = time.process_time()
        work()
        taken.append(1000 * (time.process_time() - begun))
    return float(np.median(taken[2:]))


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--entries", type=int, default=1_000_000, help="files among which windows are looked for"
    )
    options = parser.parse_args()
    cv2.setNumThreads(1)
    folder = data_folder()
    found = pictures(folder)
    if not all(len(group) > 10 for group in found.values()):
        sys.exit("too few test pictures: photos/, prnu/natural and generated/ of the data are needed")
    every = [pixels for group in found.values() for pixels in group]
    result: dict[str, Any] = {
        "costs": costs(folder),
        "thresholds": {str(files): vars(thresholds(files)) for files in SIZES},
        "sets": {name: {"pictures": len(group), "rows": measured(group)} for name, group in found.items()},
        "together": whole_suite(every),
        "keys": real_recall(every, options.entries),
        "positions": positions(every),
        "agreement": agreement(every),
    }
    command = f"python benchmarks/near_duplicates.py --entries {options.entries}"
    print(write_result("near_duplicates", command, result).relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
