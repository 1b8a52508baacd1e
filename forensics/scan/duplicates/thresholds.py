"""How near is near enough? From the measured tables of chance, and so that a larger scan errs no more often.

In a scan of n files each one has n chances to lie near to something that it has nothing to do with. The bits
that may differ are therefore the most with which the expected number of unrelated files as near to a file,
over both kinds of code, stays at one in a hundred. What is expected to be linked wrongly grows no faster than
the scan, and such links stay far from hanging together: that would take one for each file.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from forensics.errors import UsageError
from forensics.fingerprints import load_chance

__all__ = ["Thresholds", "thresholds"]

MOST = {"dct": 48, "pdq": 31}  # two photos of one scene lie 54 apart; 31 is the custom for PDQ
LOOSE = 1e-3  # chance of one unrelated picture


@dataclass(frozen=True)
class Thresholds:
    """Bits that may differ, -1 for none.

    Attributes:
        dct: For a link by windows.
        pdq: For a link by PDQ.
        loose_dct: Between a file and the middle of its cluster, where it is linked to another member.
        loose_pdq: The same.
    """

    dct: int
    pdq: int
    loose_dct: int
    loose_pdq: int


def thresholds(files: int, chance: float = 0.01) -> Thresholds:
    """Return the thresholds for a scan.

    Args:
        files: How many there are.
        chance: Unrelated files that may be expected to be linked to one, in (0, 1).

    Raises:
        UsageError: The chance is none.

    Example:
        >>> thresholds(1000).dct > thresholds(1_000_000).dct > 20
        True
    """
    if not 0 < chance < 1:
        raise UsageError("the chance of a wrong link lies between 0 and 1", actual=chance)
    each = math.log10(chance / len(MOST) / max(files, 1))
    most = {kind: min(_farthest(kind, each), least) for kind, least in MOST.items()}
    loose = {kind: max(most[kind], _farthest(kind, math.log10(LOOSE))) for kind in MOST}
    return Thresholds(most["dct"], most["pdq"], loose["dct"], loose["pdq"])


def _farthest(kind: str, log10_p: float) -> int:
    """Return the largest distance that chance explains no more often than so; -1 if there is none."""
    return int(np.flatnonzero(np.array(load_chance(kind).log10_p) <= log10_p).max(initial=-1))
