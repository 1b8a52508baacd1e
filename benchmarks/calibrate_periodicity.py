"""Calibrate and evaluate the detector `periodicity`.

    python benchmarks/calibrate_periodicity.py [--workers 2] [--write] [--rows scores.csv] [--reuse]

Negatives are photos, pictures of the simulated camera, and honest things that happen to photos: reduction,
enlargement, an earlier JPEG, WebP or AVIF. Positives are the same photos through up-sampling layers. Both
classes are then stored alike. Half of the photos calibrate (with --write, into detectors/tables/), the other
half and everything else evaluates; no picture does both.

The detector gives no weight to JPEG files; what a score from the same lines would do there is reported
under jpeg_unused, with the honest cameras that it would accuse.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import multiprocessing
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from common import ROOT, data_folder, write_result
from periodicity_cases import LAYERS, MOSAICS, PLAIN, PROCEDURAL, Task, histories, picture_of, tasks

STORED = {
    "png": ("png", 0),
    "jpeg95": ("jpeg", 95),
    "jpeg90": ("jpeg", 90),
    "jpeg80": ("jpeg", 80),
    "jpeg75": ("jpeg", 75),
    "jpeg70": ("jpeg", 70),
    "webp80": ("webp", 80),
}
CALIBRATED = ("png", "webp80", "untouched")
# Of the layers, the one that leaves eighths off the axes before any JPEG: what the fit is about.
LATTICE = "latent8"
# What misleads here is a whole pipeline at a time, not a picture at a time: an encoder that leaves a pattern
# leaves it in every picture. So the cap counts pipelines: three cameras, one scanner, two shops' photos.
PIPELINES = 6
MOST_FOR = math.log10(PIPELINES + 1)
MOST_UNUSED = 1.5
SIGNAL = 0.3  # from here on the detector says that there is a signal


@dataclass(frozen=True)
class Row:
    """The score of one stored picture."""

    source: str
    group: str
    role: str
    history: str
    stored: str
    positive: bool
    score: float
    llr: float
    p_pattern: float
    p_resampling: float


def run(task: Task) -> list[Row]:
    import cv2

    from forensics.datasets import procedural
    from forensics.media import open_media

    cv2.setNumThreads(1)
    picture = picture_of(task)
    rows = []
    if task.path.endswith((".jpg", ".JPG", ".webp", ".png")):
        rows += _row(task, "as is", "untouched", task.group in ("sd15", "gan fake"), open_media(task.path))
    for history, positive, made in histories(task, picture):
        for stored, (codec, quality) in STORED.items():
            data = procedural.encode(made, codec, quality)
            rows += _row(task, history, stored, positive, _opened(data))
    if task.group == "sd15":
        for top in (0, 512):
            for left in (0, 512):
                tile = picture[top : top + 512, left : left + 512]
                rows += _row(task, "tile", "png", True, _opened(procedural.encode(tile, "png")))
    return rows


def _opened(data: bytes) -> Any:
    from forensics.media import open_bytes

    return open_bytes(data)


def _row(task: Task, history: str, stored: str, positive: bool, media: Any) -> list[Row]:
    from forensics.detectors.periodicity.detector import measure, score
    from forensics.detectors.periodicity.peaks import Group
    from forensics.detectors.periodicity.resampling import strongest

    measured = measure(media.luma)
    if measured.lines is None:
        return []
    raw = score(measured.lines)
    if media.container.format == "jpeg":  # the unused score counts the quarters, which WebP left no longer
        raw = math.log10(max(measured.lines.share(Group.QUARTER, Group.EIGHTH), 0) + 0.02)
    pattern = measured.lines.p_value(Group.HALF, Group.QUARTER)
    resampling = strongest(measured.resampling).p_value if measured.resampling else math.nan
    return [Row(task.source, task.group, task.role, history, stored, positive, raw, 0.0, pattern, resampling)]


def is_jpeg(row: Row) -> bool:
    cameras = ("photos/native", "prnu/natural", "prnu/flat")
    return row.stored.startswith("jpeg") or (row.stored == "untouched" and row.group in cameras)


def calibrate(rows: list[Row], folder: Path) -> None:
    chosen = [r for r in rows if r.role == "calibration" and not is_jpeg(r) and r.stored in CALIBRATED]
    fitted = fitted_on(chosen, "periodicity")
    # A generator may end in any of the layers, and one in five leaves such lines.
    offset = fitted.offset - math.log10(len(LAYERS))
    # Absence of lines says nothing about the other four, so nothing weighs against.
    replace(fitted, offset=offset, cap_for=min(fitted.cap_for, MOST_FOR), cap_against=0.0).save(folder)
    worst: dict[str, float] = defaultdict(lambda: -math.inf)
    for r in (r for r in chosen if not r.positive):
        worst[r.source] = max(worst[r.source], r.score)
    null = sorted(round(v, 4) for v in worst.values())
    (folder / "periodicity_null.json").write_text(json.dumps(null) + "\n", encoding="utf-8")


def fitted_on(chosen: list[Row], name: str) -> Any:
    from forensics.detectors.calibration import fit

    negatives = [r for r in chosen if not r.positive]
    positives = [r for r in chosen if r.positive and (LATTICE in r.history or name != "periodicity")]
    # Pictures of the simulated camera are no independent photos: they shape the fit, not the cap.
    sources = {r.source for r in negatives if r.group != "procedural"}
    note = (
        f"{len(sources)} photos (4 scans, 3 cameras, {MOSAICS} mosaics of small photos) and "
        f"{PROCEDURAL // 2} simulated ones, each also scaled and re-encoded; positives are the same photos "
        "through a decoder's last layers from an 8 times coarser grid. The weight is capped by the number of "
        f"imaging pipelines among the photos ({PIPELINES})."
    )
    scores = [r.score for r in negatives], [r.score for r in positives]
    return fit(*scores, name=name, sources=len(sources), note=note)


def weighed(rows: list[Row], folder: Path) -> list[Row]:
    from forensics.detectors.calibration import LogisticCalibration

    shipped = LogisticCalibration(**json.loads((folder / "periodicity.json").read_text(encoding="utf-8")))
    jpegs = [r for r in rows if r.role == "calibration" and is_jpeg(r)]
    unused = replace(fitted_on(jpegs, "jpeg_unused"), cap_for=MOST_UNUSED, cap_against=0.0)
    return [replace(r, llr=(unused if is_jpeg(r) else shipped).llr(r.score)) for r in rows]


def auc(negatives: Iterable[float], positives: Iterable[float]) -> float | None:
    n, p = np.array(list(negatives)), np.array(list(positives))
    if not n.size or not p.size:
        return None
    wins = (p[:, None] > n[None]).mean() + 0.5 * (p[:, None] == n[None]).mean()
    return round(float(wins), 4)


def tpr_at(negatives: Iterable[float], positives: Iterable[float], rate: float) -> float | None:
    n, p = np.array(list(negatives)), np.array(list(positives))
    if not n.size or not p.size:
        return None
    return round(float((p > np.quantile(n, 1 - rate, method="higher")).mean()), 4)


def compare(negatives: list[Row], positives: list[Row]) -> dict[str, Any]:
    from forensics.detectors.calibration import cllr

    n, p = [r.score for r in negatives], [r.score for r in positives]
    out: dict[str, Any] = {
        "negatives": len(n),
        "negative_sources": len({r.source for r in negatives}),
        "positives": len(p),
        "positive_sources": len({r.source for r in positives}),
        "auc": auc(n, p),
        "tpr_at_fpr_1pct": tpr_at(n, p, 0.01),
        "tpr_signal": round(float(np.mean([r.llr >= SIGNAL for r in positives])), 4) if p else None,
        "fpr_signal": round(float(np.mean([r.llr >= SIGNAL for r in negatives])), 4) if n else None,
        "false_alarms_llr_1": sum(r.llr >= 1 for r in negatives),
    }
    if n and p:
        out["cllr"] = round(cllr([r.llr for r in negatives], [r.llr for r in positives]), 4)
    return out


def report(rows: list[Row]) -> dict[str, Any]:
    held = [r for r in rows if r.role == "evaluation"]
    photos = [r for r in held if r.group in ("photos/kodak", "photos/native", "prnu/natural")]
    used = [r for r in held if not is_jpeg(r)]
    jpegs = [r for r in held if is_jpeg(r)]
    return {
        "by_storage": _by_storage(photos, ("png", "webp80")),
        "by_layer": _by_layer(photos, ("png", "webp80")),
        "false_alarms": _false_alarms(used),
        "generated": _generated(used),
        "jpeg_unused": {
            "note": "JPEG is not_applicable to the detector; this is what these lines would have given.",
            "by_storage": _by_storage(photos, tuple(s for s in STORED if s.startswith("jpeg"))),
            "by_layer": _by_layer(photos, ("jpeg90", "jpeg75")),
            "false_alarms": _false_alarms(jpegs),
        },
        "history": _history(photos),
    }


def _by_storage(photos: list[Row], kinds: tuple[str, ...]) -> dict[str, Any]:
    return {
        stored: compare(
            [r for r in photos if r.stored == stored and not r.positive],
            [r for r in photos if r.stored == stored and r.positive],
        )
        for stored in kinds
    }


def _by_layer(photos: list[Row], kinds: tuple[str, ...]) -> dict[str, Any]:
    return {
        f"{stored} {layer}": compare(
            [r for r in photos if r.stored == stored and not r.positive and r.history[:5] != "plain"],
            [r for r in photos if r.stored == stored and layer in r.history],
        )
        for stored in kinds
        for layer in (*LAYERS, *(f"plain {name}" for name in PLAIN))
    }


def _false_alarms(held: list[Row]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    groups = ("photos/kodak", "photos/native", "prnu/natural", "prnu/flat", "gan real", "procedural")
    for group in groups:
        for stored in ("untouched", *STORED):
            chosen = [r for r in held if r.group == group and r.stored == stored and not r.positive]
            if chosen:
                plain = [r for r in chosen if r.history == "as is"]
                out[f"{group} {stored}"] = {
                    "as_is": len(plain),
                    "as_is_signals": sum(r.llr >= SIGNAL for r in plain),
                    "as_is_llr_1": sum(r.llr >= 1 for r in plain),
                    "as_is_largest_llr": round(max((r.llr for r in plain), default=0.0), 3),
                    "with_histories": len(chosen),
                    "with_histories_signals": sum(r.llr >= SIGNAL for r in chosen),
                    "with_histories_llr_1": sum(r.llr >= 1 for r in chosen),
                    "largest_llr": round(max(r.llr for r in chosen), 3),
                }
    return out


def _generated(held: list[Row]) -> dict[str, Any]:
    photos = [r for r in held if r.group in ("photos/kodak", "photos/native", "prnu/natural")]
    webp = [r for r in photos if r.stored == "webp80" and r.history in ("as is", "half size")]
    return {
        "sd15 grids (lossy WebP) against photos stored as WebP 80": compare(
            webp, [r for r in held if r.group == "sd15" and r.stored == "untouched"]
        ),
        "sd15 tiles of 512 as PNG against photos that were WebP 80": compare(
            [r for r in photos if r.history == "was WebP 80" and r.stored == "png"],
            [r for r in held if r.history == "tile"],
        ),
        "gan: fake against real, PNG 256": compare(
            [r for r in held if r.group == "gan real" and r.stored == "untouched"],
            [r for r in held if r.group == "gan fake" and r.stored == "untouched"],
        ),
    }


def _history(photos: list[Row]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    kinds: tuple[tuple[str, Callable[[Row], float]], ...] = (
        ("resampling", lambda r: r.p_resampling),
        ("pattern", lambda r: r.p_pattern),
    )
    for name, value in kinds:
        for history in ("as is", "half size", "x1.5 cubic", "x2 linear", "was WebP 80"):
            for stored in ("untouched", "png", "jpeg95", "jpeg90", "jpeg80"):
                p = [value(r) for r in photos if r.history == history and r.stored == stored]
                p = [v for v in p if math.isfinite(v)]
                if p:
                    found = sum(v < 1e-4 for v in p)
                    out[f"{name}: {history}, {stored}"] = f"{found}/{len(p)} with p < 1e-4"
    return out


def write_rows(path: Path, rows: list[Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [f.name for f in fields(Row)])
        writer.writeheader()
        writer.writerows(asdict(r) for r in rows)


def read_rows(path: Path) -> list[Row]:
    with path.open(newline="", encoding="utf-8") as file:
        return [
            Row(
                **{k: r[k] for k in ("source", "group", "role", "history", "stored")},
                positive=r["positive"] == "True",
                **{k: float(r[k]) for k in ("score", "llr", "p_pattern", "p_resampling")},
            )
            for r in csv.DictReader(file)
        ]


def measured(workers: int) -> list[Row]:
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        rows = [row for rows in pool.imap_unordered(run, list(tasks(data_folder())), 1) for row in rows]
    return sorted(rows, key=lambda r: (r.role, r.group, r.source, r.history, r.stored))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rows", type=Path, help="also write every score as CSV")
    parser.add_argument("--reuse", action="store_true", help="read the scores from --rows, measure nothing")
    parser.add_argument("--write", action="store_true", help="write the calibration into detectors/tables")
    arguments = parser.parse_args()
    folder = ROOT / "detectors" / "tables"
    rows = read_rows(arguments.rows) if arguments.reuse else measured(arguments.workers)
    if arguments.write:
        calibrate(rows, folder)
    rows = weighed(rows, folder)
    if arguments.rows and not arguments.reuse:
        write_rows(arguments.rows, rows)
    result = report(rows)
    path = write_result("periodicity", "python benchmarks/calibrate_periodicity.py --write", result)
    sys.stdout.write(json.dumps(result, indent=1) + f"\n{path}\n")


if __name__ == "__main__":
    main()
