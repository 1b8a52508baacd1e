"""Detectors by name."""

from __future__ import annotations

from collections.abc import Iterable

from forensics.detectors.base import DETECTORS, Detector
from forensics.errors import UsageError

__all__ = ["choose"]


def choose(only: Iterable[str] | None = None, skip: Iterable[str] = ()) -> tuple[Detector, ...]:
    """Return detectors, sorted by name.

    Args:
        only: Names of those wanted; all if None.
        skip: Names of those to leave out.

    Raises:
        UsageError: There is none of a name, or one text is given in place of a list.
    """
    for given in (only, skip):
        if isinstance(given, str):  # its letters would be taken for names
            raise UsageError(f"name detectors in a list, such as [{given!r}], not as one text", actual=given)
    wanted, left_out = set(DETECTORS.names() if only is None else only), set(skip)
    unknown = (wanted | left_out) - set(DETECTORS.names())
    if unknown:
        known = ", ".join(DETECTORS.names())
        raise UsageError(f"no detector called {', '.join(sorted(unknown))}; there are: {known}")
    return tuple(DETECTORS.get(name)() for name in sorted(wanted - left_out))
