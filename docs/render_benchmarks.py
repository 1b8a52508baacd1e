"""Render docs/benchmarks.md from benchmarks/results/*.json: `python docs/render_benchmarks.py`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from render_others import known_payloads, side_by_side
from render_tables import cell as _cell
from render_tables import source as _source
from render_tables import table as _table

__all__ = ["render"]

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"

HEAD = """# Benchmarks

<!-- Rendered by docs/render_benchmarks.py from benchmarks/results; run a benchmark, not an editor. -->

Every figure comes from a committed command and stands in `benchmarks/results` with the commit, the versions and the
machine it was measured on. The pictures are a folder of test pictures that `FORENSICS_DATA` names; they are not part of
the repository.
"""


def _load(name: str) -> dict[str, Any]:
    text = (ROOT / "benchmarks" / "results" / f"{name}.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def _speed() -> str:
    result = _load("audit_speed")
    whole = [
        (name, f"{result[key]['seconds']:.2f} s", f"{result[key]['peak_mb']} MB")
        for name, key in (
            ("`forensics --help`", "help"),
            ("full audit of a 12.7 MP JPEG, cold", "audit_cold"),
        )
    ]
    steps = [(step, f"{1000 * value:.0f} ms") for step, value in result["steps_warm_seconds"].items()]
    return (
        f"## What an audit costs\n\n{_source(result)}\n"
        + _table(("whole process, median", "time", "peak memory"), whole)
        + "\nWarm, by step (the detectors run side by side, two at a time):\n\n"
        + _table(("step", "median"), steps)
    )


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


SUITES = {
    "watermark_contract": "What marks survive: what is demanded",
    "watermark_full": "What marks survive: the attacks of the published benchmarks",
}


def _survival(name: str) -> str:
    """What marks survive, one row for each attack; the figures that were demanded and missed in bold."""
    result = _load(name)
    rows = []
    for row in result["rows"]:
        found = f"{row['detected']} of {row['pictures']}"
        low, high = row["interval"]
        rows.append(
            (
                f"`{row['attack']}`",
                "" if row["demand"] is None else f"{row['demand']:.0%}",
                found if row["met"] else f"**{found}**",
                row["exact"],
                f"{low:.3f} to {high:.3f}",
                f"10^{row['weakest_log10_p']:.1f}",
                f"10^{row['median_log10_p']:.1f}",
                f"{1000 * row['seconds_per_megapixel']:.0f}",
            )
        )
    pictures = ", ".join(f"{count} of {group}" for group, count in result["pictures"].items())
    head = ("attack", "demanded", "found", "read", "95 %", "weakest p", "median p", "ms per megapixel")
    return (
        f"## {SUITES[name]}\n\n{_source(result)}\n"
        f"Pictures: {pictures}. PSNR at least {result['least_psnr']} dB. One threshold for all attacks: a false-alarm "
        f"rate of {result['rate']:g} for each picture. The interval is Wilson's, of the share found; the time is "
        "that of the detection, the median over pictures. What falls short of what was demanded is in bold.\n\n"
        + _table(head, rows)
    )


def _chance() -> str:
    result = _load("watermark_false_alarms")
    rows = [
        (
            f"{row['rate']:g}",
            row["alarms"],
            f"{row['alarms'] / result['pairs']:.2g}",
            f"{row['interval'][0]:.2g} to {row['interval'][1]:.2g}",
        )
        for row in result["rows"]
    ]
    kinds = ", ".join(f"`{name}`" for name in dict.fromkeys(result["attacks"]))
    return (
        f"## How often chance looks like a mark\n\n{_source(result)}\n"
        f"{result['pairs']} pairs of a picture and a key that it was not marked with; {result['pictures']} pictures, each "
        f"as it is and after: {kinds} (`mark`: marked with another key). Smallest p-value: "
        f"10^{result['smallest_log10_p']:.1f}.\n\n"
        + _table(("declared rate", "alarms", "measured rate", "95 %"), rows)
    )


def _clips() -> str:
    """What marks on clips survive, and what they cost."""
    result = _load("watermark_video")
    peak = result["peak_mb"]
    groups = (
        ("films", "Films of ten seconds, 1280 x 720: a camera over photos, with cuts, grain and sound"),
        ("every_fifth", "The same, with every fifth frame marked"),
        ("heads", "Talking heads, 480 to 512 pixels high"),
    )
    memory = "; ".join(f"{action} {p['10 s']} MB and {p['60 s']} MB" for action, p in peak.items())
    kept = ", ".join(
        f"{name.replace('_', ' ')}: {'yes' if value else '**no**'}" for name, value in result["kept"].items()
    )
    return (
        f"## What marks in clips survive\n\n{_source(result)}\n"
        "How much frames count and how large tiles are was chosen on other photos than those of the films. "
        "Coded by H.264 at crf 28 where nothing else is said; the first row is as marked, at crf 18. One threshold for "
        "all: a false-alarm rate of 1e-06 for each clip.\n\n"
        + "\n".join(_of_clips(title, result[name]) for name, title in groups)
        + f"\nPeak memory with ten seconds and with a minute of 1280 x 720: {memory}. Copied unchanged: {kept}.\n"
    )


def _chance_in_clips() -> str:
    """How often chance looks like a mark in a clip."""
    result = _load("watermark_video_chance")
    alarms = [
        (f"{r['rate']:g}", r["alarms"], f"{r['interval'][0]:.2g} to {r['interval'][1]:.2g}")
        for r in result["alarms"]
    ]
    shares = [(r["search"], r["of_clips"], r["of_pictures"]) for r in result["shares"]]
    return (
        f"## How often chance looks like a mark in a clip\n\n{_source(result)}\n"
        f"{result['pairs']} pairs of a key and a small clip that it did not mark; {result['clips']} clips, a third of them "
        f"marked by another key. Smallest p-value: 10^{result['smallest_log10_p']:.1f}.\n\n"
        + _table(("declared rate", "alarms", "95 % of the measured rate"), alarms)
        + "\nWhich share of the hypotheses counts, in sums of frames and in the pictures of the calibration that "
        "ships:\n\n" + _table(("search", "in clips", "in pictures"), shares)
    )


def _of_clips(title: str, result: dict[str, Any]) -> str:
    rows = [
        (
            row["attack"],
            f"{row['found']} of {row['clips']}",
            row["exact"],
            f"{row['called_own']} / {row['called_copied']}",
            f"10^{row['weakest_log10_p']:.1f}",
            f"{row['seconds']:.1f}",
        )
        for row in result["rows"]
    ]
    head = ("what was done", "found", "read", "called its own / copied", "weakest p", "seconds to look")
    return (
        f"{title}; {result['clips']} clips, {result['frames']} frames, PSNR at least {result['least_psnr']} dB, "
        f"{result['marking_ms_per_frame']:.0f} ms to mark and code a frame:\n\n" + _table(head, rows)
    )


def _other(name: str) -> str:
    """Any other result on marks that has rows: as they are."""
    result = _load(name)
    rows = result["rows"]
    head = tuple(dict.fromkeys(key for row in rows for key in row))
    title = name.removeprefix("watermark_").replace("_", " ")
    cells = [tuple(_cell(row.get(key)) for key in head) for row in rows]
    return f"## Marks: {title}\n\n{_source(result)}\n" + _table(
        tuple(h.replace("_", " ") for h in head), cells
    )


def _watermarks() -> list[str]:
    """Whatever has been measured of marks."""
    there = [path.stem for path in sorted((ROOT / "benchmarks" / "results").glob("watermark_*.json"))]
    first = [_survival(name) for name in SUITES if name in there]
    chance = [_chance()] if "watermark_false_alarms" in there else []
    of_clips = {"watermark_video": _clips, "watermark_video_chance": _chance_in_clips}
    clips = [table() for name, table in of_clips.items() if name in there]
    of_others = {"watermark_side_by_side": side_by_side, "watermark_known_payloads": known_payloads}
    others = [table(_load(name)) for name, table in of_others.items() if name in there]
    known = {*SUITES, "watermark_false_alarms", *of_clips, *of_others}
    return [
        *first,
        *chance,
        *clips,
        *others,
        *(_other(name) for name in there if name not in known and "rows" in _load(name)),
    ]


def render() -> str:
    """Return the page."""
    parts = (
        HEAD, _speed(), _credentials(), _hostile(), _false_alarms(), _copy_move(), _transplants(), *_watermarks(),
    )  # fmt: skip
    rest = (
        "The evaluations of `jpeg` and `periodicity` are long: see `benchmarks/results/jpeg.json` and "
        "`benchmarks/results/periodicity.json`.\n"
    )
    return "\n".join((*parts, rest))


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
