"""Calibrate and evaluate the detector `periodicity`.

    python benchmarks/calibrate_periodicity.py [--workers 2] [--write] [--rows scores.csv]

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
import io
import json
import math
import multiprocessing
import sys
import tarfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).parent))

from common import ROOT, data_folder, write_result

Pixels = npt.NDArray[np.uint8]
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
LAYERS = ("latent8", "shuffle2", "shuffle4", "transposed3", "transposed4")
PLAIN = ("bilinear2", "nearest2", "nearest4")
DETAILS = (0.3, 0.7)
MOSAICS = 60
PROCEDURAL = 24
MOST_FOR = 1.5  # whatever the number of pictures: they come from few makes of cameras


@dataclass(frozen=True)
class Task:
    """One source picture with everything that is done to it."""

    source: str
    group: str
    role: str  # "calibration", "evaluation"
    path: str
    index: int = 0
    positives: bool = True


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


def tasks(data: Path) -> Iterator[Task]:
    for folder, pattern in (("photos/kodak", "*.png"), ("photos/native", "*.jpg")):
        for k, path in enumerate(sorted((data / folder).glob(pattern))):
            role = "evaluation" if k % 2 else "calibration"
            yield Task(path.name, folder, role, str(path))
    for k in range(MOSAICS):
        yield Task(f"mosaic {k}", "mosaic", "calibration", str(data / "photos/pack128_permissive.tar"), k)
    for k in range(PROCEDURAL):
        yield Task(f"camera {k}", "procedural", "evaluation" if k % 2 else "calibration", "", k)
    for path in sorted((data / "prnu/natural").glob("*.JPG")):
        yield Task(path.name, "prnu/natural", "evaluation", str(path))
    for path in sorted((data / "prnu/flat").glob("*.JPG")):
        yield Task(path.name, "prnu/flat", "evaluation", str(path), positives=False)
    for path in sorted((data / "generated/gan").glob("*.png")):
        yield Task(path.name, f"gan {path.name[:4]}", "evaluation", str(path), positives=False)
    for path in sorted((data / "generated/sd15_grids").glob("*.webp")):
        yield Task(path.name, "sd15", "evaluation", str(path), positives=False)


def picture_of(task: Task) -> Pixels:
    from PIL import Image

    from forensics.datasets import procedural

    if task.group == "procedural":
        return procedural.camera(np.random.default_rng([7, task.index]), 512, 512)
    if task.group == "mosaic":
        return _mosaic(task.path, task.index)
    with Image.open(task.path) as image:
        return np.asarray(image.convert("RGB"))


# Nine photos of 128x128 side by side: their content and their JPEG grid are those of photos.
def _mosaic(path: str, index: int) -> Pixels:
    from PIL import Image

    with tarfile.open(path) as tar:
        names = sorted(tar.getnames())
        chosen = [names[(9 * index + k) * (len(names) // (9 * MOSAICS))] for k in range(9)]
        tiles = [np.asarray(Image.open(io.BytesIO(tar.extractfile(n).read())).convert("RGB")) for n in chosen]  # type: ignore[union-attr]
    return np.vstack([np.hstack(tiles[3 * r : 3 * r + 3]) for r in range(3)])


def crop(picture: Pixels, side: int) -> Pixels:
    top, left = ((n - min(side, n)) // 2 // 16 * 16 for n in picture.shape[:2])
    return picture[top : top + side, left : left + side]


def histories(task: Task, picture: Pixels) -> Iterator[tuple[str, bool, Pixels]]:
    """Yield (what happened, whether that makes it a positive, the picture)."""
    import cv2
    from PIL import Image

    from forensics.datasets import procedural, upsampling

    def scaled(factor: float, method: int) -> Pixels:
        return np.asarray(cv2.resize(base, None, fx=factor, fy=factor, interpolation=method))

    def through(codec: str, quality: int) -> Pixels:
        return np.asarray(Image.open(io.BytesIO(procedural.encode(base, codec, quality))).convert("RGB"))

    yield "as is", task.group in ("sd15", "gan fake"), picture
    base = crop(picture, 1024)
    if task.group in ("prnu/flat", "gan fake", "gan real", "sd15"):
        return
    half = np.asarray(cv2.resize(crop(picture, 2048), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
    yield "half size", False, half
    yield "x1.5 cubic", False, crop(scaled(1.5, cv2.INTER_CUBIC), 1024)
    yield "x2 linear", False, crop(scaled(2, cv2.INTER_LINEAR), 1024)
    yield "x4 cubic", False, crop(scaled(4, cv2.INTER_CUBIC), 1024)
    yield "was WebP 80", False, through("webp", 80)
    yield "was WebP 95", False, through("webp", 95)
    yield "was AVIF 60", False, through("avif", 60)
    yield "was JPEG 75, crop", False, through("jpeg", 75)[3:, 5:]
    for name in PLAIN:
        yield f"plain {name}", False, upsampling.decode(crop(base, 768), name, detail=0.3)
    if task.positives:
        for name in LAYERS:
            for detail in DETAILS:
                for label, start in (("", crop(base, 768)), ("half ", half)):
                    if min(start.shape[:2]) >= 256:
                        seed = zlib.crc32(f"{task.source} {name}".encode())
                        made = upsampling.decode(crop(start, 768), name, detail=detail, seed=seed)
                        yield f"{label}{name} {detail}", True, made


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
        "through a decoder's last layers from an 8 times coarser grid."
    )
    scores = [r.score for r in negatives], [r.score for r in positives]
    return fit(*scores, name=name, sources=len(sources), note=note)


def weighed(rows: list[Row], folder: Path) -> list[Row]:
    from forensics.detectors.calibration import LogisticCalibration

    shipped = LogisticCalibration(**json.loads((folder / "periodicity.json").read_text(encoding="utf-8")))
    jpegs = [r for r in rows if r.role == "calibration" and is_jpeg(r)]
    unused = replace(fitted_on(jpegs, "jpeg_unused"), cap_for=MOST_FOR, cap_against=0.0)
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
        "tpr_at_llr_1": round(float(np.mean([r.llr >= 1 for r in positives])), 4) if p else None,
        "false_alarms_llr_1": sum(r.llr >= 1 for r in negatives),
    }
    if n and p:
        out["cllr"] = round(cllr([r.llr for r in negatives], [r.llr for r in positives]), 4)
    return out


def report(rows: list[Row]) -> dict[str, Any]:
    held = [r for r in rows if r.role == "evaluation"]
    photos = [r for r in held if r.group in ("photos/kodak", "photos/native", "prnu/natural")]
    result: dict[str, Any] = {
        "by_storage": {},
        "by_layer": {},
        "false_alarms": {},
        "generated": {},
        "history": {},
    }
    for stored in STORED:
        rows_s = [r for r in photos if r.stored == stored]
        result["by_storage"][stored] = compare(
            [r for r in rows_s if not r.positive], [r for r in rows_s if r.positive]
        )
    for stored in ("png", "jpeg90", "jpeg75", "webp80"):
        for layer in (*LAYERS, *(f"plain {n}" for n in PLAIN)):
            rows_s = [r for r in photos if r.stored == stored]
            result["by_layer"][f"{stored} {layer}"] = compare(
                [r for r in rows_s if not r.positive and not r.history.startswith("plain")],
                [r for r in rows_s if layer in r.history],
            )
    result["false_alarms"] = _false_alarms(held)
    result["generated"] = _generated(held)
    result["history"] = _history(photos)
    return result


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
                    "as_is_llr_1": sum(r.llr >= 1 for r in plain),
                    "as_is_largest_llr": round(max((r.llr for r in plain), default=0.0), 3),
                    "with_histories": len(chosen),
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rows", type=Path, help="also write every score as CSV")
    parser.add_argument("--write", action="store_true", help="write the calibration into detectors/tables")
    arguments = parser.parse_args()
    folder = ROOT / "detectors" / "tables"
    with multiprocessing.get_context("spawn").Pool(arguments.workers) as pool:
        rows = [row for rows in pool.imap_unordered(run, list(tasks(data_folder())), 1) for row in rows]
    rows.sort(key=lambda r: (r.role, r.group, r.source, r.history, r.stored))
    if arguments.write:
        calibrate(rows, folder)
    rows = weighed(rows, folder)
    if arguments.rows:
        write_rows(arguments.rows, rows)
    result = report(rows)
    path = write_result("periodicity", "python benchmarks/calibrate_periodicity.py --write", result)
    sys.stdout.write(json.dumps(result, indent=1) + f"\n{path}\n")


if __name__ == "__main__":
    main()
