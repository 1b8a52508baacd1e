"""Sections of docs/benchmarks.md on manipulated regions: what finds them, where it is silent, and how fast."""

from __future__ import annotations

from typing import Any

from render_tables import cell, load, source, table

__all__ = ["manipulation"]

FOUND = (
    "method", "set", "treatment", "forged", "not applicable", "found", "untouched", "untouched, not applicable",
    "false alarms", "largest weight of an untouched one", "auc", "f1", "iou", "pixel auc of maps",
)  # fmt: skip


def manipulation() -> list[str]:
    """Return the sections."""
    return [_found(), _speed(), _noise()]


def _found() -> str:
    result = load("manipulation")
    rows = [tuple(cell(row[name]) for name in FOUND) for row in result["table"]]
    return (
        f"## Manipulated regions by method\n\n{source(result)}\n"
        "Files of which a method says `not applicable` are counted apart, and not in AUC, F1 and IoU, which are of the "
        "files that it applies to; where it found nothing F1 and IoU are 0. AUC compares the weights of forged and "
        "untouched files of the same row; weights below 0 are ties.\n\n" + table(FOUND, rows)
    )


def _speed() -> str:
    result = load("manipulation_speed")
    rows = [
        (name, f"{1000 * r['cpu_seconds']:.0f} ms", r["megapixels_per_second"])
        for name, r in result["one thread, median of 5"].items()
    ]
    elsewhere = result["photoholmes 0.0.1, 512 x 512, measured elsewhere"]
    others = ", ".join(f"{name} {seconds} s" for name, seconds in elsewhere.items())
    return (
        f"## Speed of the searches for manipulated regions\n\n{source(result)}\n"
        "One thread. Of a large picture all but `zero` look at a sample of bounded size, which is counted as the whole. "
        f"For scale, photoholmes 0.0.1 at 512 x 512, measured by others on another machine: {others}.\n\n"
        + table(("method, picture", "processor time", "megapixels per second"), rows)
    )


def _noise() -> str:
    result = load("noise")
    head = (
        "last save", "untouched", "forged", "AUC", "Cllr", "untouched with LLR >= 1", "forged with LLR >= 1",
        "pixel AUC by kind",
    )  # fmt: skip
    rows = [(name, *_of_noise(row)) for name, row in result["by last save"].items()]
    groups = ", ".join(
        f"{name} {row['largest llr']:+.2f} of {row['versions']}"
        for name, row in result["untouched by group"].items()
    )
    return (
        f"## Noise unlike the rest, on pictures that calibrated nothing\n\n{source(result)}\n"
        f"Largest LLR of untouched versions: {groups}.\n\n" + table(head, rows)
    )


def _of_noise(row: dict[str, Any]) -> tuple[object, ...]:
    kinds = ", ".join(f"{kind} {value:.2f}" for kind, value in row["pixel auc"].items())
    counts = (row["untouched with llr >= 1"], row["forged with llr >= 1"])
    return row["untouched"], row["forged"], row["auc"], row["cllr"], *counts, kinds
