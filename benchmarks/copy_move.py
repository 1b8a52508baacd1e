"""Calibrate and evaluate the detector `copy_move`.

    python benchmarks/copy_move.py calibrate [--workers 2] [--write]
    python benchmarks/copy_move.py evaluate [--workers 2] [--write]
    python benchmarks/copy_move.py speed [--write]

Calibration: half of the Kodak pictures, three camera photos and mosaics of small photos, untouched and with
regions copied by us, stored as they are and as JPEG. Evaluation: the other photos and the published forgeries
with their masks, none of which set a threshold. One caveat: facades among prnu/natural gave false alarms at
first and led to two rules (no stretched maps; area in proportion to the side of large pictures), so that
those nine count as seen. The sample photos of scikit-image and scikit-learn were first looked at after that;
two of them, seamless textures, do hold cloned patches and are counted apart.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).parent))

from common import ROOT, data_folder, write_result
from copy_move_cases import KINDS, QUALITIES, Case, calibration, evaluation, forge, forgeries, samples, stored

from forensics.detectors.calibration import fit, load
from forensics.detectors.copy_move import find
from forensics.detectors.copy_move.mask import Match, picture_of
from forensics.detectors.copy_move.search import score

Bools = npt.NDArray[np.bool_]
HIT = 0.25  # least overlap (IoU) of a pair with the forged regions for it to count as found
NOTE = (
    "luma of 4 Kodak pictures, 3 camera photos and 160 mosaics of 128 px photos; positives: regions we "
    "copied (shifted, turned, mirrored, scaled), PNG and JPEG 75-95. Scores are of pictures with some pair."
)


@dataclass(frozen=True)
class Outcome:
    """What was found in one picture: the score of the best pair, None without one."""

    name: str
    group: str
    kind: str
    quality: int | None
    forged: bool
    score: float | None
    figures: dict[str, float]


def main() -> None:
    """Run one of the steps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=("calibrate", "evaluate", "speed"), nargs="?", default="evaluate")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    if arguments.step == "speed":
        speed(arguments.write)
    else:
        step = calibrate if arguments.step == "calibrate" else evaluate
        step(arguments.workers, arguments.write)


def calibrate(workers: int, write: bool) -> None:
    """Fit the map from score to weight."""
    outcomes = list(_over(_calibrate_one, calibration(data_folder()), workers))
    negatives = [o.score for o in outcomes if not o.forged and o.score is not None]
    positives = [o.score for o in outcomes if o.forged and o.score is not None]
    sources = len({o.name for o in outcomes if o.group != "tile"})  # tiles are parts of the mosaics
    table = fit(negatives, positives, name="copy_move", note=NOTE, sources=sources)
    one = (1 - table.offset) / table.slope
    for outcome in sorted((o for o in outcomes if not o.forged), key=lambda o: -(o.score or 0))[:12]:
        print(f"  untouched {outcome.score or 0:.3f} {outcome.name} {outcome.quality}")
    print(table)
    print(f"LLR 0 at {-table.offset / table.slope:.3f}, LLR 1 at {one:.3f}")
    for kind in (*KINDS, "all"):
        scores = [o.score or 0 for o in outcomes if o.forged and kind in (o.kind, "all")]
        print(f"  {kind}: {np.mean(np.array(scores) >= one):.2f} of {len(scores)} at LLR 1")
    if write:
        print(table.save(ROOT / "detectors" / "tables"))


def evaluate(workers: int, write: bool) -> None:
    """Measure false alarms, detection and masks on pictures that calibrated nothing."""
    data = data_folder()
    outcomes = list(_over(_untouched, evaluation(data), workers))
    outcomes += _over(_untouched, samples(), workers)
    outcomes += _over(_forged, forgeries(data), workers)
    result = {"untouched": _false_alarms(outcomes), "forged": _detection(outcomes)}
    for name, part in result.items():
        print(name, part)
    if write:
        print(write_result("copy_move", "python benchmarks/copy_move.py evaluate --write", result))


def _calibrate_one(case: Case) -> list[Outcome]:
    rng = np.random.default_rng(zlib.crc32(case.name.encode()))
    small = case.group == "tile"
    out = []
    for quality in (None, 85, 70) if small else QUALITIES:
        matches = find(stored(case.luma, quality)).matches
        out.append(_outcome(case, "", quality, matches, None))
    for turn, kind in enumerate(() if small else KINDS):
        picture, source, pasted = forge(case.luma, kind, rng)
        quality = (None, 95, 85, 75)[(turn + zlib.crc32(case.name.encode())) % 4]
        truth = source | pasted
        matches = [m for m in find(stored(picture, quality)).matches if _iou([m], truth) > HIT]
        out.append(_outcome(case, kind, quality, matches, truth))
    return out


def _untouched(case: Case) -> list[Outcome]:
    return [_outcome(case, "", q, find(stored(case.luma, q)).matches, None) for q in QUALITIES]


def _forged(case: Case) -> list[Outcome]:
    return [_outcome(case, "", None, find(case.luma).matches, case.truth)]


