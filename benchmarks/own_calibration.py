"""Does a calibration of one's own hold on pictures that it has not seen, and what does looking again cost?

    python benchmarks/own_calibration.py [--sources 120] [--work FOLDER]

Mosaics of small photos, saved once as JPEG; in half of the pictures a region is copied within the picture, or
pasted from another mosaic with another JPEG grid. Both classes are then stored alike: as PNG, as JPEG 90, as
JPEG 75. The first half of the mosaics (no two share a photo) is calibrated on with the label "altered"; the
other half is audited with the weights that ship, with tables of one's own and the usual rule, and with tables
and fusion of one's own. What the detectors ship was fitted on mosaics of the same photos, which favours the
weights that ship, if anything.

Looking again (the stability test) is on in these audits: counted are the verdicts that it takes back. What
counts as falling was decided on mosaics that are in the first half. Its time is that of one camera photo of
12 megapixels in which a region was copied.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))

from common import data_folder, write_result

from forensics.audit_report import AuditReport
from forensics.auditor import Auditor
from forensics.datasets.packs import load_squares
from forensics.detectors.calibrating.collecting import collect
from forensics.detectors.calibrating.corpus import samples_of
from forensics.detectors.choosing import choose
from forensics.detectors.evaluation.measures import measured
from forensics.detectors.evaluation.outcomes import Outcomes
from forensics.evidence import Question
from forensics.fusion.calibrating import Settings, calibrate, write
from forensics.fusion.opinions import fuse
from forensics.fusion.own import OwnCalibration
from forensics.provenance import TrustPolicy

Pixels = npt.NDArray[np.uint8]

DETECTORS = ("copy_move", "jpeg")
ROWS, COLUMNS, SIDE = 3, 4, 128
STORED: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("png", "PNG", {"compress_level": 1}),
    ("jpeg90", "JPEG", {"quality": 90}),
    ("jpeg75", "JPEG", {"quality": 75}),
)
FIGURES = ("AUC", "EER", "TPR at FPR 1 %", "Cllr", "Cllr_min", "ECE", "misleading for")


@dataclass(frozen=True)
class Audited:
    """One picture of the test half."""

    fake: bool
    source: str
    stored: str
    report: AuditReport


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=int, default=120)
    parser.add_argument("--work", type=Path, help="keep the pictures and scores here, to go on later")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.work or Path(scratch)
        build(folder, given.sources)
        rows = collect(
            samples_of(folder, "train"), choose(DETECTORS), Question.ALTERED, folder / "s.jsonl"
        ).rows
        found = calibrate(rows, Settings("mosaics", Question.ALTERED))
        write(found, folder / "own")
        shipped = audited(folder, None)
        own = audited(folder, found.own)
    seconds = whole_photo()
    result = {
        "sources": given.sources,
        "train": found.own.index.model_dump(mode="json"),
        "fusion": found.own.fusion.model_dump(mode="json") if found.own.fusion else None,
        "test": {
            "weights that ship": card(shipped),
            "own tables, usual rule": card(own, usual=True),
            "own tables and fusion": card(own),
        },
        "stability": {"weights that ship": taken_back(shipped), "own tables and fusion": taken_back(own)},
        "photo_seconds": seconds,
    }
    path = write_result(
        "own_calibration", f"python benchmarks/own_calibration.py --sources {given.sources}", result
    )
    sys.stdout.write(f"{path}\n")


def build(folder: Path, sources: int) -> None:
    """Write the pictures and their manifest."""
    pack = load_squares(data_folder() / "photos" / "pack128_permissive.tar", SIDE)
    rng = np.random.default_rng(6)
    order = rng.permutation(len(pack))[: sources * ROWS * COLUMNS].reshape(sources, -1)
    lines = []
    for number, members in enumerate(order):
        real = saved(mosaic(pack[members]), 85)
        donor = pack[order[number - 1 if number % (sources // 2) else number + 1]]
        fake = copied(real, rng) if number % 2 else pasted(real, saved(mosaic(donor), 70), rng)
        for label, pixels in (("real", real), ("fake", fake)):
            for name, kind, options in STORED:
                file = f"{label}/{number:03d}.{name}.{'png' if kind == 'PNG' else 'jpg'}"
                (folder / label).mkdir(parents=True, exist_ok=True)
                Image.fromarray(pixels).save(folder / file, kind, **options)
                lines.append((file, label, f"m{number}", "train" if number < sources // 2 else "test"))
    with (folder / "manifest.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([("file", "label", "source", "split"), *lines])


def mosaic(photos: Pixels) -> Pixels:
    rows = photos.reshape(ROWS, COLUMNS, SIDE, SIDE, 3)
    return np.ascontiguousarray(rows.transpose(0, 2, 1, 3, 4).reshape(ROWS * SIDE, COLUMNS * SIDE, 3))


def saved(pixels: Pixels, quality: int) -> Pixels:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=quality)
    return np.asarray(Image.open(out), np.uint8)


def copied(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Copy a square of 96 pixels to another place."""
    found = pixels.copy()
    (y, x), (down, across) = places(pixels, rng), places(pixels, rng)
    found[down : down + 96, across : across + 96] = pixels[y : y + 96, x : x + 96]
    return found


