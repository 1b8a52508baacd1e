"""Pictures of single eyes, open or closed, from a folder or tar archive."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from forensics.datasets.listing import Member, members_of, with_suffix
from forensics.datasets.squares import SUFFIXES, picture_of
from forensics.errors import UsageError

__all__ = ["Eyes", "load_eyes"]

Pixels = npt.NDArray[np.uint8]

# MRL: s<subject>_<number>_<gender>_<glasses>_<0 closed, 1 open>_<reflections>_<light>_<sensor>
_MRL = re.compile(r"s(\d+)_\d+_\d_\d_([01])_\d_\d_\d+")
# CEW and others: a folder whose name begins so, as closedLeftEyes and openRightEyes do.
_FOLDERS = (("closed", True), ("open", False))


@dataclass(frozen=True, eq=False)
class Eyes:
    """Crops of single eyes.

    Attributes:
        crops: (N, side, side) uint8 luminance.
        closed: (N,) bool.
        subjects: (N,) number of the person; where files name none, each has one of its own.
    """

    crops: Pixels = field(repr=False)
    closed: npt.NDArray[np.bool_]
    subjects: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.crops)

    def where(self, chosen: npt.NDArray[np.bool_]) -> Eyes:
        """Return some of them.

        Args:
            chosen: (N,) bool.
        """
        return Eyes(self.crops[chosen], self.closed[chosen], self.subjects[chosen])

    def split(self, every: int) -> tuple[Eyes, Eyes]:
        """Return those to train on, and those held out: every so-manieth person, with all pictures.

        Args:
            every: One person in so many is held out.
        """
        persons = np.unique(self.subjects)
        held = np.isin(self.subjects, persons[min(every, len(persons)) - 1 :: every])
        return self.where(~held), self.where(held)


def load_eyes(source: str | Path, side: int, most: int = 100_000) -> Eyes:
    """Read eye crops: those of the MRL set by their names, others by folders named closed... and open...

    Args:
        source: A folder or tar archive.
        side: Rows and columns to which each crop is scaled.
        most: At most so many.

    Raises:
        UsageError: There is no such source, or it does not hold eyes of both states.
    """
    import cv2

    rows: list[tuple[Pixels, bool, int]] = []
    with members_of(source, ()) as members:
        for number, member in enumerate(with_suffix(members, SUFFIXES)):
            told, media = _told(member, number), None
            if told is not None and len(rows) < most:
                media = picture_of(member)
            if told is None or media is None:
                continue
            small = cv2.resize(media.luma, (side, side), interpolation=cv2.INTER_AREA)
            rows.append((np.asarray(small, np.uint8), *told))
    states = {closed for _, closed, _ in rows}
    if states != {True, False}:
        wanted = "closed and open eyes: names as in the MRL set, or folders closed* and open*"
        raise UsageError(f"{source} does not hold {wanted}", expected=wanted, actual=str(source))
    return Eyes(
        np.stack([crop for crop, _, _ in rows]),
        np.array([closed for _, closed, _ in rows]),
        np.array([subject for _, _, subject in rows], np.int64),
    )


def _told(member: Member, number: int) -> tuple[bool, int] | None:
    """Return whether the eye in a file is closed, and whose it is; None where that cannot be known."""
    found = _MRL.match(member.parts[-1])
    if found:
        return found[2] == "0", int(found[1])
    for folder in reversed(member.parts[:-1]):
        for start, closed in _FOLDERS:
            if folder.lower().startswith(start):
                return closed, -1 - number
    return None