def _outcome(
    case: Case, kind: str, quality: int | None, matches: Iterable[Match], truth: Bools | None
) -> Outcome:
    best = max((score(m) for m in matches), default=None)
    figures: dict[str, float] = {}
    if truth is not None and case.truth is not None:
        believed = [m for m in matches if load("copy_move").llr(score(m)) > 0]
        figures = _masks(believed, truth)
    return Outcome(case.name, case.group, kind, quality, truth is not None, best, figures)


def _masks(matches: list[Match], truth: Bools) -> dict[str, float]:
    """Return F1 of both regions, and of the better region of each pair, against a mask of the pasted ones."""
    both = picture_of(matches, truth.shape) > 0
    chosen = np.zeros(truth.shape, bool)
    for match in matches:
        whole = picture_of([match], truth.shape) > 0
        first = _first(match, truth.shape)
        second = whole & ~first
        chosen |= max(
            (first, second), key=lambda region: float((region & truth).sum() / max(region.sum(), 1))
        )
    return {"f1_both": _f1(both, truth), "f1_better": _f1(chosen, truth)}


def _first(match: Match, shape: tuple[int, ...]) -> Bools:
    shown = np.zeros(shape, bool)
    box = match.region.box
    mask = cv2.resize(match.region.mask.astype(np.uint8), box.size, interpolation=cv2.INTER_NEAREST)
    shown[box.top : box.bottom, box.left : box.right] = mask > 0
    return shown


def _f1(found: Bools, truth: Bools) -> float:
    return float(2 * (found & truth).sum() / max(found.sum() + truth.sum(), 1))


def _iou(matches: list[Match], truth: Bools) -> float:
    found = picture_of(matches, truth.shape) > 0
    return float((found & truth).sum() / max((found | truth).sum(), 1))


def _false_alarms(outcomes: list[Outcome]) -> dict[str, Any]:
    groups: dict[str, list[float]] = defaultdict(list)
    for outcome in outcomes:
        if not outcome.forged:
            groups[outcome.group].append(_llr(outcome))
    return {
        name: {
            "pictures": len(values) // len(QUALITIES),
            "versions": len(values),
            "llr_above_0": sum(v > 0 for v in values),
            "llr_at_least_1": sum(v >= 1 for v in values),
            "largest_llr": round(max(values), 3),
        }
        for name, values in groups.items()
    }


def _detection(outcomes: list[Outcome]) -> dict[str, Any]:
    report: dict[str, Any] = {}
    honest = {"copymove": "copymove original", "casia copy-move": "casia authentic"}
    for group, control in honest.items():
        forged = [o for o in outcomes if o.forged and o.group == group]
        scores = np.array([o.score or 0.0 for o in forged])
        plain = np.array(
            [o.score or 0.0 for o in outcomes if not o.forged and o.group == control and o.quality is None]
        )
        wins = (scores[:, None] > plain[None]) + 0.5 * (scores[:, None] == plain[None])
        report[group] = {
            "pictures": len(forged),
            "untouched": len(plain),
            "auc": round(float(wins.mean()), 3),
            "found_at_llr_above_0": sum(_llr(o) > 0 for o in forged),
            "found_at_llr_1": sum(_llr(o) >= 1 for o in forged),
            "found_above_every_untouched_of_the_set": int((scores > plain.max()).sum()),
            "mean_f1_both": round(float(np.mean([o.figures["f1_both"] for o in forged])), 3),
            "mean_f1_better": round(float(np.mean([o.figures["f1_better"] for o in forged])), 3),
            "each": {
                o.name: {"llr": round(_llr(o), 2)} | {k: round(v, 3) for k, v in o.figures.items()}
                for o in forged
            },
        }
    return report


def _llr(outcome: Outcome) -> float:
    """Return the weight that the detector gives: nothing found is no evidence."""
    return 0.0 if outcome.score is None else max(0.0, load("copy_move").llr(outcome.score))


def speed(write: bool) -> None:
    """Time the search on camera photos, one thread; decoding is not counted."""
    from forensics.media import open_media

    cv2.setNumThreads(1)
    times = {}
    for path in sorted((data_folder() / "photos/native").glob("*.jpg")):
        luma = open_media(path).luma
        runs = []
        for _ in range(3):
            start = time.process_time()
            find(luma)
            runs.append(time.process_time() - start)
        times[path.name] = {"megapixels": round(luma.size / 1e6, 1), "cpu_seconds": round(sorted(runs)[1], 3)}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    result = {"one thread, median of 3": times, "peak_mb_of_the_process": round(peak)}
    print(result)
    if write:
        print(write_result("copy_move_speed", "python benchmarks/copy_move.py speed --write", result))


def _over(job: Callable[[Case], list[Outcome]], cases: Iterable[Case], workers: int) -> Iterator[Outcome]:
    with multiprocessing.get_context("spawn").Pool(workers, partial(cv2.setNumThreads, 1)) as pool:
        for done in pool.imap(job, cases):
            yield from done


if __name__ == "__main__":
    main()
