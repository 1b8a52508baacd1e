"""What unmarked pictures show: measured, shipped, and measurable again on one's own pictures."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError
from forensics.watermark.payload import LAYOUTS
from forensics.watermark.spread.carriers import Plan
from forensics.watermark.spread.frontend import CLASSICAL, FrontEnd
from forensics.watermark.spread.searching import in_windows, on_lattices, on_own_grid
from forensics.watermark.spread.views import views_of
from forensics.watermark.statistics import Null, Together, fit_null

__all__ = ["TAG_SHARE", "Nulls", "Trial", "load", "measure", "nulls_of", "of_searches", "shipped", "to_json"]

FORMAT = 5
TAG_SHARE = 0.01  # of the error rate, for each layout's tag; the rest is for the synchronisation alone
_SEARCHES = 3  # own grid, lattices, windows
_LEAST = 500


@dataclass(frozen=True)
class Nulls:
    """The nulls of all searches.

    Attributes:
        name: Name of the set of pictures.
        own_grid: Of the search on the picture's own grid.
        lattices: Of the search along lattices.
        windows: Of that along lattices of single parts.
        front: Name of the front end.
        together: By the codecs looked for, where this front end takes the last look: how rarely all looks
            together gave a small p-value.
    """

    name: str
    own_grid: Null
    lattices: Null
    windows: Null = field(default_factory=Null)
    front: str = "classical"
    together: Mapping[str, Together] = field(default_factory=dict)

    def log10_p(self, trial: Trial, *, quick: bool) -> float:
        """Return the log10 p-value of a trial, of the synchronisation alone.

        Args:
            trial: From `measure`.
            quick: Look on the picture's own grid only.
        """
        found = [self.own_grid.log10_p(trial.own_grid, trial.own_searched)]
        if not quick:
            found.append(self.lattices.log10_p(trial.lattices, trial.lattices_searched))
        if not quick and trial.windows_searched:
            found.append(self.windows.log10_p(trial.windows, trial.windows_searched))
        return of_searches(found, quick=quick)


@dataclass(frozen=True)
class Trial:
    """The largest correlations of one unmarked picture with one key.

    Attributes:
        own_grid: On the picture's own grid.
        own_searched: Of how many.
        lattices: Along lattices.
        lattices_searched: Of how many.
        windows: Along lattices of single parts.
        windows_searched: Of how many; 0 if the picture is too small for parts.
    """

    own_grid: float
    own_searched: int
    lattices: float
    lattices_searched: int
    windows: float = 0.0
    windows_searched: int = 0


def of_searches(log10_p: Sequence[float], *, quick: bool) -> float:
    """Return the log10 p-value of the best of the searches that one look makes.

    Args:
        log10_p: Those of the searches made.
        quick: No more would have been made.
    """
    most = (1 if quick else _SEARCHES) / (1 - TAG_SHARE * len(LAYOUTS))
    return min(0.0, min(log10_p) + math.log10(most))


def measure(luma: npt.NDArray[np.uint8], plans: Sequence[Plan], front: FrontEnd = CLASSICAL) -> list[Trial]:
    """Search an unmarked picture for the marks of some keys.

    Args:
        luma: (H, W).
        plans: Of fresh keys, with which nothing was ever marked, from `sync_plan`.
        front: What looks at it.
    """
    views = views_of(luma, front=front)
    windows = views[0].windows
    trials = []
    for plan in plans:
        own, other = on_own_grid(views, plan)[0], on_lattices(views, plan, 1)[0]
        both = own.sync.z, own.searched, other.sync.z, other.searched
        part = in_windows(windows, plan) if windows else None
        trials.append(Trial(*both, part.sync.z, part.searched) if part else Trial(*both))
    return trials


def nulls_of(name: str, pictures: Iterable[Sequence[Trial]], front: str = "classical") -> Nulls:
    """Return the nulls that measured pictures follow.

    Args:
        name: What to call the set of pictures.
        pictures: What `measure` gave for each.
        front: Name of the front end.

    Raises:
        UsageError: There are too few.
    """
    measured = list(pictures)
    trials = [trial for picture in measured for trial in picture]
    if len(trials) < _LEAST:
        raise UsageError(
            f"{len(trials)} trials are too few to calibrate, {_LEAST} are needed", actual=len(trials)
        )
    parted = [t for t in trials if t.windows_searched]
    of_parts = sum(picture[0].windows_searched > 0 for picture in measured)
    return Nulls(
        name,
        fit_null([t.own_grid for t in trials], [t.own_searched for t in trials], len(measured)),
        fit_null([t.lattices for t in trials], [t.lattices_searched for t in trials], len(measured)),
        fit_null([t.windows for t in parted], [t.windows_searched for t in parted], of_parts)
        if len(parted) >= _LEAST
        else Null(),
        front,
    )


def to_json(nulls: Sequence[Nulls]) -> str:
    """Return the nulls of some front ends as the text of a file."""
    return json.dumps({"format": FORMAT, "nulls": [asdict(n) for n in nulls]}, indent=2) + "\n"


def load(path: Path) -> tuple[Nulls, ...]:
    """Read the nulls of one or more front ends from a file that `to_json` made.

    Raises:
        UsageError: It is no such file.
    """
    try:
        return _parsed(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(f"{path} holds no calibration: {error}", actual=str(path)) from None


@cache
def shipped() -> Nulls:
    """Return the nulls that come with the suite."""
    text = resources.files("forensics.watermark.spread").joinpath("nulls.json").read_text(encoding="utf-8")
    return _parsed(json.loads(text))[0]


def _parsed(document: dict[str, Any]) -> tuple[Nulls, ...]:
    if document["format"] != FORMAT:
        raise ValueError(f"it is of format {document['format']}, not {FORMAT}; calibrate again")
    if not document["nulls"]:
        raise ValueError("no front end was measured")
    return tuple(_nulls(part) for part in document["nulls"])


def _nulls(part: dict[str, Any]) -> Nulls:
    if not isinstance(part["front"], str):
        raise TypeError(f"a front end named {part['front']!r}")
    searches = []
    for name in ("own_grid", "lattices", "windows"):
        fields = {**part[name], "counts": tuple(part[name]["counts"])}
        searches.append(Null(**fields))
    together = {str(name): _together(**value) for name, value in part["together"].items()}
    return Nulls(str(part["name"]), searches[0], searches[1], searches[2], part["front"], together)


def _together(share: float, decline: float) -> Together:
    if not (0 < share <= 1 and 0 <= decline <= 1):
        raise ValueError(f"a share of {share} that declines by {decline}")
    return Together(share, decline)
