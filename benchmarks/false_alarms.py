"""Does an audit accuse honest photos?

    python benchmarks/false_alarms.py [--workers 2]

Audits untouched camera photos and lossless photos, and the same re-saved as JPEG at quality 70 to 95, with
every detector and the shipped thresholds, and counts verdicts and the largest LLRs. Beside them, for scale:
pictures that were tampered with or generated. Which of these pictures the detectors were calibrated on is
said for each set.
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from common import data_folder, write_result

QUALITIES = (70, 75, 80, 85, 90, 95)
ACCUSATIONS = ("synthetic", "likely_synthetic", "altered", "likely_altered", "contradictory")


@dataclass(frozen=True)
class Case:
    """One file to audit: as it is, or re-saved at a quality."""

    group: str
    path: Path
    quality: int | None


@dataclass(frozen=True)
class Outcome:
    """What came of one case."""

    group: str
    name: str
    treatment: str
    verdict: str
    synthetic: float
    altered: float


def _cases(data: Path) -> Iterator[Case]:
    honest = {
        "camera, untouched (photos/native)": sorted((data / "photos/native").glob("*.jpg")),
        "camera, untouched (prnu/natural)": sorted((data / "prnu/natural").glob("*.JPG")),
        "camera, flat fields (prnu/flat)": sorted((data / "prnu/flat").glob("*.JPG")),
        "lossless (photos/kodak)": sorted((data / "photos/kodak").glob("*.png")),
    }
    for group, paths in honest.items():
        for path in paths:
            yield from (Case(group, path, quality) for quality in (None, *QUALITIES))
    other = {
        "original (tamper/copymove)": sorted((data / "tamper/copymove/data/original").iterdir()),
        "tampered: copy-move (tamper/copymove)": sorted((data / "tamper/copymove/data/modified").iterdir()),
        "authentic (tamper/casia1)": sorted((data / "tamper/casia1").glob("*authentic.png")),
        "tampered (tamper/casia1)": sorted((data / "tamper/casia1").glob("*tampered.png")),
        "generated (generated/sd15_grids)": sorted((data / "generated/sd15_grids").glob("*.webp")),
        "generated (generated/gan)": sorted((data / "generated/gan").glob("fake_*.png")),
        "real (generated/gan)": sorted((data / "generated/gan").glob("real_*.png")),
    }
    for group, paths in other.items():
        yield from (Case(group, path, None) for path in paths)


def _audit(case: Case) -> Outcome:
    from PIL import Image

    from forensics import Auditor, TrustPolicy

    auditor = Auditor(trust=TrustPolicy.default())
    if case.quality is None:
        report = auditor.audit(case.path)
    else:
        with tempfile.TemporaryDirectory() as folder:
            again = Path(folder) / "again.jpg"
            buffer = io.BytesIO()
            Image.open(case.path).convert("RGB").save(buffer, "JPEG", quality=case.quality)
            again.write_bytes(buffer.getvalue())
            report = auditor.audit(again)
    llrs = {opinion.question.value: opinion.llr for opinion in report.opinions}
    treatment = "as it is" if case.quality is None else f"JPEG {case.quality}"
    return Outcome(
        case.group, case.path.name, treatment, report.verdict.value, llrs["synthetic"], llrs["altered"]
    )


def _table(outcomes: list[Outcome]) -> list[dict[str, Any]]:
    rows: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        rows[outcome.group, outcome.treatment].append(outcome)
    return [
        {
            "set": group,
            "treatment": treatment,
            "files": len(members),
            "verdicts": dict(Counter(m.verdict for m in members)),
            "largest_llr_synthetic": max(m.synthetic for m in members),
            "largest_llr_altered": max(m.altered for m in members),
        }
        for (group, treatment), members in rows.items()
    ]


def main() -> int:
    """Run the benchmark; exit 1 if an honest photo was accused."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=int, default=2)
    workers = parser.parse_args().workers
    cases = list(_cases(data_folder()))
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        outcomes = pool.map(_audit, cases, chunksize=4)
    honest = [o for o in outcomes if o.group.startswith(("camera", "lossless"))]
    accused = [o for o in honest if o.verdict in ACCUSATIONS]
    result = {
        "honest_files": len(honest),
        "honest_files_accused": [f"{o.name} ({o.treatment}): {o.verdict}" for o in accused],
        "table": _table(outcomes),
        "found": [
            f"{o.group}: {o.name}: {o.verdict}"
            for o in outcomes
            if o not in honest and o.verdict in ACCUSATIONS
        ],
    }
    write_result("false_alarms", f"python benchmarks/false_alarms.py --workers {workers}", result)
    sys.stdout.write(json.dumps(result, indent=2) + "\n")
    return int(bool(accused))


if __name__ == "__main__":
    sys.exit(main())
