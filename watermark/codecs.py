"""The ways of marking by their names, and what each needs."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

from forensics.errors import UsageError
from forensics.runtime.store import names
from forensics.watermark.learned.codec import BUNDLE, learned
from forensics.watermark.spread.codec import SPREAD, Codec

__all__ = ["NAMES", "available", "codec_named"]


_CODECS: dict[str, Callable[[], Codec]] = {"spread": lambda: SPREAD, "learned": learned}
NAMES = tuple(_CODECS)


def codec_named(name: str) -> Codec:
    """Return a way of marking.

    Raises:
        UsageError: There is none of that name.
        MissingExtra: It needs a package that is not installed.
    """
    if name not in _CODECS:
        raise UsageError(f"no codec {name!r}; there are: {', '.join(NAMES)}", actual=name)
    return _CODECS[name]()


def available() -> tuple[str, ...]:
    """Return the names of those that run with what is installed, the cheapest first."""
    trained = find_spec("onnxruntime") is not None and BUNDLE in names()
    return NAMES if trained else ("spread",)
