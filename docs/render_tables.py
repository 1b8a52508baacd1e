"""What rendered pages share: the line that says where figures are from, tables, and cells."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = ["RESULTS", "cell", "load", "source", "table"]

RESULTS = Path(__file__).resolve().parent.parent / "benchmarks" / "results"


def load(name: str) -> dict[str, Any]:
    """Return the result of a benchmark."""
    loaded: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def source(result: dict[str, Any]) -> str:
    """Return the command, the machine and the load of a result."""
    machine = result["machine"]
    return (
        f"`{result['command']}`, {machine['cores']} cores ({machine['processor']}), Python {machine['python']}, "
        f"load {machine['load']:.1f} at the end.\n"
    )


def table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    """Return a table in Markdown."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]) + "\n"


def cell(value: object) -> str:
    """Return a value as a table shows it."""
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, list):
        return " to ".join(cell(part) for part in value)
    return "" if value is None else str(value)
