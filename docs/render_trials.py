"""The section of docs/benchmarks.md on detectors: what they find, miss and accuse wrongly."""

from __future__ import annotations

from typing import Any

from render_tables import RESULTS, load, source, table

__all__ = ["trials"]

_SHOWN = ("AUC", "TPR at FPR 1 %", "found at frozen 1 %", "false alarms at frozen 1 %", "found at odds",
          "false alarms at odds", "Cllr", "Cllr_min")  # fmt: skip
_TITLES = {
    "small": "Aligned pairs, 128 px",
    "large": "Aligned pairs, 320 px",
    "sd15": "Stable Diffusion 1.5 beside photos",
    "gan": "Six GANs",
    "camera": "Photos alone",
}


# What a reader of one trial has to know, and no result says.
_SEEN = {
    "gan": "- Not unseen any more: after a honest picture of this set, enlarged and saved as JPEG 85, had been accused, "
    "enlarged photos were added to what scores are weighed on. No threshold was moved."
}


def trials() -> list[str]:
    """Return the section; nothing without results."""
    if not (RESULTS / "detectors.json").is_file():
        return []
    result = load("detectors")
    parts = [
        f"## Detectors on trial\n\n{source(result)}\n"
        "Thresholds are those of the first two sets, fixed before their tests; [Measure detectors](evaluation.md) says "
        "what the measures are. Intervals: 95 %, by source. Findings that spoke of no picture of a set have no row."
    ]
    for name, trial in result["trials"].items():
        parts.append(f"### {_TITLES.get(name, name)}\n\n{trial['about'][:1].upper()}{trial['about'][1:]}.")
        parts += [_sets(trial), "\n".join(filter(None, (_notes(trial), _SEEN.get(name, ""))))]
        if trial["pooled"]:
            parts += [_pooled(trial), _makers(trial)]
        if trial["alarms"]:
            parts.append(_alarms(trial))
    return ["\n\n".join(part.strip("\n") for part in parts if part) + "\n"]


def _sets(trial: dict[str, Any]) -> str:
    told = []
    for c in trial["corpora"]:
        name = f"{c['name']} ({c['split']})" if c["split"] else c["name"]
        made = f", {c['fake']} made ones of {c['fake_sources']}" if c["fake"] else ""
        told.append(f"{name}: {c['real']} photos of {c['real_sources']} sources{made}")
    return "; ".join(told) + "."


def _notes(trial: dict[str, Any]) -> str:
    return "\n".join(f"- {note}" for note in [*trial["notes"], *(f"failed: {x}" for x in trial["failed"])])


def _pooled(trial: dict[str, Any]) -> str:
    """Return all makers together, and those not seen before, by row and delivery."""
    cells = [c for c in trial["pooled"] if c["maker"] != "seen" and (c["real"] or c["fake"])]
    cells = [c for c in cells if not c["row"].startswith("control.")]
    if not cells:
        return "No finding speaks of any of these pictures."
    deliveries = list(dict.fromkeys(c["delivery"] for c in cells))
    aucs = {(c["row"], c["maker"], c["delivery"]): _value(c, "AUC") for c in cells}
    keys = dict.fromkeys((c["row"], c["maker"]) for c in cells)
    by_delivery = [
        (f"`{row}`", maker, *(aucs.get((row, maker, d), "-") for d in deliveries)) for row, maker in keys
    ]
    told = [c for c in cells if c["row"] == "fused" or c["delivery"] == deliveries[0]]
    figures = [
        (f"`{c['row']}`", c["maker"], c["delivery"], f"{c['real_answered']:.0%}, {c['fake_answered']:.0%}",
         *(_value(c, name) for name in _SHOWN))
        for c in told
    ]  # fmt: skip
    first, second = (
        ("row", "makers", *deliveries),
        ("row", "makers", "delivery", "speaks of photos, made", *_SHOWN),
    )
    return (
        f"AUC by delivery:\n\n{table(first, by_delivery)}\nAll figures of all findings as files are, and of the "
        f"fusion in every delivery:\n\n{table(second, figures)}"
    )


def _makers(trial: dict[str, Any]) -> str:
    """Return the AUC of each row and maker, as files are."""
    cells = [c for c in trial["makers"] if "AUC" in c["figures"] and (c["real"] and c["fake"])]
    makers = list(dict.fromkeys(c["maker"] for c in cells))
    if len(makers) < 2:
        return ""
    found = {(c["row"], c["maker"]): _value(c, "AUC") + (" (seen)" if c["seen"] else "") for c in cells}
    names = list(dict.fromkeys(c["row"] for c in cells))
    rows = [(maker, *(found.get((row, maker), "-") for row in names)) for maker in makers]
    return "AUC by maker, as files are:\n\n" + table(("maker", *(f"`{name}`" for name in names)), rows)


def _alarms(trial: dict[str, Any]) -> str:
    """Return how many photos were accused, of how many, and of how many something was said."""
    found = {
        (
            a["corpus"],
            a["row"],
            a["at"],
            a["delivery"],
        ): f"{a['accused']} of {a['pictures']} ({a['answered']})"
        for a in trial["alarms"]
    }
    deliveries = list(dict.fromkeys(a["delivery"] for a in trial["alarms"]))
    keys = dict.fromkeys((a["corpus"], a["row"], a["at"]) for a in trial["alarms"])
    rows = [
        (corpus, f"`{row}`", at, *(found.get((corpus, row, at, delivery), "-") for delivery in deliveries))
        for corpus, row, at in keys
    ]
    return "Accused, in brackets of how many something was said:\n\n" + table(
        ("photos", "row", "threshold", *deliveries), rows
    )


def _value(cell: dict[str, Any], name: str) -> str:
    if name not in cell["figures"]:
        return "-"
    value, low, high = cell["figures"][name]
    return f"{value:.3f} ({low:.3f}-{high:.3f})" if name in ("AUC", "TPR at FPR 1 %") else f"{value:.3f}"
