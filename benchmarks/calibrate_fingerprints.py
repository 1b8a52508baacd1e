"""How near do different pictures lie? Writes forensics/fingerprints/tables/*.json.

Every pair within a set of photos, each picture in all its positions and windows, as the search looks. What
is shipped is the worst set's: for each distance the largest share of pairs, at its upper confidence bound
(95 %, Clopper and Pearson; pairs that share a picture count as independent). The sets are as unlike as they
come: scenes of all kinds, and clothes laid out on a plain ground, one like the other. `--show FOLDER` writes
the nearest pairs as pictures, to be looked at: three of them show the same thing twice, and count all the
same, which is on the side of caution. (Among the groceries beside the clothes too many do: one shelf, one
hand, another carton. They are left out.)
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from common import ROOT, data_folder
from PIL import Image
from scipy.stats import beta

from forensics.fingerprints.fingerprint import BITS, Fingerprint
from forensics.fingerprints.making import variants
from forensics.fingerprints.search import columns, distances

TABLES = ROOT / "forensics" / "fingerprints" / "tables"
KINDS = ("dct", "pdq")
LEAST = 5  # pairs at or below a distance, for it to count as measured
STEP = 8  # bits over which the slope at the end of the counted part is taken
CLOTHES = "clothing_"

Pixels = npt.NDArray[np.uint8]


def pack(path: Path, named: str, most: int) -> list[Pixels]:
    """Read pictures of an archive whose names hold a word, evenly spread over it."""
    with tarfile.open(path) as archive:
        members = [m for m in archive if m.isfile() and named in m.name]
        chosen = members[:: max(1, len(members) // most)][:most]
        streams = (archive.extractfile(member) for member in chosen)
        return [np.asarray(Image.open(io.BytesIO(s.read())).convert("RGB")) for s in streams if s]


def sets(folder: Path, most: int) -> dict[str, list[Pixels]]:
    photos = folder / "photos"
    return {
        "clothes": pack(photos / "pack128_permissive.tar", CLOTHES, most),
        "scenes": pack(photos / "pack128_research.tar", "", most),
    }


def digest(pixels: Pixels) -> str:
    return hashlib.sha256(pixels.tobytes()).hexdigest()[:12]


def tail(pictures: list[Pixels], kind: str, show: Path | None) -> tuple[int, int, npt.NDArray[np.int64]]:
    """Return how many pictures and pairs there were, and how many pairs at most 0 to 256 bits apart."""
    made = [variants(pixels, kind) for pixels in pictures]
    kept = [number for number, codes in enumerate(made) if codes[0].fingerprint.usable]
    whole = columns((made[number][0].fingerprint for number in kept), kind)
    counts = np.zeros(BITS + 1, np.int64)
    near: list[tuple[int, int, int]] = []
    pairs = 0
    for row, number in enumerate(kept[:-1]):
        queries: list[Fingerprint] = [variant.fingerprint for variant in made[number]]
        found = distances(queries, whole[:, :, row + 1 :]).bits
        close = np.flatnonzero(found < 84)
        near += [(int(found[c]), number, kept[row + 1 + c]) for c in close]
        counts += np.bincount(found, minlength=BITS + 1)
        pairs += len(found)
    if show:
        _show(sorted(near)[:40], pictures, show)
    return len(kept), pairs, np.cumsum(counts)


def _show(near: list[tuple[int, int, int]], pictures: list[Pixels], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for bits, one, other in near:
        both = np.concatenate(
            [np.asarray(Image.fromarray(pictures[i]).resize((128, 128))) for i in (one, other)], 1
        )
        names = f"{bits:03d}_{digest(pictures[one])}_{digest(pictures[other])}.png"
        Image.fromarray(both).save(folder / names)


def bound(found: npt.NDArray[np.int64], pairs: int) -> npt.NDArray[np.float64]:
    """Return the upper end of the 95 % interval of each share."""
    return np.where(found < pairs, beta.ppf(0.95, found + 1, np.maximum(pairs - found, 1)), 1.0)


def drawn_on(log10_p: npt.NDArray[np.float64], start: int) -> npt.NDArray[np.float64]:
    """Go on below a distance as a straight line, with the slope that the table has there."""
    slope = (log10_p[start + STEP] - log10_p[start]) / STEP
    below = np.arange(start)
    return np.concatenate([log10_p[start] - slope * (start - below), log10_p[start:]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", type=Path, help="write the nearest pairs into this folder")
    parser.add_argument("--most", type=int, default=1500, help="pictures of each set")
    given = parser.parse_args()
    pictures = sets(data_folder(), given.most)
    for kind in KINDS:
        tails = {
            name: tail(group, kind, given.show and given.show / kind / name)
            for name, group in pictures.items()
        }
        starts, worst = [], np.full(BITS + 1, -np.inf)
        for _, pairs, found in tails.values():
            starts.append(int(np.searchsorted(found, LEAST)))
            upper = np.log10(bound(found, pairs))
            worst = np.maximum(worst, drawn_on(upper, starts[-1]))
        record: dict[str, Any] = {
            "kind": kind,
            "name": "photos of clothes on a plain ground and of scenes of all kinds, 128 pixels a side",
            "command": f"python benchmarks/calibrate_fingerprints.py --most {given.most}",
            "pictures": sum(count for count, _, _ in tails.values()),
            "pairs": sum(pairs for _, pairs, _ in tails.values()),
            "counted_from": max(starts),
            "nearest": {name: int(np.flatnonzero(found)[0]) for name, (_, _, found) in tails.items()},
            "log10_p": [round(float(value), 4) for value in np.minimum(worst, 0)],
        }
        TABLES.mkdir(exist_ok=True)
        (TABLES / f"{kind}.json").write_text(json.dumps(record) + "\n", encoding="utf-8")
        print({key: value for key, value in record.items() if key != "log10_p"}, record["log10_p"][::10])


if __name__ == "__main__":
    main()
