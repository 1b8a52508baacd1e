"""Renders the tables of docs/restoration.md from benchmarks/results/restoration.json.

python docs/render_restoration.py
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from render_tables import load, source, table

__all__ = ["render"]

PAGE = Path(__file__).with_name("restoration.md")
BLOCK = re.compile(r"(?<=<!-- rendered -->\n).*(?=<!-- end -->)", re.DOTALL)


def render(page: str) -> str:
    """Return the page with its tables as the result says."""
    result = load("restoration")
    body = f"{source(result)}\n{_restored(result)}\n{_sizes(result)}\n"
    return BLOCK.sub(lambda _: body, page)


def _restored(result: dict[str, Any]) -> str:
    rows = [
        (
            row["container"], row["stripper"], row["files"], row["restored_by_store"],
            row["restored_by_skeleton"], ", ".join(f"{name} {n}" for name, n in row["relations"].items()),
        )
        for row in result["results"]
    ]  # fmt: skip
    head = ("container", "what was taken", "files", "back by the store", "back by the skeleton", "relation")
    return table(head, rows)


def _sizes(result: dict[str, Any]) -> str:
    rows = [
        (
            kind, row["files"], row["skeleton_median_bytes"], row["skeleton_most_bytes"],
            f"{100 * row['skeleton_median_share_of_file']:.1f} %", row["placement_most_bytes"] or "none",
        )
        for kind, row in result["sizes"].items()
    ]  # fmt: skip
    head = (
        "container",
        "files",
        "skeleton, median bytes",
        "most",
        "median share of the file",
        "placement, most",
    )
    return table(head, rows)


if __name__ == "__main__":
    PAGE.write_text(render(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
