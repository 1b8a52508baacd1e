"""What a set is made by: everything needed to make it again, and which photo goes where."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from forensics.datasets.numbering import at_least
from forensics.errors import UsageError
from forensics.watermark.attacks import Attack, parse_attack

__all__ = ["SPLITS", "AlignedRecipe", "attack_of", "makers_for", "split_of"]

SPLITS = ("train", "val", "test")
NONE = "none"


@dataclass(frozen=True)
class AlignedRecipe:
    """How a set of pairs is made.

    Attributes:
        photos: Folders, tar archives or names of procedural corpora.
        makers: Names; all that fit where it is empty.
        held_out: Those of them that make fakes of the test split only.
        count: Reals.
        per_photo: Fakes of each real, by different makers.
        size: Side of the squares in pixels.
        codec: How both classes are stored, as `parse_stored` reads it.
        degrade: What is done to both before that, as `parse_attack` reads it, or "none"; one is drawn
            for each pair.
        shares: Of train, val and test; their sum is 1.
        group: Regular expression: what it finds in names is never in two splits (a camera, a person).
        only: The one split that is written; all if empty.
        own_grid: Whether squares of JPEGs are cut on their own grid and both classes saved again as the photo
            was, in place of scaling photos down; see `reals`.
        sensor: Whether squares look as a camera would have taken them, but for those on their own grid.
        match: Whether the detail of fakes is set so that they need as many bytes as their photos.
        seed: 0 or more.

    Raises:
        UsageError: A number is out of its range.
    """

    photos: tuple[str, ...]
    makers: tuple[str, ...] = ()
    held_out: tuple[str, ...] = ()
    count: int = 1000
    per_photo: int = 1
    size: int = 128
    codec: str = "jpeg:90"
    degrade: tuple[str, ...] = (NONE,)
    shares: tuple[float, ...] = (0.7, 0.1, 0.2)
    group: str = ""
    only: str = ""
    own_grid: bool = False
    sensor: bool = False
    match: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        at_least(1, count=self.count, per_photo=self.per_photo)
        at_least(16, size=self.size)
        at_least(0, seed=self.seed)
        if len(self.shares) != len(SPLITS) or min(self.shares) < 0 or abs(sum(self.shares) - 1) > 1e-6:
            message = f"the shares of {', '.join(SPLITS)} are three that add up to 1"
            raise UsageError(message, expected="0.7, 0.1, 0.2", actual=self.shares)
        if self.only and self.only not in SPLITS:
            raise UsageError(f"no split {self.only!r}", expected=", ".join(SPLITS), actual=self.only)
        for spec in self.degrade:
            attack_of(spec)
        unknown = set(self.held_out) - set(self.makers)
        if self.makers and unknown:
            raise UsageError(f"held out, but no makers: {', '.join(sorted(unknown))}", actual=sorted(unknown))

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


def attack_of(spec: str) -> Attack | None:
    """Return a degradation by its specification, None for "none".

    Raises:
        UsageError: There is none like that.
    """
    return None if spec.strip() == NONE else parse_attack(spec)


def split_of(recipe: AlignedRecipe, group: str) -> str:
    """Return the split of a group: by its name and the seed alone, whatever other photos there are."""
    text = f"{recipe.seed}:{group}".encode("utf-8", "surrogateescape")
    drawn = int.from_bytes(hashlib.sha256(text).digest()[:8], "big") / 2**64
    if drawn < recipe.shares[0]:
        return SPLITS[0]
    return SPLITS[1] if drawn < recipe.shares[0] + recipe.shares[1] else SPLITS[2]


def makers_for(recipe: AlignedRecipe, makers: Sequence[str], split: str, number: int) -> tuple[str, ...]:
    """Return the makers of the fakes of one real: they take turns, and those held out only in the test.

    Args:
        recipe: Of the set.
        makers: All their names.
        split: Of the photo.
        number: Of the real within its split.
    """
    able = [name for name in makers if split == SPLITS[2] or name not in recipe.held_out]
    each = min(recipe.per_photo, len(able))
    return tuple(able[(number * each + i) % len(able)] for i in range(each))
