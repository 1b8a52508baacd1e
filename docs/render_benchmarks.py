"""Render docs/benchmarks.md from benchmarks/results/*.json: `python docs/render_benchmarks.py`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from render_adversarial import adversarial
from render_calibration import own_calibration
from render_decoders import decoders
from render_dire import dire
from render_faces import faces
from render_fingerprints import fingerprints
from render_generators import generators
from render_holders import holders
from render_leaks import leaks
from render_manipulation import manipulation
from render_marking import marking
from render_marks import watermarks
from render_near_duplicates import near_duplicates
from render_noise import noise_marks
from render_onnx import onnx_files
from render_prnu import cameras
from render_recovery import recovery
from render_scans import scans
from render_signed import signed_generation
from render_splices import splices
from render_tables import load as _load
from render_tables import source as _source
from render_tables import table as _table
from render_trials import trials

__all__ = ["render"]

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"

HEAD = """# Benchmarks

<!-- Rendered by docs/render_benchmarks.py from benchmarks/results; run a benchmark, not an editor. -->

Every figure comes from a committed command and stands in `benchmarks/results` with the commit, the versions and the
machine it was measured on. The pictures are a folder of test pictures that `FORENSICS_DATA` names; they are not part of
the repository.
"""


def _speed() -> str:
    result = _load("audit_speed")
    audits = result["audits"]
    named = (
        ("`forensics --help`", result["help"]),
        ("full audit of a 12.7 MP JPEG, cold", audits["picture"]["cold"]),
        ("full audit of a clip of 10 s, 720p, cold", audits["clip"]["cold"]),
    )
    whole = [(name, f"{row['seconds']:.2f} s", f"{row['peak_mb']} MB") for name, row in named]
    costs = [audits[kind]["steps_warm_seconds"] for kind in ("picture", "clip")]
    steps = [
        (step, *(_milliseconds(c.get(step)) for c in costs)) for step in dict.fromkeys([*costs[0], *costs[1]])
    ]
    return (
        f"## What an audit costs\n\n{_source(result)}\n"
        + _table(("whole process, median", "time", "peak memory"), whole)
        + "\nWarm, by step (the detectors run side by side, two at a time):\n\n"
        + _table(("step", "picture", "clip"), steps)
    )


def _milliseconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{1000 * seconds:.0f} ms"


def _credentials() -> str:
    result = _load("credentials")
    summary = "; ".join(f"{key.replace('_', ' ')} {value}" for key, value in result["summary"].items())
    return f"## Reading credentials beside a bare reader of the SDK\n\n{_source(result)}\n{summary}.\n"


def _hostile() -> str:
    result = _load("hostile")
    problems = ", ".join(f"{count} {name}" for name, count in sorted(result["problems"].items()))
    slowest = result["slowest_seconds"][0]
    return (
        f"## Hostile files\n\n{_source(result)}\n"
        f"{result['files']} files in {len(result['formats'])} formats, mutated with a fixed seed or made by hand to "
        "exhaust time and memory, each with an outcome. "
        f"Crashes: {len(result['crashes'])}. Above 10 s: {len(result['hangs_over_10s'])}. "
        f"Internal errors: {len(result['internal_errors'])}. Connections opened: {len(result['connections'])}. "
        f"Slowest: {slowest[0]:.1f} s ({slowest[1]}). Peak memory of a worker: {result['peak_memory_mb']} MB. "
        f"Typed problems: {problems}.\n"
    )


def _false_alarms() -> str:
    result = _load("false_alarms")
    rows = []
    for row in result["table"]:
        verdicts = ", ".join(f"{count} {name}" for name, count in row["verdicts"].items())
        llrs = (f"{row['largest_llr_synthetic']:+.2f}", f"{row['largest_llr_altered']:+.2f}")
        rows.append((row["set"], row["treatment"], row["files"], verdicts, *llrs))
    head = ("set", "treatment", "files", "verdicts", "largest LLR synthetic", "largest LLR altered")
    accused = len(result["honest_files_accused"])
    return (
        f"## Verdicts on honest photos, and on others for scale\n\n{_source(result)}\n"
        f"Honest files accused: **{accused} of {result['honest_files']}**. Half of the Kodak pictures and half of the "
        "camera photos in photos/native were used for calibration; prnu was not.\n\n" + _table(head, rows)
    )


def _copy_move() -> str:
    result = _load("copy_move")
    forged = [
        (
            name,
            r["pictures"],
            r["auc"],
            r["found_at_llr_above_0"],
            r["found_at_llr_1"],
            r["mean_f1_both"],
            r["mean_f1_better"],
        )
        for name, r in result["forged"].items()
    ]
    clean = [
        (name, r["pictures"], r["versions"], r["llr_above_0"], r["llr_at_least_1"], r["largest_llr"])
        for name, r in result["untouched"].items()
    ]
    head = ("forged", "pictures", "AUC", "LLR > 0", "LLR >= 1", "pixel F1, both regions", "better region")
    return (
        f"## Copy-move\n\n{_source(result)}\n"
        "The masks mark the pasted region only, while source and copy look alike: F1 is given for both regions "
        "together, and for the better of the two.\n\n"
        + _table(head, forged)
        + "\n"
        + _table(
            ("untouched", "pictures", "versions (as is, re-saved)", "LLR > 0", "LLR >= 1", "largest"), clean
        )
    )


def _transplants() -> str:
    result = _load("transplants")
    rows = [
        (name, r["pairs"], r["said_same"], r["said_other"], r["least"], r["median"], r["most"])
        for name, r in result["table"].items()
    ]
    head = (
        "thumbnail of",
        "pairs",
        "called the same",
        "called another",
        "least correlation",
        "median",
        "most",
    )
    return f"## Changed picture or moved credential\n\n{_source(result)}\n" + _table(head, rows)


def render() -> str:
    """Return the page."""
    parts = (
        HEAD, _speed(), _credentials(), _hostile(), _false_alarms(), *trials(), _copy_move(), *manipulation(), *splices(),
        *cameras(), own_calibration(), _transplants(), *leaks(), *watermarks(),
        *decoders(), *holders(), *noise_marks(), *fingerprints(), *near_duplicates(), *scans(), *marking(), *signed_generation(),
        *recovery(), *generators(), *faces(), *dire(), *adversarial(), *onnx_files(),
    )  # fmt: skip
    rest = (
        "The evaluations of `jpeg` and `periodicity` are long: see `benchmarks/results/jpeg.json` and "
        "`benchmarks/results/periodicity.json`.\n"
    )
    return "\n".join((*parts, rest))


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
