"""Renders what benchmarks/recovery.py measured."""

from __future__ import annotations

from render_tables import RESULTS, load, source, table

__all__ = ["recovery"]


def recovery() -> list[str]:
    """Return the section on files found again; none where it was not measured."""
    if not (RESULTS / "recovery.json").is_file():
        return []
    result = load("recovery")
    rows = [
        (
            row["row"], row["pictures"], row["found"], row["right"],
            f"{row['interval'][0]:.3f} to {row['interval'][1]:.3f}", row["wrong"],
            ", ".join(f"{name} {count}" for name, count in row["said"].items()),
        )
        for row in result["rows"]
    ]  # fmt: skip
    head = ("what was done", "files", "found", "named rightly", "95 % interval", "wrongly", "said")
    restored = ", ".join(f"{form} {found} of {files}" for form, (found, files) in result["restored"].items())
    return [
        f"## Files found again\n\n{source(result)}\n"
        f"{result['pictures']} registered pictures and {result['others']} others. A file is named rightly if the "
        "relation is the one expected and the entry is its own, and wrongly if another entry is said to be its "
        "origin, or a mark is called copied that was not. Median time of one search: "
        f"{1000 * result['median_seconds']:.0f} ms.\n\n"
        + table(head, rows)
        + f"\nBack byte by byte after metadata were stripped in three ways: {restored}.\n"
    ]
