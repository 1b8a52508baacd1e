"""Reading the marks of others: which scheme, and whose payload.

Example:
    >>> import numpy as np
    >>> from forensics.watermark.others import MarkReader, parse_expected
    >>> reader = MarkReader(["dwtDct"], [parse_expected("dwtDct=c0ffee11")])
    >>> grey = np.full((256, 256, 3), 128, np.uint8)
    >>> reader.read(grey)[0].p_value > 0.01
    True
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forensics.watermark.others.base import SCHEMES, Message, Scheme, Word
    from forensics.watermark.others.expected import Expected, parse_expected
    from forensics.watermark.others.reading import MarkReader, Reading

__all__ = [
    "SCHEMES",
    "Expected",
    "MarkReader",
    "Message",
    "Reading",
    "Scheme",
    "Word",
    "parse_expected",
]

_HOMES = {
    "SCHEMES": "base",
    "Expected": "expected",
    "MarkReader": "reading",
    "Message": "base",
    "Reading": "reading",
    "Scheme": "base",
    "Word": "base",
    "parse_expected": "expected",
}


def __getattr__(name: str) -> Any:
    """Import public names on first use."""
    if name in _HOMES:
        return getattr(import_module(f"forensics.watermark.others.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'forensics.watermark.others' has no attribute {name!r}")
