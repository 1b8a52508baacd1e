"""What does the cascade of a standard scan save, and what does it miss?

    python benchmarks/scan_cascade.py CORPUS [--of-each 60]

CORPUS was made by `benchmarks/scan_corpus.py`: signed pictures, signed ones that were changed, marked ones as
they are, saved and scaled, and plain ones; with generated and tampered ones of $FORENSICS_DATA. Each file is
audited three times, with the keys and the trust policy of the corpus: by the stages of `standard` under the
rule, by all of its detectors at once, and by all detectors there are (`deep`). Counted is which verdicts the
rule changes, what share of each kind gets a verdict of its own, and the seconds of one core.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from common import data_folder, write_result


def files_of(corpus: Path, most: int) -> dict[str, list[Path]]:
    """Return files by what they are."""
    lines = (corpus.parent / f"{corpus.name}-expected.jsonl").read_text(encoding="utf-8").splitlines()
    found: dict[str, list[Path]] = {}
    for record in map(json.loads, lines):
        if record["kind"] in ("plain", "signed", "changed") or record["kind"].startswith("marked"):
            found.setdefault(record["kind"], []).append(corpus / record["id"])
    data = data_folder()
    found["generated"] = sorted((data / "generated").rglob("*.webp")) + sorted(
        (data / "generated/gan").glob("*")
    )
    found["tampered"] = sorted((data / "tamper").rglob("*tamper*"))
    return {kind: _spread([p for p in paths if p.is_file()], most) for kind, paths in found.items()}


def _spread(paths: list[Path], most: int) -> list[Path]:
    return paths[:: max(1, -(-len(paths) // most))]


def audited(files: dict[str, list[Path]], stages: Any, trust: Path) -> dict[str, Any]:
    """Return verdicts, last stages and seconds of each kind."""
    from forensics.auditor import Auditor
    from forensics.provenance import TrustPolicy

    auditor = Auditor(trust=TrustPolicy.load(trust), stages=stages, workers=1, pixel_digest=False)
    found: dict[str, Any] = {}
    for kind, paths in files.items():
        auditor.audit(paths[0])  # models are loaded once
        start = time.process_time()
        reports = [auditor.audit(path) for path in paths]
        found[kind] = {
            "verdicts": [report.verdict.value for report in reports],
            "stages": [report.stage for report in reports],
            "seconds": time.process_time() - start,
        }
    return found


def compared(kind: str, ways: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return how three ways of looking at files of one kind differ."""
    one, whole, deep = (ways[name][kind] for name in ("cascade", "at once", "deep"))
    changed = Counter(
        f"{b} -> {a}" for a, b in zip(one["verdicts"], whole["verdicts"], strict=True) if a != b
    )
    of_deep = Counter(f"{b} -> {a}" for a, b in zip(one["verdicts"], deep["verdicts"], strict=True) if a != b)
    return {
        "files": len(one["verdicts"]),
        "verdicts": {name: dict(Counter(ways[name][kind]["verdicts"])) for name in ways},
        "changed_by_the_rule": dict(changed),
        "changed_from_deep": dict(of_deep),
        "last_stage": dict(sorted(Counter(one["stages"]).items())),
        "seconds_of_a_file": {
            name: round(ways[name][kind]["seconds"] / len(one["verdicts"]), 3) for name in ways
        },
    }


def main() -> None:
    """Run the benchmark and write benchmarks/results/scan_cascade.json."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--of-each", type=int, default=60)
    given = parser.parse_args()
    corpus = given.corpus.resolve()
    os.environ["FORENSICS_KEYS"] = str(corpus.parent / f"{corpus.name}-keys.toml")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from forensics.scan.profiles import PROFILES, stages_of

    trust = corpus.parent / f"{corpus.name}-ca" / "trust.toml"
    files = files_of(corpus, given.of_each)
    stages = stages_of(PROFILES["standard"])
    together = tuple({d.info.name: d for stage in stages for d in stage}.values())
    ways = {
        "cascade": audited(files, stages, trust),
        "at once": audited(files, [together], trust),
        "deep": audited(files, stages_of(PROFILES["deep"]), trust),
    }
    result = {"of_each": given.of_each, "kinds": {kind: compared(kind, ways) for kind in files}}
    write_result(
        "scan_cascade", f"python benchmarks/scan_cascade.py CORPUS --of-each {given.of_each}", result
    )
    sys.stdout.write(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
