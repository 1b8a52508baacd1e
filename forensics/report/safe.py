"""Text from hostile files, made safe to show.

File names, metadata and manifest titles are the attacker's: they may hold terminal escapes, line breaks
that forge output, or bidirectional overrides that show `exe.jpg` for `gpj.exe`.
"""

from __future__ import annotations

import unicodedata

__all__ = ["printable"]

HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def printable(text: str, limit: int = 300) -> str:
    r"""Return text in which everything invisible or reordering is written as an escape.

    Args:
        text: Any text.
        limit: Longest result in characters before it is cut with an ellipsis.

    Example:
        >>> printable("a\x1b[31mb\u202egpj.exe")
        'a\\x1b[31mb\\u202egpj.exe'
    """
    shown = "".join(_escape(c) if unicodedata.category(c) in HIDDEN else c for c in text[: limit + 1])
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _escape(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
