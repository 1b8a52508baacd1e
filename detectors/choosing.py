"""Detectors by name."""

from __future__ import annotations

from collections.abc import Iterable

from forensics.detectors.base import DETECTORS, Detector
from forensics.errors import UsageError

__all__ = ["choose"]


def choose(
    only: Iterable[str] | None = None, skip: Iterable[str] = (), own: Iterable[Detector] = ()
) -> tuple[Detector, ...]:
    """Return detectors, sorted by name.

    Args:
        only: Names of those wanted; all if None.
        skip: Names of those to leave out.
        own: Further ones beside those that are registered.

    Raises:
        UsageError: There is none of a name, one text is given in place of a list, or one of the further ones
            has the name of another.
    """
    for given in (only, skip):
        if isinstance(given, str):  # its letters would be taken for names
            raise UsageError(f"name detectors in a list, such as [{given!r}], not as one text", actual=given)
    further = _by_name(own)
    known = {*DETECTORS.names(), *further}
    wanted, left_out = set(known if only is None else only), set(skip)
    unknown = (wanted | left_out) - known
    if unknown:
        there = ", ".join(sorted(known))
        raise UsageError(f"no detector called {', '.join(sorted(unknown))}; there are: {there}")
    return tuple(further.get(n) or DETECTORS.get(n)() for n in sorted(wanted - left_out))


def _by_name(own: Iterable[Detector]) -> dict[str, Detector]:
    found: dict[str, Detector] = {}
    for detector in own:
        name = detector.info.name
        if name in found or name in DETECTORS:
            raise UsageError(f"two detectors are called {name}: name one otherwise", actual=name)
        found[name] = detector
    return found
