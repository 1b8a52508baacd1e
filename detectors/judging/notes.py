"""What a reader of the figures has to know of the pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from forensics.detectors.aligned.storing import Stored
from forensics.detectors.judging.deliveries import AS_IS
from forensics.detectors.judging.looking import Shown
from forensics.detectors.judging.results import Thresholds

__all__ = ["notes_of"]

_FEW = 100  # sources below which 1 % is none of them


def notes_of(test: Sequence[Shown], thresholds: Thresholds, stored: Stored) -> tuple[str, ...]:
    """Return the notes, a sentence or two each.

    Args:
        test: What was tested.
        thresholds: Fixed before.
        stored: How pictures are stored that a delivery does not store itself.
    """
    found = []
    native = [one for one in test if one.looked.delivery == AS_IS]
    formats = [Counter(s.looked.format for s in native if s.sample.fake is fake) for fake in (False, True)]
    if set(formats[0]) != set(formats[1]) and native:
        found.append(
            f"As they are, real pictures are {_listed(formats[0])} and made ones {_listed(formats[1])}: the "
            "format alone may tell them apart there (`forensics datasets audit` says how much)."
        )
    sizes = [{s.looked.pixels for s in native if s.sample.fake is fake} for fake in (False, True)]
    if native and sizes[0].isdisjoint(sizes[1]):
        found.append("No real picture has as many pixels as any made one: the size alone tells them apart.")
    sources = max((row.sources for row in thresholds.rows), default=0)
    if not thresholds.corpus:
        found.append("No photos were kept apart to fix a threshold at 1 % of false alarms.")
    elif not thresholds.rows:
        found.append(
            f"Nothing was said of the photos of {thresholds.corpus}: no threshold could be fixed on them."
        )
    elif sources < _FEW:
        found.append(
            f"The thresholds at 1 % of false alarms rest on {sources} independent photos: too few for it."
        )
    found.append(f"Deliveries that are no save themselves are stored as {stored}, both classes alike.")
    return tuple(found)


def _listed(counts: Counter[str]) -> str:
    return ", ".join(name.upper() for name, _ in counts.most_common())
