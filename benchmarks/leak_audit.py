"""Does the audit for leaks expose published set-ups, and clear aligned ones?

Photos: photos/pack128_permissive.tar of $FORENSICS_DATA. Classes are of different photos but in the aligned
sets. Durall's sizes, 178x218 and 128x128, are 128x128 and 92x92 here: the photos are no larger.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from common import data_folder, write_result
from leak_sets import SETS

from forensics.detectors.leaks import LeakReport, audit_leaks, sample_of
from forensics.detectors.leaks.records import Measured


def figures(found: Measured | None) -> dict[str, float] | None:
    return None if found is None else {key: round(value, 3) for key, value in found.model_dump().items()}


def row_of(report: LeakReport, seconds: float) -> dict[str, Any]:
    telling = [leak.features[0] for leak in report.leaks if leak.leaks and leak.features]
    return {
        "reals": report.reals,
        "fakes": report.fakes,
        "sources": report.sources,
        "leaks": {
            leak.family: {**(figures(leak.measured) or {}), "leaks": leak.leaks} for leak in report.leaks
        },
        "controls": {
            control.name: {
                "leaks": control.leaks,
                "found": figures(control.measured),
                "reason": control.reason,
            }
            for control in report.controls
        },
        "telling": [f"{f.name}: {f.real} real, {f.fake} fake" for f in telling],
        "detector": figures(report.detector),
        "share": None if report.share is None else round(report.share, 3),
        "leaky": report.leaky,
        "seconds": round(seconds, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=800, help="pictures of each class")
    count = parser.parse_args().count
    pack = data_folder() / "photos" / "pack128_permissive.tar"
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, make) in enumerate(SETS.items()):
            real, fake = make(pack, Path(folder) / str(number), count)
            start = time.perf_counter()
            report = audit_leaks(sample_of(real, count), sample_of(fake, count))
            rows[name] = row_of(report, time.perf_counter() - start)
            print(name, rows[name]["leaks"]["all"], rows[name]["share"], flush=True)
    write_result("leak_audit", f"python benchmarks/leak_audit.py --count {count}", {"table": rows})


if __name__ == "__main__":
    main()
