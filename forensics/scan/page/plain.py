"""Text of hostile files as the page may hold it: printable, bounded, and harmless inside a script."""

from __future__ import annotations

import json
from typing import Any

from forensics.report.safe import printable

__all__ = ["LONG", "MOST_ITEMS", "SHORT", "as_script", "plain", "plain_tree"]

SHORT = 300
"""Characters of what stands in lists."""

LONG = 12_000
"""Characters of what is shown alone."""

MOST_ITEMS = 500
"""Items of one list inside a record."""


def plain(text: str, limit: int = SHORT) -> str:
    r"""Return text in which nothing is invisible or reordering, as `printable` does, but fast for most text.

    Args:
        text: Any text.
        limit: Longest result.

    Example:
        >>> plain("a\u202eb"), plain("abc")
        ('a\\u202eb', 'abc')
    """
    text = str.__str__(text)
    return text if len(text) <= limit and text.isprintable() else printable(text, limit)


def plain_tree(value: Any, limit: int = LONG) -> Any:
    """Return a record of plain values in which every text is `plain` and every list bounded.

    Args:
        value: Dictionaries, lists, tuples, texts, numbers, truth values and None.
        limit: Longest text.
    """
    if isinstance(value, str):
        return plain(value, limit)
    if isinstance(value, dict):
        return {plain(key): plain_tree(item, limit) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_tree(item, limit) for item in value[:MOST_ITEMS]]
    return value


def as_script(value: Any) -> str:
    r"""Return an expression of JavaScript, in ASCII without "<", that gives a value of JSON.

    Example:
        >>> print(as_script(["</script>\u2028"]))
        JSON.parse("[\"\u003c/script>\\u2028\"]")
    """
    text = json.dumps(json.dumps(value, separators=(",", ":"), allow_nan=False))
    return f"JSON.parse({text})".replace("<", "\\u003c")
