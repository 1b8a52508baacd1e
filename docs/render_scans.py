"""The part of docs/benchmarks.md that is about scans of many files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from render_tables import RESULTS, cell, load, source, table

__all__ = ["scans"]


def scans() -> list[str]:
    """Return the sections whose results are there."""
    parts = {
        "scan_accounting": _accounting,
        "scan_chaos": _chaos,
        "scan_speed_decoding": _decoding,
        "scan_speed_scaling": _scaling,
        "scan_speed_standard": _standard,
        "scan_speed_ray": _ray,
        "scan_speed_peer": _peer,
        "scan_speed_memory": _memory,
        "scan_cascade": _cascade,
        "scan_page_100000": _page,
    }
    return [render(load(name)) for name, render in parts.items() if (RESULTS / f"{name}.json").is_file()]


def _accounting(result: dict[str, Any]) -> str:
    rows = [
        (
            engine,
            found["files"],
            found["hostile"],
            found["rows"],
            found["good_lost"],
            found["wrong"],
            "yes" if found["adds_up"] else "no",
            cell(found["seconds"]),
        )
        for engine, found in result["engines"].items()
    ]
    head = ("engine", "files", "hostile", "rows", "good ones lost", "not as expected", "adds up", "seconds")
    states = next(iter(result["engines"].values()))
    return (
        f"## Scans: is every file accounted for?\n\n{source(result)}\n"
        f"A corpus of `benchmarks/scan_corpus.py`, profile `{result['profile']}`, {result['workers']} workers; each file "
        "is compared with what is known of it from how it was made.\n\n"
        + table(head, rows)
        + f"\nStates: {_counts(states['states'])}. Reasons: {_counts(states['reasons'])}. Rows in which the engines "
        f"differ, times apart: {result['rows_that_differ']}.\n"
    )


def _chaos(result: dict[str, Any]) -> str:
    return (
        f"## Scans: killed, starved, locked out\n\n{source(result)}\n"
        f"{result['rounds']} scans of {result['files']} files, disturbed at random moments and resumed until they came to "
        f"their end: {_counts(result['disturbed'])}. Scans whose rows differ from those of one that was left alone: "
        f"{result['rounds_that_differ']}.\n"
    )


def _rates(result: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [
        (name, found["seconds"], found["files_per_second"])
        for name, found in result.items()
        if isinstance(found, dict) and "files_per_second" in found
    ]


_HEAD = ("", "seconds", "files a second")


def _decoding(result: dict[str, Any]) -> str:
    decoders = list(result["sizes"]["all"]["triage_rate_over_decoding"])
    rows = [
        (
            name,
            found["files"],
            found["triage"]["files_per_second"],
            *(found[f"decoding, {decoder}"]["files_per_second"] for decoder in decoders),
            *found["triage_rate_over_decoding"].values(),
        )
        for name, found in result["sizes"].items()
    ]
    head = ("longest side", "files", "`triage`", *decoders, *(f"over {decoder}" for decoder in decoders))
    return (
        f"## Scans: `triage` beside merely decoding\n\n{source(result)}\n"
        "Files a second, of two processes that scan them, and of two that only decode them with Pillow, OpenCV, and this "
        "suite; from start to end, medians. The last columns are the rate of `triage` over theirs, medians of ratios of "
        "one round.\n\n" + table(head, rows)
    )


def _scaling(result: dict[str, Any]) -> str:
    parts = [f"## Scans: one worker and two\n\n{source(result)}"]
    for profile in ("triage", "standard"):
        found = result[profile]
        parts.append(
            f"`{profile}`, {found['files']} files: two workers do {found['two_over_one']} times as much as one.\n\n"
            + table(_HEAD, _rates(found))
        )
    return "\n".join(parts)


def _standard(result: dict[str, Any]) -> str:
    rows = [(name, value) for name, value in result["milliseconds_of_a_file"].items() if value >= 0.05]
    return (
        f"## Scans: where the time of `standard` goes\n\n{source(result)}\n"
        f"{result['files']} files, two workers, one key: {result['files_per_second']} files a second. Milliseconds of a "
        "file, over all files, those included for which a step was left out.\n\n"
        + table(("step", "milliseconds"), rows)
    )


def _ray(result: dict[str, Any]) -> str:
    return (
        f"## Scans: Ray on one machine\n\n{source(result)}\n"
        f"{result['files']} files, `triage`, two workers; the seconds of Ray hold the start of its cluster, and are "
        f"{result['ray_seconds_over_local']} times those of the embedded engine.\n\n"
        + table(_HEAD, _rates(result))
    )


def _peer(result: dict[str, Any]) -> str:
    return (
        f"## Scans: beside a loop over packages\n\n{source(result)}\n"
        f"{result['files']} files. The peer is one process that reads credentials with c2pa-python, hashes with ImageHash "
        "and takes the noise residual with prnu-python; scans have two workers, and their start is counted.\n\n"
        + table(_HEAD, _rates(result))
        + "\n`triage` with the detector `residual` (`--only metadata --only residual`), which reads credentials and "
        "metadata, hashes, and looks at the noise of each picture, is "
        f"{result['triage_and_residual_over_peer']} times as fast as the loop. `triage` alone is "
        f"{result['triage_over_peer']} times as fast as the loop, and {result['triage_over_peer_without_residual']} times "
        "as fast as the loop without the residual; `standard`, which also looks for marks in all positions, "
        f"{result['standard_over_peer']} times as fast as the whole loop.\n"
    )


def _memory(result: dict[str, Any]) -> str:
    return (
        f"## Scans: memory of a worker\n\n{source(result)}\n"
        f"Over {result['files']} files: {result['megabytes_of_a_worker']} MB in the median, at most "
        f"{result['megabytes_at_most']} MB, and a slope of {result['megabytes_per_1000_files']} MB for 1,000 files.\n"
    )


def _cascade(result: dict[str, Any]) -> str:
    head = (
        "files",
        "number",
        "verdicts of the cascade",
        "changed by the rule",
        "other with `deep`",
        "last stage",
        "seconds: cascade, at once, deep",
    )
    rows = [
        (
            kind,
            found["files"],
            _counts(found["verdicts"]["cascade"]),
            _counts(found["changed_by_the_rule"]),
            _counts(found["changed_from_deep"]),
            _counts(found["last_stage"]),
            ", ".join(cell(value) for value in found["seconds_of_a_file"].values()),
        )
        for kind, found in result["kinds"].items()
    ]
    every = sum(found["files"] for found in result["kinds"].values())
    by_rule, by_deep = (
        sum(sum(found[name].values()) for found in result["kinds"].values())
        for name in ("changed_by_the_rule", "changed_from_deep")
    )
    return (
        f"## Scans: what the cascade saves and misses\n\n{source(result)}\n"
        "The same files by the stages of `standard` under the rule, by all of its detectors at once, and by all detectors "
        "there are; `a -> b`: the verdict without the rule, and with it. Seconds are those of one core for a file. Of "
        f"{every} files, the rule changes the verdict of {by_rule}, and `deep` judges {by_deep} otherwise.\n\n"
        + table(head, rows)
    )


def _page(result: dict[str, Any]) -> str:
    rows = [
        (name.replace("_", " "), found["median"], found["max"])
        for name, found in result["milliseconds"].items()
    ]
    return (
        f"## Scans: the report in a browser\n\n{source(result)}\n"
        f"{result['rows']} rows with previews, {result['browser']}, opened from disk; milliseconds.\n\n"
        + table(("", "median", "most"), rows)
        + f"\nWriting it took {result['writing']['seconds']} s and {result['writing']['most_resident_megabytes']} MB of "
        "memory.\n"
    )


def _counts(values: dict[str, Any]) -> str:
    ordered = sorted(values.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{name} {count}" for name, count in ordered) or "none"
