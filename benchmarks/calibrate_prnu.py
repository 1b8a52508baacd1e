"""Calibrate the detector `prnu` on simulated sensors: `python benchmarks/calibrate_prnu.py [--write]`.

Forty-eight sensors of twelve models, each enrolled from eight flat pictures, with four scenes each, stored as
JPEG by the sensor's own quality; half of the scenes once more at quality 80. Each scene is compared with its
own sensor, with the three others of the model, and with three of other models; and crops of the untouched
camera photos of photos/native are compared with all sensors. Half of the sensors calibrate (with --write,
into detectors/tables/), the other half evaluates. Real cameras are in `benchmarks/prnu.py`, and took no part.
"""

from __future__ import annotations

import argparse
import io
import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))

from common import ROOT, data_folder, write_result
from prnu_sensors import Sensor, flat, scene, sensor

from forensics.detectors.calibration import cllr, fit
from forensics.detectors.prnu.compare import score_of
from forensics.detectors.prnu.correlation import correlate, peak_of
from forensics.detectors.prnu.fingerprint import Fingerprint, FingerprintBuilder, trace_of
from forensics.detectors.prnu.power import reach, share_passed

SIDE = 512
SENSORS, PER_MODEL = 48, 4
FLATS, SCENES = 8, 4
MOST_AGAINST = math.log10(4)  # a missing match weighs little: much hides one
NOTE = (
    "Simulated sensors of which four at a time share part of their pattern, eight flat pictures each, 512 x "
    "512 scenes as JPEG of quality 80 to 98, and photos of six real cameras as strangers. The weight is "
    "capped by the number of sensors."
)
Doubles = npt.NDArray[np.float64]


def enrolled(which: Sensor) -> tuple[Fingerprint, float]:
    """Return the fingerprint and the strength of the pattern, measured as `enroll` does."""
    halves = FingerprintBuilder(), FingerprintBuilder()
    pictures = [flat(which, i) for i in range(FLATS)]
    for i, picture in enumerate(pictures):
        halves[i % 2].add(picture)
    prints = halves[0].result(), halves[1].result()
    found = []
    for i, picture in enumerate(pictures[:4]):
        trace = trace_of(picture)
        z = peak_of(correlate(trace.signal, prints[1 - i % 2]), (0, 0), (0, 0)).z
        found.append(z / reach(trace, share_passed(picture)))
    return halves[0].joined(halves[1]).result(), float(np.median(found))


def saved_again(pixels: Any, quality: int = 80) -> Any:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "jpeg", quality=quality)
    with Image.open(stream) as picture:
        return np.asarray(picture)


def heights(sensors: list[Sensor]) -> dict[str, list[tuple[int, float, float]]]:
    """Return (sensor, height, expected height) of each kind of comparison."""
    prints = {}
    for s in sensors:
        prints[s.number] = enrolled(s)
    rows: dict[str, list[tuple[int, float, float]]] = {"own": [], "model": [], "other": [], "photo": []}
    for s in sensors:
        peers = [o for o in sensors if o.model == s.model and o.number != s.number]
        others = [sensors[(sensors.index(s) + 7 * k) % len(sensors)] for k in (1, 2, 3)]
        for i in range(SCENES):
            pixels = scene(s, i) if i % 2 else saved_again(scene(s, i))
            trace = trace_of(pixels)
            power = reach(trace, share_passed(pixels))
            pairs = [("own", s), *(("model", o) for o in peers), *(("other", o) for o in others)]
            for kind, o in pairs:
                pattern, strength = prints[o.number]
                z = peak_of(correlate(trace.signal, pattern), (0, 0), (0, 0)).z
                rows[kind].append((o.number, z, strength * power))
    for path in sorted((data_folder() / "photos" / "native").glob("*.jpg")):
        with Image.open(path) as picture:
            pixels = np.asarray(picture.convert("RGB"))
        top, left = (n // 2 - SIDE // 2 for n in pixels.shape[:2])
        crop = np.ascontiguousarray(pixels[top : top + SIDE, left : left + SIDE])
        trace = trace_of(crop)
        for s in sensors:
            z = peak_of(correlate(trace.signal, prints[s.number][0]), (0, 0), (0, 0)).z
            rows["photo"].append((s.number, z, 0.0))
    return rows


def chosen(rows: list[tuple[int, float, float]], odd: bool) -> list[tuple[int, float, float]]:
    """Return the rows of every second model."""
    return [row for row in rows if (row[0] // PER_MODEL) % 2 == odd]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write the table of the detector")
    arguments = parser.parse_args()
    rows = heights([sensor(i, PER_MODEL, SIDE) for i in range(SENSORS)])

    def scores(kinds: tuple[str, ...], odd: bool) -> Doubles:
        return np.array([score_of(z) for k in kinds for _, z, _ in chosen(rows[k], odd)])

    strangers = ("model", "other", "photo")
    negatives, positives = scores(strangers, False), scores(("own",), False)
    table = fit(negatives, positives, name="prnu", note=NOTE, sources=SENSORS // 2)
    # Nothing is known of the camera where there is no match: it is one of many others.
    table = replace(table, cap_against=min(table.cap_against, MOST_AGAINST))
    if arguments.write:
        table.save(ROOT / "detectors" / "tables")
    own, other = scores(("own",), True), scores(strangers, True)
    llrs = [np.array([table.llr(float(s)) for s in part]) for part in (other, own)]
    result = {
        "question": "Which weight has a match, on sensors that took no part in the calibration?",
        "sensors": SENSORS // 2,
        "own": int(own.size),
        "strangers": int(other.size),
        "auc": round(float((own[:, None] > other[None, :]).mean()), 4),
        "cllr": round(cllr(*llrs), 4),
        "llr_0_at_height": round(math.sqrt(max(10 ** (-table.offset / table.slope) - 1, 0)), 2),
        "largest_llr": round(table.cap_for, 3),
        "strangers_above_llr_0": int((llrs[0] > 0).sum()),
        "own_above_llr_0": int((llrs[1] > 0).sum()),
        "spread": {k: round(float(np.std([z for _, z, _ in rows[k]])), 3) for k in strangers},
        "largest": {k: round(max(z for _, z, _ in rows[k]), 2) for k in strangers},
        "own_over_expected": [
            round(float(q), 2)
            for q in np.quantile([z / e for _, z, e in rows["own"] if e >= 10], [0, 0.05, 0.5, 0.95, 1])
        ],
    }
    write_result("prnu_calibration", "python benchmarks/calibrate_prnu.py", result)
    sys.stdout.write(f"{result}\n")


if __name__ == "__main__":
    main()
