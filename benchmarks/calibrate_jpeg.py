"""Calibrate and evaluate the detector `jpeg`.

    nice python benchmarks/calibrate_jpeg.py [--write] [--photos 960] [--workers 2]

Calibration: half of the Kodak pictures, three of six camera photos reduced to a third (no JPEG past is left)
and cut into crops, and mosaics of small photos of the permissive pack. Evaluation: the other halves, and
untouched camera photos of the PRNU set; no picture does both. Samples pass through the detector's code.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from common import ROOT, data_folder, write_result
from jpeg_samples import (
    KODAK,
    NATIVE,
    Picture,
    Score,
    jpeg,
    localisation,
    pictures,
    samples,
    seen,
    thumbnails,
)

NOTE = "Kodak pictures, reduced camera photos, mosaics of small photos; libjpeg saves at quality 60-95. "
SETS = {
    "jpeg_double": NOTE + "Aligned double saves; unlike tables of cameras are not covered.",
    "jpeg_grid": NOTE + "Crops between two saves.",
    "jpeg_foreign_grid": NOTE + "Pasted squares of 48-192 px, saved without loss.",
    "jpeg_lacking_save": NOTE + "Squares of 48-192 px pasted before the last save.",
    "jpeg_thumbnail": "Thumbnails of three cameras and simulated ones; positives: others' and crops.",
}


def _one(task: tuple[Picture, Picture, int]) -> list[Score]:
    import cv2

    cv2.setNumThreads(1)
    return list(samples(*task))


def collect(role: str, photos: int, workers: int) -> list[Score]:
    all_pictures = list(pictures(role, photos))
    large = [p for p in all_pictures if p.group != "pack"]
    small = [p for p in all_pictures if p.group == "pack"]
    tasks = [(p, part[i - 1], 1) for part in (large, small) for i, p in enumerate(part)]
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        scores = [s for part in pool.imap_unordered(_one, tasks, chunksize=2) for s in part]
    return scores + list(thumbnails(role, large))


def by_table(scores: Iterable[Score]) -> dict[str, list[Score]]:
    tables: dict[str, list[Score]] = defaultdict(list)
    for score in scores:
        tables[score.table].append(score)
    return tables


def source_of(name: str) -> str:
    """The picture that a crop was cut from."""
    return "/".join(name.split("/")[:2])


def calibrate(scores: list[Score], write: bool) -> None:
    from forensics.detectors.calibration import fit

    for table, rows in by_table(scores).items():
        negatives, positives = ([s.value for s in rows if s.positive is p] for p in (False, True))
        sources = len({source_of(s.source) for s in rows if not s.positive})
        fitted = fit(negatives, positives, name=table, note=SETS[table], sources=sources)
        print(table, fitted, "largest negatives", np.round(sorted(negatives)[-5:], 2))
        if write:
            fitted.save(ROOT / "detectors" / "tables")


def _rate(rows: list[Score]) -> dict[str, Any]:
    from forensics.detectors.calibration import load

    llrs = [load(s.table).llr(s.value) for s in rows]
    result: dict[str, Any] = {"samples": len(rows), "llr >= 0.5": sum(x >= 0.5 for x in llrs)}
    result["llr >= 1"] = sum(x >= 1 for x in llrs)
    if any(math.isfinite(s.f1) for s in rows):
        result["pixel F1, mean"] = round(float(np.nanmean([s.f1 for s in rows])), 3)
        result["pixel AUC, mean"] = round(float(np.nanmean([s.auc for s in rows])), 3)
    return result


def evaluate(scores: list[Score]) -> dict[str, Any]:
    from forensics.detectors.calibration import cllr, load

    report: dict[str, Any] = {}
    for table, rows in by_table(scores).items():
        llrs = [[load(table).llr(s.value) for s in rows if s.positive is p] for p in (False, True)]
        settings = sorted({s.setting for s in rows if s.positive})
        large = [s for s in rows if not s.source.startswith("pack")]
        report[table] = {
            "negatives": _rate([s for s in rows if not s.positive]),
            "positives": _rate([s for s in rows if s.positive]),
            "positives, pictures of 400 px and more": _rate([s for s in large if s.positive]),
            "cllr": round(cllr(llrs[0], llrs[1]), 4),
            "positives by setting, pictures of 400 px and more": {
                k: _rate([s for s in large if s.positive and s.setting == k]) for k in settings
            },
        }
    return report


def _accusations(task: tuple[str, Path, int | None]) -> tuple[str, str, list[tuple[str, float]]]:
    import cv2

    from forensics.detectors.jpeg import JpegDetector
    from forensics.evidence import Question
    from forensics.media import open_bytes, open_media

    cv2.setNumThreads(1)
    group, path, quality = task
    media = open_media(path)
    if quality is not None:
        media = open_bytes(jpeg(media.pixels, quality))
    found = [e for e in JpegDetector().examine(media) if e.question is Question.ALTERED and e.llr is not None]
    return (
        group,
        "untouched" if quality is None else f"jpeg {quality}",
        [(e.code, float(e.llr or 0)) for e in found],
    )


def honest(workers: int) -> dict[str, Any]:
    data = data_folder()
    folders = {
        "native": "photos/native/*.jpg",
        "kodak": "photos/kodak/*.png",
        "natural": "prnu/natural/*.JPG",
        "flat": "prnu/flat/*.JPG",
    }
    tasks = [
        (group, path, quality)
        for group, pattern in folders.items()
        for path in sorted(data.glob(pattern))
        for quality in (None, 70, 75, 80, 85, 90, 95)
    ]
    report: dict[str, Any] = {}
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        for group, treatment, found in pool.imap_unordered(_accusations, tasks):
            row = report.setdefault(group, {"files": 0, "llr >= 0.5": 0, "llr >= 1": 0, "accused": []})
            row["files"] += 1
            row["llr >= 0.5"] += any(v >= 0.5 for _, v in found)
            row["llr >= 1"] += any(v >= 1 for _, v in found)
            row["accused"] += [f"{treatment}: {code} {value:.2f}" for code, value in found]
    return report


def casia() -> dict[str, Any]:
    """Spliced and copy-moved pictures of CASIA 1: decoded JPEGs, saved again after the change."""
    import cv2

    from forensics.detectors.calibration import load
    from forensics.detectors.jpeg.measure import region_score

    counts = {"tampered": 0, "authentic": 0}
    f1s, aucs, looked = [], [], 0
    paths = sorted((data_folder() / "tamper/casia1").glob("*_tampered.png"))
    for path in paths:
        mask = cv2.imread(str(path).replace("tampered", "mask"), cv2.IMREAD_GRAYSCALE) > 127
        for kind in counts:
            found = seen(Path(str(path).replace("tampered", kind)).read_bytes())
            regions = {"jpeg_foreign_grid": found.foreign, "jpeg_lacking_save": found.lacking}
            llrs = [load(t).llr(region_score(r)) for t, r in regions.items() if r is not None]
            counts[kind] += any(x >= 0.5 for x in llrs)
            if kind == "tampered" and found.lacking is not None:
                f1, auc = localisation(found.lacking.map, mask)
                looked += 1
                f1s.append(f1)
                aucs.append(auc)
    return {
        "pictures": len(paths),
        "tampered with llr >= 0.5": counts["tampered"],
        "authentic with llr >= 0.5": counts["authentic"],
        "tampered where lacking_save applies": looked,
        "its pixel F1, mean": round(float(np.mean(f1s)), 3) if f1s else None,
        "its pixel AUC, mean": round(float(np.mean(aucs)), 3) if aucs else None,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="write the calibration into the package")
    parser.add_argument("--photos", type=int, default=960, help="small photos that calibrate")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    if arguments.write:
        calibrate(collect("calibration", arguments.photos, arguments.workers), write=True)
    result = {
        "calibration": {
            "kodak": KODAK["calibration"],
            "native": NATIVE["calibration"],
            "photos": arguments.photos,
        },
        "honest files, ALTERED evidence": honest(arguments.workers),
        "evaluation": evaluate(collect("evaluation", arguments.photos, arguments.workers)),
        "casia1": casia(),
    }
    print(write_result("jpeg", "python benchmarks/calibrate_jpeg.py", result))


if __name__ == "__main__":
    main()
