"""How near do copies come to their originals, and others by chance? Writes forensics/recovery/chance.json.

    python benchmarks/calibrate_recovery.py [--most 1200]

Photos of clothes and of scenes, 128 pixels a side, as in calibrate_fingerprints.py, a third of them cropped,
scaled, turned, re-saved, darkened, blurred or written over, with the geometry as a search for marks would
tell it, errors included. Each is compared with its own original, and with all the others, as
`forensics.recovery` does. What ships for each share of the original that is left: the upper bound of how
often others come as near (95 %, Clopper and Pearson, the worse of both sets), and the largest distance of a
copy to its own original.
"""

from __future__ import annotations

import argparse
import io
import json
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from calibrate_fingerprints import Pixels, bound, drawn_on, sets
from common import ROOT, data_folder
from PIL import Image

from forensics.fingerprints import Fingerprint, fingerprint
from forensics.recovery.placing import Frame, compared, linear_map, part_of

TARGET = ROOT / "forensics" / "recovery" / "chance.json"
BANDS = (0.97, 0.85, 0.7, 0.5, 0.35, 0.2)  # least share of the original
LEAST = 5  # pairs at or below a distance, for it to count as measured
BITS = 256


@dataclass(frozen=True)
class Copy:
    """A changed picture, and the map that a search for its mark would give."""

    pixels: Pixels
    linear: npt.NDArray[np.float64]


def changed(pixels: Pixels, share: float, rng: np.random.Generator, turned: float = 0.3) -> Copy:
    """Return a copy with about a share of the picture; so often it is turned."""
    height, width = pixels.shape[:2]
    turn = float(rng.uniform(-15, 15)) if rng.random() < turned else 0.0
    mirrored = bool(rng.random() < 0.2)
    scale = float(rng.uniform(0.5, 1.6)) if rng.random() < 0.5 else 1.0
    tall, wide = _cropped_size(height, width, share, rng)
    top, left = int(rng.integers(0, height - tall + 1)), int(rng.integers(0, width - wide + 1))
    seen = pixels[top : top + tall, left : left + wide]
    linear = linear_map(scale, rotation=turn, mirrored=mirrored, aspect=1, shear=0)
    size = (max(1, round(wide * scale)), max(1, round(tall * scale)))
    if turn:
        middle = np.array(size) / 2 - linear @ [wide / 2, tall / 2]
        seen = cv2.warpAffine(seen, np.column_stack([linear, middle]), size)
    else:
        seen = cv2.resize(seen[:, ::-1] if mirrored else seen, size, interpolation=cv2.INTER_AREA)
    return Copy(_damaged(seen, rng), linear * rng.normal(1, 0.003) @ _turned(float(rng.normal(0, 0.2))))


def _cropped_size(height: int, width: int, share: float, rng: np.random.Generator) -> tuple[int, int]:
    longer = float(np.exp(rng.uniform(-0.25, 0.25)))
    tall = min(height, round(height * share**0.5 * longer))
    return tall, min(width, max(1, round(height * width * share / tall)))


def _turned(degrees: float) -> npt.NDArray[np.float64]:
    return linear_map(1, rotation=degrees, mirrored=False, aspect=1, shear=0)


def _damaged(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    pixels = pixels.copy()
    height, width = pixels.shape[:2]
    if rng.random() < 0.3:  # something pasted over at most a seventh of it
        tall, wide = (max(1, int(n * rng.uniform(0.1, 0.38))) for n in (height, width))
        top, left = int(rng.integers(0, height - tall + 1)), int(rng.integers(0, width - wide + 1))
        pixels[top : top + tall, left : left + wide] = rng.integers(0, 256, 3)
    if rng.random() < 0.3:
        pixels = np.clip(pixels * rng.uniform(0.6, 1.5), 0, 255).astype(np.uint8)
    if rng.random() < 0.2:
        pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), float(rng.uniform(0.4, 1.2))), np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=int(rng.integers(30, 96)))
    return np.asarray(Image.open(out))


