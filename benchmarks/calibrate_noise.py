"""Train the directions of the detector `noise`, calibrate it, and evaluate it on pictures that did neither.

    nice python benchmarks/calibrate_noise.py train [--write]
    nice python benchmarks/calibrate_noise.py calibrate [--write]
    nice python benchmarks/calibrate_noise.py evaluate [--write]

Directions and calibration: half of the Kodak pictures and three camera photos; calibration on other crops of
them, and on forty grids of generated pictures. Evaluation: the other halves, photos of the PRNU set, thirty
other grids. Two caveats. False alarms in whole photos of the evaluation (Canon EOS 5D, one of the PRNU set)
led to two rules: the term for the side of a cell, and leaving out windows without noise. So those photos are
no longer unseen. And directions and calibration share seven photos, though mostly other crops of them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).parent))

from common import ROOT, data_folder, write_result
from noise_cases import KINDS, QUALITIES, Case, Source, cases, processed, saved, sources

from forensics.detectors.calibration import cllr, fit, load
from forensics.detectors.noise.detector import LEAST_STEP, LEAST_WINDOWS
from forensics.detectors.noise.outliers import content_terms, directions, discriminant, distances
from forensics.detectors.noise.windows import Windows, look

Doubles = npt.NDArray[np.float64]
COUNT = 8
NOTE = (
    "3 camera photos, crops of them, 4 Kodak pictures and 40 generated pictures, as they are and re-saved at "
    "quality 75-95; positives: regions pasted from another camera, made noisier, blurred, enlarged, or of a "
    "lower JPEG quality."
)


def main() -> None:
    """Run one of the steps."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("step", choices=("train", "calibrate", "evaluate"))
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    {"train": train, "calibrate": calibrate, "evaluate": evaluate}[arguments.step](arguments.write)


def train(write: bool) -> None:
    """Find the directions in which processing moves features more than content does."""
    rng = np.random.default_rng(5)
    within, moved = [], []
    for source in sources(data_folder(), "calibration", crops=12):
        if source.group == "grid" or source.group.endswith("whole"):
            continue
        for quality in QUALITIES:
            seen = look(_luma(saved(source.pixels, quality)), most_quiet=1.0)
            if not _enough(seen):
                continue
            within.append(_covariance(seen))
            for kind in KINDS[1:]:
                after = _luma(saved(processed(source.pixels, kind, rng), quality))
                other = look(after, seen.step, most_quiet=1.0)
                both = seen.usable & other.usable
                gap = (other.features[both] - seen.features[both]).astype(np.float64)
                scatter = gap.T @ gap
                moved.append(scatter / np.trace(scatter))
    found = discriminant(np.mean(moved, axis=0), np.mean(within, axis=0), COUNT)
    print(f"{len(within)} versions of untouched pictures, {len(moved)} pairs")
    if write:
        table = {"matrix": _rounded(found.matrix), "usual": _rounded(found.usual)}
        path = ROOT / "detectors" / "tables" / "noise_directions.json"
        path.write_text(json.dumps(table) + "\n", encoding="utf-8")
        print(path)


def calibrate(write: bool) -> None:
    """Fit the map from score to weight."""
    scores = _scored("calibration")
    negatives = [s for case, s, _ in scores if not case.kind]
    positives = [s for case, s, _ in scores if case.kind]
    origins = {"/".join(case.source.split("/")[:2]) for case, _, _ in scores}
    table = fit(negatives, positives, name="noise", note=NOTE, sources=len(origins))
    print(table, "largest untouched", np.round(sorted(negatives)[-8:], 2))
    if write:
        print(table.save(ROOT / "detectors" / "tables"))


