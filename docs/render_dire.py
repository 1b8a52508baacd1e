"""The section on DIRE of the page of benchmarks."""

from __future__ import annotations

from typing import Any

from render_tables import load, source, table

__all__ = ["dire"]

PAIRS = ("photos against drawn", "coded photos against drawn", "photos against coded photos")


def _area(found: dict[str, Any]) -> str:
    return f"{found['auc']:.2f} ({found['low']:.2f}-{found['high']:.2f})"


def dire() -> tuple[str, ...]:
    """Return the section."""
    result = load("dire")
    rows = [
        (row["way"], f"`{row['stored']}`", *(_area(row[pair]) for pair in PAIRS)) for row in result["rows"]
    ]
    spent = result["processor seconds of a picture"]
    times = ", ".join(f"{seconds:.2g} s ({name})" for name, seconds in spent.items())
    return (
        f"## DIRE without its leak\n\n{source(result)}\n"
        f"{result['count']} photos that the model never saw, as many pictures that it drew, and the photos through its "
        f"codec alone, all of {result['side']} px and stored alike. Area under the ROC curve (95 %) of the mean of a "
        "map, where less stands for made: 1 is what DIRE claims, 0.5 is chance, and below 0.5 what the model drew is "
        "given back *worse* than photos. The second column shows how much of the first is the codec, the third what "
        "the codec alone does to photos.\n\n"
        + table(("map", "stored as", *PAIRS), rows)
        + f"\nOne picture takes, in processor seconds of one thread: {times}.\n",
    )
