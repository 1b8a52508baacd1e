"""What is drawn and signed, from end to end: is it still known for what it is when its credentials are gone?

    python benchmarks/signed_generation.py [--model flow] [--count 32]

`forensics generate` draws pictures with an identity of its own in an empty folder, once signed and once more
unmarked. Copies of the signed ones are changed in the ways of the table, and audited with the store: whether
their credentials hold, whether the mark is read without the store, what the store says, whether mark and
entry are both proof, and the verdict. What the decoder added is moved onto photos of FORENSICS_DATA, cut and
scaled to the same size, where it must prove nothing. Writes results/signed_generation.json.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
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

from forensics import Auditor
from forensics.audit_report import AuditReport
from forensics.evidence import Evidence, Grade, Verdict
from forensics.marking.identity import own_store
from forensics.provenance import CredentialState
from forensics.provenance.restoring.stripping import bare
from forensics.watermark.attacks import parse_attack
from forensics.watermark.statistics import wilson

Pixels = npt.NDArray[np.uint8]

COPIES = {
    "saved anew as PNG": "none",
    "JPEG 70": "jpeg:70",
    "JPEG 70, cropped to 0.8 of the area": "crop:0.8+jpeg:70",
    "JPEG 70, cropped to 0.64 of the area": "crop:0.64+jpeg:70",
    "JPEG 70, cropped to 0.5 of the area": "crop:0.5+jpeg:70",
    "rescaled by 0.7": "resize:0.7",
}
VARIABLES = ("FORENSICS_CA", "FORENSICS_KEYS", "FORENSICS_STORE", "FORENSICS_TRUST")
OWN, MOVED = "own", "moved"


@dataclass
class Row:
    """What was said of one kind of file."""

    kind: str
    pictures: int = 0
    trusted: int = 0
    read: int = 0  # the mark, without a store
    named: int = 0  # the entry is its own
    both: int = 0  # mark and entry are proof
    said: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)


def drawn(model: str, count: int, folder: Path, *more: str) -> list[Path]:
    """Draw pictures as a user does, and return their files."""
    command = [sys.executable, "-m", "forensics", "generate", model, "-n", str(count), "-o", str(folder)]
    subprocess.run([*command, *more], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return sorted(path for path in folder.glob("0*.png"))


def pixels_of(path: Path) -> Pixels:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def photos(count: int, side: int) -> list[Pixels]:
    """Return photos, cut about the middle and scaled down."""
    found = []
    for picture in list(measured_on(data_folder()))[:count]:
        height, width = picture.pixels.shape[:2]
        least = min(height, width)
        top, left = (height - least) // 2, (width - least) // 2
        square = np.ascontiguousarray(picture.pixels[top : top + least, left : left + least])
        found.append(np.asarray(cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA), np.uint8))
    return found


def copies(signed: list[Path], plain: list[Pixels], folder: Path) -> Iterator[tuple[str, str, int, Path]]:
    """Yield row, kind, number of the picture, and file."""
    target = folder / "copy"
    side = min(plain[0].shape[:2])
    others = photos(len(signed), side)
    for number, path in enumerate(signed):
        yield "as it was drawn", OWN, number, path
        shown = pixels_of(path)
        target.write_bytes(bare(path.read_bytes()))
        yield "metadata stripped", OWN, number, target
        for label, chain in COPIES.items():
            Image.fromarray(parse_attack(chain)(shown, seed=number)).save(target, "PNG")
            yield label, OWN, number, target
        if number >= len(others):
            continue
        moved = others[number].astype(int) + shown - plain[number]
        moved = np.clip(moved, 0, 255).astype(np.uint8)
        Image.fromarray(moved).save(target, "PNG")
        yield "mark moved to a photo", MOVED, number, target
        Image.fromarray(moved).save(target, "JPEG", quality=85)
        yield "the same, JPEG 85", MOVED, number, target


def note(row: Row, report: AuditReport, entry: int) -> None:
    mark, told = (_of(report, name) for name in ("watermark", "recovery"))
    row.pictures += 1
    row.trusted += report.credentials.state is CredentialState.TRUSTED
    row.read += "payload" in _measured(mark)
    row.named += _measured(told).get("entry") == entry
    row.both += mark.grade is told.grade is Grade.PROOF and bool(mark.claims) and bool(told.claims)
    row.said[told.code.removeprefix("recovery.")] += 1
    row.verdicts[report.verdict.value] += 1


def _of(report: AuditReport, detector: str) -> Evidence:
    return next(e for e in report.evidence if e.detector == detector)


def _measured(evidence: Evidence) -> dict[str, Any]:
    return {m.name: m.value for m in evidence.measurements}


def psnr(one: Pixels, other: Pixels) -> float:
    return float(cv2.PSNR(np.ascontiguousarray(one), np.ascontiguousarray(other)))


def measure(model: str, count: int) -> dict[str, Any]:
    rows: dict[str, Row] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["XDG_CONFIG_HOME"] = str(folder / "config")
        for variable in VARIABLES:
            os.environ.pop(variable, None)
        signed = drawn(model, count, folder / "signed")
        plain = [pixels_of(path) for path in drawn(model, count, folder / "plain", "--unmarked")]
        with Auditor(store=own_store()) as auditor:
            for label, kind, number, path in copies(signed, plain, folder):
                note(rows.setdefault(label, Row(kind)), auditor.audit(path), number + 1)
        quality = [psnr(pixels_of(path), before) for path, before in zip(signed, plain, strict=True)]
    return {
        "model": model,
        "pictures": len(signed),
        "side": min(plain[0].shape[:2]),
        "psnr": {"mean": round(float(np.mean(quality)), 2), "least": round(min(quality), 2)},
        "rows": [_row(label, row) for label, row in rows.items()],
    }


def _row(label: str, row: Row) -> dict[str, Any]:
    synthetic = row.verdicts[Verdict.SYNTHETIC.value]
    interval = wilson(synthetic, row.pictures)
    return {
        "row": label, "kind": row.kind, "pictures": row.pictures, "trusted": row.trusted, "read": row.read,
        "named": row.named, "both": row.both, "synthetic": synthetic,
        "interval": [round(interval.low, 3), round(interval.high, 3)],
        "said": dict(sorted(row.said.items())), "verdicts": dict(sorted(row.verdicts.items())),
    }  # fmt: skip


def main() -> int:
    """Run the benchmark; exit 1 if a photo was called synthetic, or a picture as it was drawn was not."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="flow")
    parser.add_argument("--count", type=int, default=32)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    result = measure(options.model, options.count)
    command = f"python benchmarks/signed_generation.py --model {options.model} --count {options.count}"
    path = write_result("signed_generation", command, result)
    for row in result["rows"]:
        print(row)
    print(path.relative_to(ROOT), result["psnr"])
    wrong = any(row["synthetic"] for row in result["rows"] if row["kind"] == MOVED)
    drawn_right = result["rows"][0]["synthetic"] == result["pictures"]
    return 0 if drawn_right and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
