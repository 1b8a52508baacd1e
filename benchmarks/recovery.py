"""Are copies of registered files found again, and named rightly?

    python benchmarks/recovery.py [--most 30]

Photos of FORENSICS_DATA are cut to 512 pixels a side, marked, signed by a development CA and registered.
Half of them carry a mark that is bound to its picture, half one such as decoders that sign leave, each with a
payload of its own. Copies of them are changed in the ways of the table, marks are moved onto other photos,
and photos that were never registered are asked about. A row is right where the relation is the one expected
and the entry is that of the picture; what accuses, or finds, wrongly is counted apart. Files of three types
are stripped and restored byte by byte. Writes results/recovery.json.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from common import ROOT, data_folder, write_result
from PIL import Image
from watermark_pictures import measured_on

from forensics.provenance import TrustPolicy, sign
from forensics.provenance.dev_ca import create_dev_ca
from forensics.provenance.manifests import made_by_model
from forensics.provenance.restoring.stripping import bare, without_credentials, without_metadata
from forensics.provenance.signers import PemSigner
from forensics.provenance.store import ManifestStore, Mark, recorded
from forensics.recovery import FOUND, Recovery, Relation, recover
from forensics.watermark.attacks import parse_attack
from forensics.watermark.decoders import signature
from forensics.watermark.keys import Key
from forensics.watermark.statistics import wilson
from forensics.watermark.watermarker import Watermarker

Pixels = npt.NDArray[np.uint8]

SIDE = 512
FORMS = ("jpg", "png", "webp")
COPIES = {
    "JPEG 70": ("jpeg:70", Relation.REENCODED),
    "JPEG 70, cropped to 0.8 of the area": ("crop:0.8+jpeg:70", Relation.TRANSFORMED),
    "JPEG 70, cropped to 0.5 of the area": ("crop:0.5+jpeg:70", Relation.TRANSFORMED),
    "rescaled by 0.7, JPEG 85": ("resize:0.7+jpeg:85", Relation.TRANSFORMED),
    "rotated by 7 degrees, JPEG 85": ("rotate:7+jpeg:85", Relation.TRANSFORMED),
    "mirrored, JPEG 85": ("flip+jpeg:85", Relation.TRANSFORMED),
}


@dataclass
class Row:
    """What was said of one kind of file."""

    pictures: int = 0
    right: int = 0
    wrong: int = 0  # another entry, or an accusation where there is nothing to accuse
    said: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Registered:
    """A registered picture."""

    plain: Pixels
    shown: Pixels
    data: bytes
    number: int
    bound: bool


def photos(most: int) -> tuple[list[Pixels], list[Pixels]]:
    """Return photos to register, and others."""
    every = [p.pixels for p in measured_on(data_folder()) if min(p.pixels.shape[:2]) >= SIDE]
    cut = [_cut(pixels) for pixels in every]
    return cut[0 : 2 * most : 2], cut[1 : 2 * most : 2]


def _cut(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    scale = SIDE / min(height, width)
    size = (round(width * scale), round(height * scale))
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    top, left = (small.shape[0] - SIDE) // 2, (small.shape[1] - SIDE) // 2
    return np.ascontiguousarray(small[top : top + SIDE, left : left + SIDE])


def registered(
    pictures: list[Pixels],
    key: Key,
    store: ManifestStore,
    folder: Path,
    signer: PemSigner,
    policy: TrustPolicy,
) -> Iterator[Registered]:
    """Mark, sign and register pictures."""
    for number, plain in enumerate(pictures):
        bound = number % 2 == 0
        identity = hashlib.sha256(b"%d" % number).hexdigest()[:9]
        if bound:
            shown = Watermarker(key).embed(plain, identity).pixels
        else:
            tile = np.tile(signature(key, identity).tile, (SIDE // 64, SIDE // 64))
            shown = np.clip(np.rint(plain + 2.55 * tile[..., None]), 0, 255).astype(np.uint8)
        data = signed(shown, FORMS[number % len(FORMS)], folder, signer, policy)
        with Image.open(io.BytesIO(data)) as picture:
            shown = np.asarray(picture.convert("RGB"))
        record = recorded(data, mark=Mark("spread", key.id, identity))
        store.add(record)
        entry = store.get(record.manifest_id)
        yield Registered(plain, shown, data, entry.number if entry else 0, bound)


def signed(pixels: Pixels, form: str, folder: Path, signer: PemSigner, policy: TrustPolicy) -> bytes:
    source, target = folder / f"a.{form}", folder / f"signed.{form}"
    Image.fromarray(pixels).save(source, **({} if form == "png" else {"quality": 95}))
    sign(source, target, made_by_model("model"), signer, policy=policy, overwrite=True)
    return target.read_bytes()


def png(pixels: Pixels) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", compress_level=1)
    return out.getvalue()


def note(row: Row, found: Recovery, expected: Relation, number: int | None) -> None:
    entry = found.entry.number if found.entry else None
    row.pictures += 1
    row.said[found.relation.name.lower()] += 1
    row.right += found.relation is expected and entry == number
    accused = found.relation is Relation.COPIED and expected is not Relation.COPIED
    row.wrong += (found.found and entry != number) or accused


def measure(most: int) -> dict[str, Any]:
    rows: dict[str, Row] = {}
    back: dict[str, list[bool]] = {form: [] for form in FORMS}
    key = Key(hashlib.sha256(b"recovery").digest(), "recovery")
    mine, others = photos(most)
    seconds: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = create_dev_ca(folder / "ca")
        signer, policy = PemSigner(made.chain, made.key), TrustPolicy.load(made.trust)
        with ManifestStore(folder / "store.sqlite", create=True) as store:

            def ask(row: str, data: bytes, expected: Relation, number: int | None) -> Recovery:
                start = time.perf_counter()
                found = recover(data, store, keys=(key,), policy=policy)
                seconds.append(time.perf_counter() - start)
                note(rows.setdefault(row, Row()), found, expected, number)
                return found

            pictures = list(registered(mine, key, store, folder, signer, policy))
            for place, one in enumerate(pictures):
                kind = "bound mark" if one.bound else "decoder's mark"
                for strip in (without_credentials, without_metadata, bare):
                    found = ask("metadata stripped", strip(one.data), Relation.STRIPPED, one.number)
                    data = found.restoration.data if found.restoration else None
                    back[FORMS[place % len(FORMS)]].append(data == one.data)
                for label, (chain, relation) in COPIES.items():
                    attacked = parse_attack(chain)(one.shown, seed=place)
                    ask(f"{label}; {kind}", png(attacked), relation, one.number)
                target = others[place % len(others)].astype(int)
                moved = np.clip(target + one.shown - one.plain, 0, 255).astype(np.uint8)
                saved = parse_attack("jpeg:85")(moved, seed=place)
                ask(f"mark moved to another photo; {kind}", png(moved), Relation.COPIED, one.number)
                ask(f"the same, JPEG 85; {kind}", png(saved), Relation.COPIED, one.number)
            for pixels in others:
                ask(
                    "never registered, JPEG 85",
                    png(parse_attack("jpeg:85")(pixels, seed=0)),
                    Relation.UNKNOWN,
                    None,
                )
    return {
        "pictures": len(mine),
        "others": len(others),
        "median_seconds": round(float(np.median(seconds)), 3),
        "rows": [_row(name, row) for name, row in rows.items()],
        "restored": {form: [sum(found), len(found)] for form, found in back.items()},
    }


def _row(name: str, row: Row) -> dict[str, Any]:
    interval = wilson(row.right, row.pictures)
    found = sum(count for said, count in row.said.items() if Relation[said.upper()] in FOUND)
    return {
        "row": name, "pictures": row.pictures, "found": found, "right": row.right,
        "interval": [round(interval.low, 3), round(interval.high, 3)], "wrong": row.wrong,
        "said": dict(sorted(row.said.items())),
    }  # fmt: skip


def main() -> int:
    """Run the benchmark; exit 1 if anything was accused or found wrongly, or not restored."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--most", type=int, default=30, help="registered photos")
    most = parser.parse_args().most
    cv2.setNumThreads(1)
    result = measure(most)
    path = write_result("recovery", f"python benchmarks/recovery.py --most {most}", result)
    for row in result["rows"]:
        print(row)
    print(path.relative_to(ROOT), result["restored"], result["median_seconds"])
    whole = all(found == files for found, files in result["restored"].values())
    return 0 if whole and not any(row["wrong"] for row in result["rows"]) else 1


if __name__ == "__main__":
    sys.exit(main())