def evaluate(write: bool) -> None:
    """Measure on pictures that neither trained nor calibrated."""
    scores = _scored("evaluation")
    table = load("noise")
    rows: dict[str, Any] = {}
    for quality in (*QUALITIES, "all"):
        chosen = [(c, s, a) for c, s, a in scores if quality in (c.quality, "all")]
        clean = np.array([s for c, s, _ in chosen if not c.kind])
        forged = np.array([s for c, s, _ in chosen if c.kind])
        rows[f"JPEG {quality}" if isinstance(quality, int) else quality or "as it is"] = {
            "untouched": len(clean),
            "forged": len(forged),
            "auc": round(_auc(clean, forged), 3),
            "cllr": round(cllr([table.llr(s) for s in clean], [table.llr(s) for s in forged]), 3),
            "untouched with llr >= 1": int(sum(table.llr(s) >= 1 for s in clean)),
            "forged with llr >= 1": int(sum(table.llr(s) >= 1 for s in forged)),
            "pixel auc": {
                kind: round(float(np.mean([a for c, _, a in chosen if c.kind == kind and a is not None])), 3)
                for kind in KINDS
            },
        }
        print(quality, rows[list(rows)[-1]])
    groups: dict[str, list[float]] = defaultdict(list)
    for case, score, _ in scores:
        if not case.kind:
            groups[case.group].append(table.llr(score))
    largest = {g: {"versions": len(v), "largest llr": round(max(v), 2)} for g, v in groups.items()}
    print(largest)
    if write:
        result = {"by last save": rows, "untouched by group": largest}
        print(write_result("noise", "python benchmarks/calibrate_noise.py evaluate --write", result))


def _scored(role: str) -> list[tuple[Case, float, float | None]]:
    """Return each case with its score and, if forged, the pixel AUC of its map."""
    return list(_each(list(sources(data_folder(), role))))


def _each(pictures: list[Source]) -> Iterator[tuple[Case, float, float | None]]:
    for i, source in enumerate(pictures):
        others = [p for p in pictures if p.name.split("/")[:2] != source.name.split("/")[:2]]
        for case in cases(source, others[(7 * i) % len(others)]):
            seen = look(_luma(case.pixels))
            if _enough(seen):
                found = distances(seen, directions())
                inside = None if case.mask is None else _inside(found.distances, case.mask, seen)
                # Pictures are large: only what is said of them is kept.
                yield replace(case, pixels=case.pixels[:0], mask=None), found.score, inside


def _inside(shown: npt.NDArray[np.float32], mask: npt.NDArray[np.bool_], seen: Windows) -> float | None:
    """Return the AUC of distances as a map of the mask, over the usable windows."""
    size = (shown.shape[1], shown.shape[0])
    whole = mask[: size[1] * seen.side, : size[0] * seen.side].astype(np.float32)
    truth = cv2.resize(whole, size, interpolation=cv2.INTER_AREA) > 0.5
    values, truth = shown[seen.usable], truth[seen.usable]
    return _auc(values[~truth], values[truth]) if 3 < truth.sum() < truth.size else None


def _auc(low: npt.NDArray[Any], high: npt.NDArray[Any]) -> float:
    order = np.argsort(np.concatenate([low, high]), kind="stable")
    ranks = np.empty(order.size)
    ranks[order] = np.arange(1, order.size + 1)
    return float((ranks[low.size :].sum() - high.size * (high.size + 1) / 2) / (low.size * high.size))


def _covariance(seen: Windows) -> Doubles:
    """Return the covariance of features within a picture, what content explains taken out."""
    x = seen.features[seen.usable].astype(np.float64)
    terms = content_terms(seen.brightness[seen.usable], seen.contrast[seen.usable])
    rest = x - terms @ np.linalg.lstsq(terms, x, rcond=None)[0]
    return np.asarray(np.cov(rest.T))


def _enough(seen: Windows) -> bool:
    return seen.step >= LEAST_STEP and int(seen.usable.sum()) >= LEAST_WINDOWS


def _luma(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY), np.uint8)


def _rounded(values: Doubles) -> list[list[float]]:
    return [[float(f"{v:.6g}") for v in row] for row in values]


if __name__ == "__main__":
    main()
