"""The section on leaks of the page of benchmarks."""

from __future__ import annotations

from typing import Any

from render_tables import load, source, table

__all__ = ["leaks"]

FAMILIES = ("container", "size", "bytes", "history", "all")
CONTROLS = ("same", "size", "format")


def _figures(found: dict[str, Any] | None, *, leaks: bool) -> str:
    if found is None:
        return "-"
    text = f"{100 * found['accuracy']:.0f} % ({found['low']:.2f}-{found['high']:.2f})"
    return f"**{text}**" if leaks else text


def leaks() -> tuple[str, ...]:
    """Return the section."""
    result = load("leak_audit")
    rows, against = [], []
    for name, row in result["table"].items():
        families = [_figures(row["leaks"][key], leaks=row["leaks"][key]["leaks"]) for key in FAMILIES]
        share = "-" if row["share"] is None else f"{100 * row['share']:.0f} %"
        rows.append((name, *families, _figures(row["detector"], leaks=False), share))
        controls = [
            _figures(row["controls"][key]["found"], leaks=row["controls"][key]["leaks"]) for key in CONTROLS
        ]
        against.append((name, *controls, "; ".join(row["telling"]) or "-"))
    one = next(iter(result["table"].values()))
    return (
        f"## What leaks in sets\n\n{source(result)}\n"
        f"`forensics datasets audit` on {one['reals']} real and {one['fakes']} fake pictures of each set: accuracy, both "
        "classes weighing the same, and the 95 % interval of the area under the ROC curve; bold is surely above 0.55, "
        "which the audit calls a leak. Published set-ups were made again of photos of 128x128, with a ratio of sizes as "
        "Durall's; *photos alone* are maps of real photos, with no fake at all. The last column is how much of what "
        "can be reached needs no look at the content.\n\n"
        + table(("set", *FAMILIES, "detector", "share"), rows)
        + "\nReal against real, one half scaled or stored as the fakes are, and what gives the classes away:\n\n"
        + table(("set", *CONTROLS, "what tells"), against),
    )
