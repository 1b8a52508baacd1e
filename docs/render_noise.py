"""The part of docs/benchmarks.md that is about marks in noise."""

from __future__ import annotations

from typing import Any

from render_tables import RESULTS, load, source, table

__all__ = ["noise_marks"]

_NAME = "watermark_noise"


def noise_marks() -> list[str]:
    """Return the section if there is a result."""
    if not (RESULTS / f"{_NAME}.json").is_file():
        return []
    result = load(_NAME)
    return [
        f"## Marks in noise\n\n{source(result)}\n"
        f"[Marks in noise](noise_marks.md) of the model `{result['model']}`, whose noise has {result['values']} values, found "
        f"at a rate of {result['rate']:g} after {result['steps']} steps back. Likeness: the mean correlation of the "
        "noise that is found with what was drawn from. Signs: the share that is as it was marked, by chance a little more "
        "than one half, for the best of all pads is counted. Forged: drawn by somebody without the key from the noise of "
        "a marked picture. Drawn anew: by SDEdit of some strength, with the same model.\n\n"
        + _survival(result["survival"])
        + "\nUnmarked pictures, each compared with several keys; how many p-values are at most so much:\n\n"
        + _alarms(result["false alarms"])
        + "\nWhat marks cost: distances from unmarked pictures of other seeds, and how alike pictures of one key and "
        "payload are among themselves, in the correlation of their noise and in grey levels from picture to picture:\n\n"
        + _cost(result["cost"])
    ]


def _survival(rows: list[dict[str, Any]]) -> str:
    cells = [
        (
            f"`{row['scheme']}`", row["attack"], f"{row['found']} of {row['pictures']}", row.get("read", ""),
            row["median log10 p"], row.get("likeness of noise", ""), row.get("signs", ""),
        )
        for row in rows
    ]  # fmt: skip
    return table(("scheme", "attack", "found", "payload read", "median log10 p", "likeness", "signs"), cells)


def _alarms(rows: list[dict[str, Any]]) -> str:
    rates = [key for key in rows[0] if key.startswith("at most")]
    cells = [
        (
            f"`{row['scheme']}`", row["of"], row["comparisons"], *(row[rate] for rate in rates),
            row.get("published at most 0.001", ""),
        )
        for row in rows
    ]  # fmt: skip
    names = tuple(rate.removeprefix("at most ") for rate in rates)
    return table(("scheme", "pictures", "comparisons", *names, "0.001, as published"), cells)


def _cost(rows: list[dict[str, Any]]) -> str:
    keys = ("mark", "pictures", "spectrum, dB", "SWD", "likeness of noise", "grey levels apart")
    head = (*keys[:3], "SWD, thousandths", *keys[4:])
    return table(head, [tuple(row[key] for key in keys) for row in rows])
