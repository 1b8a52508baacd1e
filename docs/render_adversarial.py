"""The section of docs/benchmarks.md on pictures that were changed against a detector."""

from __future__ import annotations

from render_tables import RESULTS, load, source, table

__all__ = ["adversarial"]

_COLUMNS = (("png", "AUC"), ("png", "found"), ("jpeg", "AUC"), ("jpeg", "found"))


def adversarial() -> list[str]:
    """Return the section; nothing without results."""
    if not (RESULTS / "adversarial.json").is_file():
        return []
    result = load("adversarial")
    rows = [
        (row["detector"], f"{row['levels']:g}", *(f"{row[kind][name]:.3f}" for kind, name in _COLUMNS))
        for row in result["rows"]
    ]
    quality = result["quality"]
    head = ("detector", "grey levels", "AUC", "found", f"AUC, JPEG {quality}", f"found, JPEG {quality}")
    text = (
        f"## Adversarial pictures\n\n{source(result)}\n"
        f"{result['pictures']} photos in no training, and what the codec of the suite made of them. Those were changed "
        "against the network `residual`, which the attacker has, by at most so many grey levels (0: not at all). "
        "Found: called generated, as by an audit.\n\n"
    )
    return [text + table(head, rows)]
