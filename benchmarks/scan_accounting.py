"""Does a scan account for every file of a large folder with hostile ones in it, whichever engine runs it?

    python benchmarks/scan_accounting.py CORPUS [--engine local --engine ray] [--workers 2] [--profile triage]

CORPUS was made by `benchmarks/scan_corpus.py`. Each file is compared with what is known of it from how it was
made, and the rows of the engines with one another. Ends with status 1 where anything does not agree.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent))

from common import write_result

if TYPE_CHECKING:
    from forensics.scan.row import ScanRow

FILE_SECONDS = 30.0


def scanned(corpus: Path, out: Path, engine: str, workers: int, profile: str) -> float:
    """Scan the corpus and return the seconds it took."""
    from forensics.scan.run import Job, Output, scan
    from forensics.scan.settings import WorkSettings

    seen = out.parent / f"{out.name}-seen"
    seen.mkdir()
    os.environ["SCAN_HOOKS_SEEN"] = str(seen)
    here = str(Path(__file__).parent)
    os.environ["PYTHONPATH"] = os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])
    settings = WorkSettings(profile=profile, file_seconds=FILE_SECONDS, hooks=("scan_hooks",))
    start = time.monotonic()
    scan(Job((str(corpus),), out, settings, engine=engine, workers=workers, output=Output(page=False)))
    return time.monotonic() - start


def expected_of(corpus: Path) -> dict[str, dict[str, Any]]:
    """Return what is known of each file, by its id."""
    lines = (corpus.parent / f"{corpus.name}-expected.jsonl").read_text(encoding="utf-8").splitlines()
    return {record["id"]: record for record in map(json.loads, lines)}


def rows_of(corpus: Path, out: Path) -> dict[str, ScanRow]:
    """Return the rows of a scan by their ids relative to the corpus."""
    from forensics.scan.results import open_results

    return {row.id.removeprefix(f"{corpus}/"): row for row in open_results(out).rows()}


def compared(corpus: Path, out: Path) -> dict[str, Any]:
    """Return how the rows of a scan agree with what is known."""
    from forensics.scan.manifest import verify

    expected, rows = expected_of(corpus), rows_of(corpus, out)
    manifest = verify(out)
    wrong = [
        f"{id_}: {row.state.value} {row.reason}, expected {known['state']} {known['reasons']}"
        for id_, known in expected.items()
        if (row := rows.get(id_)) and not _agrees(row.state.value, row.reason, known)
    ]
    hostile = [id_ for id_ in expected if id_.startswith("hostile/")]
    silent = [id_ for id_, row in rows.items() if row.state.value != "ok" and not row.reason]
    return {
        "files": len(expected),
        "rows": len(rows),
        "adds_up": manifest.adds_up,
        "hostile": len(hostile),
        "good_lost": sum(
            known["state"] == "ok" and (id_ not in rows or rows[id_].state.value != "ok")
            for id_, known in expected.items()
        ),
        "without_a_row": sorted(expected.keys() - rows.keys())[:10],
        "unexpected": sorted(rows.keys() - expected.keys())[:10],
        "without_a_reason": silent[:10],
        "wrong": len(wrong),
        "wrong_first": wrong[:10],
        "states": manifest.states,
        "reasons": manifest.reasons,
        "kinds": dict(Counter(known["kind"] for known in expected.values())),
    }


def _agrees(state: str, reason: str, known: dict[str, Any]) -> bool:
    if known["state"] == "any":
        return state == "ok" or bool(reason)
    return state == known["state"] and (state == "ok" or reason in known["reasons"])


def differing(corpus: Path, one: Path, other: Path) -> list[str]:
    """Return the ids of rows that two scans do not share, apart from times."""
    from forensics.scan.row import comparable

    first, second = (
        {id_: comparable(row) for id_, row in rows_of(corpus, out).items()} for out in (one, other)
    )
    return [id_ for id_ in sorted({*first, *second}) if first.get(id_) != second.get(id_)]


def main() -> None:
    """Run the benchmark and write benchmarks/results/scan_accounting.json."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--engine", action="append", choices=["local", "ray"])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--profile", default="triage")
    parser.add_argument("--keep", type=Path, help="Folder for the results of the scans.")
    given = parser.parse_args()
    corpus, engines = given.corpus.resolve(), given.engine or ["local", "ray"]
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.keep or Path(scratch)
        found: dict[str, Any] = {}
        for engine in engines:
            out = folder / engine
            shutil.rmtree(out, ignore_errors=True)
            shutil.rmtree(folder / f"{engine}-seen", ignore_errors=True)
            seconds = scanned(corpus, out, engine, given.workers, given.profile)
            found[engine] = {"seconds": round(seconds, 1), **compared(corpus, out)}
        other = differing(corpus, folder / engines[0], folder / engines[1]) if len(engines) > 1 else []
    result = {
        "profile": given.profile,
        "workers": given.workers,
        "engines": found,
        "rows_that_differ": len(other),
        "rows_that_differ_first": other[:10],
    }
    write_result(
        "scan_accounting",
        f"python benchmarks/scan_accounting.py CORPUS --profile {given.profile} --workers {given.workers}",
        result,
    )
    sys.stdout.write(json.dumps(result, indent=2) + "\n")
    bad = any(f["good_lost"] or f["wrong"] or f["without_a_row"] or not f["adds_up"] for f in found.values())
    sys.exit(int(bad or bool(other)))


if __name__ == "__main__":
    main()
