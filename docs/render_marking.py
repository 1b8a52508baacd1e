"""Renders what marking costs, for docs/benchmarks.md."""

from __future__ import annotations

from render_tables import RESULTS, load, source, table

__all__ = ["marking"]

STEPS = ("watermark", "encode", "sign", "read back", "record", "store")


def marking() -> list[str]:
    """Return a section if it has been measured."""
    return [_section()] if (RESULTS / "marking_speed.json").is_file() else []


def _section() -> str:
    result = load("marking_speed")
    speed, shares = [], []
    for row in result["rows"]:
        seconds, name = row["seconds"], (row["pictures"], row["format"])
        rate = f"{row['pictures_per_second']:.3g}"
        times = (f"{seconds['whole']:.3f} s", f"{seconds['wall']:.3f} s")
        speed.append((*name, row["files"], rate, *times, f"{row['megabytes']} MB"))
        parts = (seconds[step] / seconds["whole"] for step in STEPS)
        shares.append((*name, *(f"{100 * part:.0f} %" for part in parts), f"{seconds['fingerprints']:.3f} s"))
    return (
        f"## What marking costs\n\n{source(result)}\n"
        "Pixels in memory become marked files: watermark, encoding, signature, reading back, entry. Processor time of "
        "one thread, medians; wall time beside it, which other work of the machine and the disk lengthen.\n\n"
        + table(("pictures", "as", "files", "a second on one core", "each", "wall", "file"), speed)
        + "\nShare of each step. Fingerprints are a part of the step `record`.\n\n"
        + table(("pictures", "as", *STEPS, "fingerprints"), shares)
    )
