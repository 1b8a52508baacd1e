"""Careful steps into JSON that anyone may have written."""

from __future__ import annotations

from typing import Any

__all__ = ["entries", "mapping", "text"]

LONGEST = 2048


def text(value: object) -> str:
    """Return a string, shortened; "" for anything else."""
    if not isinstance(value, str):
        return ""
    return value if len(value) <= LONGEST else value[: LONGEST - 1] + "…"


def mapping(value: object) -> dict[str, Any]:
    """Return an object, {} for anything else."""
    return value if isinstance(value, dict) else {}


def entries(value: object) -> list[dict[str, Any]]:
    """Return the objects of an array, [] for anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
