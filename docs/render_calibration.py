"""The part of docs/benchmarks.md on calibrations of one's own."""

from __future__ import annotations

from typing import Any

from render_tables import load, source, table

__all__ = ["own_calibration"]

FIGURES = ("AUC", "TPR at FPR 1 %", "Cllr", "Cllr_min", "ECE", "misleading for")


def own_calibration() -> str:
    """Return the section."""
    result = load("own_calibration")
    rows = [
        (name, group, *(_cell(figures[f]) for f in FIGURES))
        for name, groups in result["test"].items()
        for group, figures in groups.items()
    ]
    back = [
        (name, group, label, counts["pictures"], counts["likely_altered"], counts["taken back"])
        for name, groups in result["stability"].items()
        for group, labels in groups.items()
        for label, counts in labels.items()
    ]
    train, photo = result["train"], result["photo_seconds"]
    head = ("set", "stored as", "label", "pictures", "`likely_altered`", "taken back")
    return (
        f"## Calibrated on one's own pictures, and delivered again\n\n{source(result)}\n"
        f"Mosaics of small photos; in the fakes a region is copied or pasted. Calibrated on {train['real']} real "
        f"and {train['fake']} fake pictures of {train['real_sources']} sources, measured on those of "
        f"{result['sources'] - train['real_sources']} others, with 95 % intervals by source. {_fusion(result)}\n\n"
        + table(("weights", "stored as", *FIGURES), rows)
        + "\nVerdicts of detectors on the same pictures, and those that looking again took back:\n\n"
        + table(head, back)
        + f"\nA JPEG of {photo['megapixels']} megapixels in which a region was copied: {photo['without']:.1f} s "
        f"without looking again (`{photo['rule without']}`), {photo['with']:.1f} s with it "
        f"(`{photo['rule with']}`).\n"
    )


def _fusion(result: dict[str, Any]) -> str:
    if result["fusion"] is None:
        return "What was learned of how findings repeat each other cost no less than the usual rule, which stayed."
    shown = {f["name"]: f["value"] for f in result["fusion"]["figures"]}
    return (
        f"Fusing by what was learned cost {shown['Cllr']:.3f} on held-out training sources, by the usual rule "
        f"{shown['Cllr by the usual rule']:.3f}."
    )


def _cell(values: list[float]) -> str:
    value, low, high = values
    return f"{value:.3f} ({low:.3f}-{high:.3f})"