def measured(pictures: list[Pixels], share: float, seed: int) -> dict[str, Any]:
    """Compare copies with everything; shares are drawn up to the next band."""
    rng = np.random.default_rng(seed)
    codes = [fingerprint(pixels) for pixels in pictures]
    kept = [i for i, code in enumerate(codes) if code.usable]
    usable: list[Fingerprint] = [codes[i] for i in kept]
    above = min([1.0, *(band for band in BANDS if band > share)])
    own: list[float] = []
    counts = np.zeros(BITS + 1, np.int64)
    tries = []
    for number, i in list(enumerate(kept))[seed % 3 :: 3]:
        copy = changed(pictures[i], float(rng.uniform(share, above)), rng)
        height, width = pictures[i].shape[:2]
        part = part_of(copy.pixels, copy.linear, Frame(width, height))
        if part is None:
            continue
        found = compared(part, usable)
        own.append(found[number].bits)
        tries.append(found[0].tries)
        others = [near.bits for place, near in enumerate(found) if place != number]
        counts += np.bincount(np.floor(others).astype(int), minlength=BITS + 1)
    return {
        "own": own,
        "upright": _upright(pictures, usable, kept, share, above, rng),
        "others": np.cumsum(counts),
        "pairs": int(counts.sum()),
        "tries": tries,
    }


def _upright(
    pictures: list[Pixels],
    codes: list[Fingerprint],
    kept: list[int],
    share: float,
    above: float,
    rng: np.random.Generator,
) -> list[float]:
    """Return how far copies that were not turned lie from their own originals."""
    found = []
    for i, code in zip(kept, codes, strict=True):
        copy = changed(pictures[i], float(rng.uniform(share, above)), rng, turned=0)
        height, width = pictures[i].shape[:2]
        part = part_of(copy.pixels, copy.linear, Frame(width, height))
        if part is not None:
            found.append(compared(part, [code])[0].bits)
    return found


def band(found: dict[str, dict[str, Any]], share: float) -> dict[str, Any]:
    worst = np.full(BITS + 1, -np.inf)
    counted = []
    for one in found.values():
        counted.append(int(np.searchsorted(one["others"], LEAST)))
        worst = np.maximum(worst, drawn_on(np.log10(bound(one["others"], one["pairs"])), counted[-1]))
    own = np.concatenate([one["own"] for one in found.values()])
    upright = np.concatenate([one["upright"] for one in found.values()])
    return {
        "share": share,
        "copies": len(own),
        "own_median": round(float(np.median(own)), 1),
        "own_99": round(float(np.quantile(own, 0.99)), 1),
        "upright": len(upright),
        "upright_999": round(float(np.quantile(upright, 0.999)), 1),
        "upright_most": round(float(upright.max()), 1),
        "pairs": sum(one["pairs"] for one in found.values()),
        "tries": round(float(np.median(np.concatenate([one["tries"] for one in found.values()])))),
        "counted_from": max(counted),
        "log10_p": [round(float(value), 4) for value in np.minimum(worst, 0)],
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--most", type=int, default=1200, help="pictures of each set")
    most = parser.parse_args().most
    cv2.setNumThreads(1)
    pictures = sets(data_folder(), most)
    bands = []
    for seed, share in enumerate(BANDS):
        found = {name: measured(group, share, seed) for name, group in pictures.items()}
        bands.append(band(found, share))
        print(
            {key: value for key, value in bands[-1].items() if key != "log10_p"}, bands[-1]["log10_p"][:130:8]
        )
    record = {
        "name": "photos of clothes on a plain ground and of scenes of all kinds, 128 pixels a side",
        "command": f"python benchmarks/calibrate_recovery.py --most {most}",
        "bands": bands,
    }
    TARGET.write_text(json.dumps(record) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
