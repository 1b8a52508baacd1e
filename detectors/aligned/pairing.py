"""Pairs of a real and a made picture, one after the other: in memory, or for what writes them to files."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from forensics.detectors.aligned.makers import Made, Make, default_makers, maker_of
from forensics.detectors.aligned.matching import matched
from forensics.detectors.aligned.reals import Photo, Real, listed, reals_of
from forensics.detectors.aligned.recipe import SPLITS, AlignedRecipe, attack_of, makers_for, split_of
from forensics.detectors.aligned.storing import parse_stored, store, verify
from forensics.errors import UsageError
from forensics.media.types import Pixels
from forensics.watermark.attacks import Attack

__all__ = ["Case", "Making", "Pair", "cases_of", "pairs"]


@dataclass(frozen=True, eq=False)
class Pair:
    """A real picture and one that was made of it.

    Attributes:
        real: (H, W, 3) uint8 RGB.
        fake: The same shape.
        source: Name of the photo.
        maker: Name.
        split: "train", "val" or "test".
        degradation: What was done to both, "none" for nothing.
        number: Of the real.
    """

    real: Pixels = field(repr=False)
    fake: Pixels = field(repr=False)
    source: str
    maker: str
    split: str
    degradation: str
    number: int


@dataclass(frozen=True, eq=False)
class Case:
    """A real, and what is to be made of it.

    Attributes:
        number: Of the real, from 0.
        real: The square.
        split: Of its photo.
        makers: Names.
        degradation: What is done to it and to all that is made of it.
    """

    number: int
    real: Real
    split: str
    makers: tuple[str, ...]
    degradation: str


class Making:
    """What makes the pictures of a set: makers that were opened, and degradations.

    Args:
        recipe: Of the set.

    Raises:
        MissingExtra: A maker runs a model, and ONNX Runtime is not installed.
        ModelError: A model of somebody's own cannot be used.
        RegistryError: There is no such maker.
        UsageError: A maker does not make squares of this size, two have one name, or all are held out.
    """

    def __init__(self, recipe: AlignedRecipe) -> None:
        self.recipe = recipe
        given = recipe.makers or default_makers(recipe.size)
        self.makers = {name: maker_of(name, recipe.size) for name in given}
        named = Counter(maker.name for maker in self.makers.values())
        twice = sorted(name for name, count in named.items() if count > 1)
        if twice:
            raise UsageError(f"makers of one name: {', '.join(twice)}; rename a folder", actual=twice)
        strange = set(recipe.held_out) - set(given)
        if strange:
            raise UsageError(f"held out, but no makers: {', '.join(sorted(strange))}", actual=sorted(strange))
        if not set(given) - set(recipe.held_out):
            raise UsageError("all makers are held out: none is left to train on", actual=recipe.held_out)
        self.how = parse_stored(recipe.codec)
        self._open: dict[str, Make] = {}

    @cached_property
    def degradations(self) -> dict[str, Attack | None]:
        """The degradations by their specifications."""
        return {spec: attack_of(spec) for spec in self.recipe.degrade}

    def make(self, case: Case, maker: str) -> Made:
        """Return what a maker makes of a real, before anything is done to both.

        Raises:
            UsageError: It makes a picture of another size.
        """
        if maker not in self._open:
            self._open[maker] = self.makers[maker].open()
        stream = [self.recipe.seed, case.number, zlib.crc32(maker.encode())]
        made = self._open[maker](case.real.pixels, np.random.default_rng(stream))
        if made.pixels.shape != case.real.pixels.shape:
            message = f"{maker} made a picture of {made.pixels.shape} of one of {case.real.pixels.shape}"
            raise UsageError(message, expected=case.real.pixels.shape, actual=made.pixels.shape)
        if self.recipe.match and self.makers[maker].paired:
            made = matched(made, case.real.pixels, self.how)
        resaving = case.real.resaving
        return made if resaving is None else Made(resaving(made.pixels), made.mask)

    def degraded(self, pixels: Pixels, case: Case) -> Pixels:
        """Return a picture of a case after its degradation, which draws the same for all of the case."""
        attack = self.degradations[case.degradation]
        return pixels if attack is None else attack(pixels, seed=self.recipe.seed + case.number)


def cases_of(recipe: AlignedRecipe, photos: Sequence[Photo], making: Making) -> Iterator[Case]:
    """Yield the reals of a set with what is to be made of them."""
    within: Counter[str] = Counter()
    for number, real in enumerate(
        reals_of(
            photos, recipe.size, recipe.count, recipe.seed, own_grid=recipe.own_grid, sensor=recipe.sensor
        )
    ):
        split = split_of(recipe, real.photo.group)
        makers = makers_for(recipe, list(making.makers), split, within[split])
        rng = np.random.default_rng([recipe.seed, number, 1])
        yield Case(number, real, split, makers, recipe.degrade[int(rng.integers(len(recipe.degrade)))])
        within[split] += 1


def pairs(recipe: AlignedRecipe, split: str = "") -> Iterator[Pair]:
    """Yield the pairs of a set without writing it: the pixels that its files would hold.

    Args:
        recipe: Of the set.
        split: "train", "val" or "test" alone; all if empty.

    Raises:
        MissingExtra: A maker runs a model, and ONNX Runtime is not installed.
        ModelError: A model cannot be used.
        RegistryError: There is no such maker.
        UsageError: There is no such source or split, or something does not fit.

    Example:
        >>> recipe = AlignedRecipe(photos=("shapes",), makers=("nearest2",), count=2, size=32)
        >>> sum(pair.real.shape == (32, 32, 3) for pair in pairs(recipe))
        2
    """
    if split and split not in SPLITS:
        raise UsageError(f"no split {split!r}", expected=", ".join(SPLITS), actual=split)
    making = Making(recipe)

    def as_read(pixels: Pixels) -> Pixels:
        return verify(store(pixels, making.how), pixels, making.how)

    with ExitStack() as stack:
        photos = listed(stack, recipe.photos, recipe.group, recipe.count)
        for case in cases_of(recipe, photos, making):
            if split in ("", case.split):
                real = as_read(making.degraded(case.real.pixels, case))
                for maker in case.makers:
                    fake = as_read(making.degraded(making.make(case, maker).pixels, case))
                    name = case.real.photo.name
                    yield Pair(real, fake, name, maker, case.split, case.degradation, case.number)