def pasted(pixels: Pixels, donor: Pixels, rng: np.random.Generator) -> Pixels:
    """Paste a square of 96 pixels of another picture, off its grid."""
    found = pixels.copy()
    (y, x), (down, across) = places(pixels, rng), places(pixels, rng)
    y, x = y // 8 * 8 + 3, x // 8 * 8 + 5
    found[down // 8 * 8 :, across // 8 * 8 :][:96, :96] = donor[y : y + 96, x : x + 96]
    return found


def places(pixels: Pixels, rng: np.random.Generator) -> tuple[int, int]:
    return int(rng.integers(0, pixels.shape[0] - 104)), int(rng.integers(0, pixels.shape[1] - 104))


def audited(folder: Path, own: OwnCalibration | None) -> list[Audited]:
    auditor = Auditor(trust=TrustPolicy.default(), only=DETECTORS, calibration=own)
    return [
        Audited(s.fake, s.source, s.path.name.split(".")[1], auditor.audit(s.path))
        for s in samples_of(folder, "test")
    ]


def card(found: list[Audited], *, usual: bool = False) -> dict[str, Any]:
    """Return the figures of the fused opinion, for all pictures and by how they were stored."""
    return {name: figures(group, usual) for name, group in groups(found)}


def groups(found: list[Audited]) -> Iterator[tuple[str, list[Audited]]]:
    yield "all", found
    for name, _, _ in STORED:
        yield name, [a for a in found if a.stored == name]


def figures(found: list[Audited], usual: bool) -> dict[str, Any]:
    llrs = [llr(a.report, usual) for a in found]
    outcomes = Outcomes.of(llrs, [a.fake for a in found], [a.source for a in found])
    return {f.name: [round(v, 4) for v in (f.value, f.low, f.high)] for f in measured(outcomes, FIGURES)}


def llr(report: AuditReport, usual: bool) -> float:
    if usual:
        return fuse(report.evidence, Question.ALTERED).llr
    return next(o.llr for o in report.opinions if o.question is Question.ALTERED)


def taken_back(found: list[Audited]) -> dict[str, Any]:
    """Count the verdicts of detectors, and those that did not outlive looking again."""
    return {
        name: {
            label: {
                "pictures": len(side),
                "likely_altered": sum(a.report.verdict.value == "likely_altered" for a in side),
                "taken back": sum(a.report.rule == "unstable" for a in side),
            }
            for label, side in (
                ("real", [a for a in group if not a.fake]),
                ("fake", [a for a in group if a.fake]),
            )
        }
        for name, group in groups(found)
    }


def whole_photo() -> dict[str, Any]:
    """Return the time of an audit of a large photo with a copied region, with and without looking again."""
    photo = np.array(Image.open(data_folder() / "photos" / "native" / "Canon_EOS_5D.jpg").convert("RGB"))
    photo[1200:1600, 1400:1900] = photo[1900:2300, 900:1400]
    found: dict[str, Any] = {"megapixels": round(photo.shape[0] * photo.shape[1] / 1e6, 1)}
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "photo.jpg"
        Image.fromarray(photo).save(path, "JPEG", quality=92)
        for name, stability in (("without", False), ("with", True)):
            auditor = Auditor(trust=TrustPolicy.default(), stability=stability)
            start = time.perf_counter()
            report = auditor.audit(path)
            found[name] = round(time.perf_counter() - start, 2)
            found[f"rule {name}"] = report.rule
    return found


if __name__ == "__main__":
    main()
