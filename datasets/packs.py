"""Pictures to train on: those of a folder or tar archive, or procedural ones, as one array of squares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from forensics.datasets.corpora import CORPORA, origins_of
from forensics.datasets.listing import members_of, with_suffix
from forensics.datasets.numbering import at_least
from forensics.datasets.squares import SUFFIXES, Cut, picture_of, squares_of
from forensics.errors import UsageError
from forensics.media import Media

__all__ = ["PROCEDURAL", "Pack", "Squares", "load_pack", "load_squares"]

Squares = npt.NDArray[np.uint8]
PROCEDURAL = "procedural"


@dataclass(frozen=True, eq=False)
class Pack:
    """Squares, and what they were cut from.

    Attributes:
        squares: (N, side, side, 3) uint8 RGB.
        names: (N,) name of the picture of each, below its source; "#2" marks the second square of a picture.
        origins: (N,) number of the picture that each was cut from; squares of one follow one another.
        sizes: How many of the pictures read had a width and height.
        formats: How many of them were stored as what: "jpeg", "png"; "made" if they are procedural.
        small: Names of pictures that hold no square.
        unreadable: Names of files that are no pictures, damaged or far too large.
    """

    squares: Squares = field(repr=False)
    names: tuple[str, ...] = field(repr=False)
    origins: npt.NDArray[np.int64] = field(repr=False)
    sizes: Counter[tuple[int, int]]
    formats: Counter[str]
    small: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()

    @property
    def parts(self) -> list[Squares]:
        """The squares of each picture: they are alike, and no sample of independent pictures."""
        return np.split(self.squares, np.flatnonzero(np.diff(self.origins)) + 1)


@dataclass(frozen=True, eq=False)
class _Taken:
    name: str
    stored: str
    size: tuple[int, int]
    squares: list[Squares]

    @property
    def names(self) -> list[str]:
        return [f"{self.name}#{i}" if i > 1 else self.name for i in range(1, len(self.squares) + 1)]


def load_squares(source: str | Path, side: int, most: int = 20_000) -> Squares:
    """Return square pictures, (N, side, side, 3) uint8 RGB, in the order of their names.

    Larger pictures are halved while their shorter side holds more than eight squares, then cut into squares
    without overlap, at most 16 each; smaller ones are left out.

    Args:
        source: A folder, a tar archive, or the name of a procedural corpus: "procedural", "shapes",
            "textures".
        side: Side of the squares in pixels.
        most: At most so many.

    Raises:
        UsageError: There is no such source, nothing in it is a picture that is large enough, or a number is
            below 1.
    """
    return load_pack(source, side, most).squares


def load_pack(
    source: str | Path,
    side: int | None = None,
    most: int = 20_000,
    *,
    how: Cut = "pieces",
    seed: int | None = None,
    without: Collection[str] = (),
) -> Pack:
    """Return what `load_squares` does, and what the squares were cut from.

    Args:
        source: A folder, a tar archive, or the name of a procedural corpus.
        side: Side of the squares in pixels; the shorter side of the first picture if None.
        most: At most so many.
        how: Squares are `pieces` of pictures, or the middle of each, so scaled down that it is `whole`, or
            `both`. Those of a procedural corpus are what they are.
        seed: Take pictures in an order drawn from it, so that fewer than all are a fair sample; None takes
            those whose names come first. Of a procedural corpus, it is the seed.
        without: Names, below the source, that are passed over.

    Raises:
        UsageError: There is no such source, nothing in it is a picture that is large enough, or a number is
            below 1.
    """
    at_least(1, side=1 if side is None else side, most=most)
    if isinstance(source, str) and source in CORPORA:
        return _made(source, side, most, seed or 0)
    taken: list[_Taken] = []
    unreadable: list[str] = []
    room = most
    for name, media in _pictures(source, seed, without):
        if media is None:
            unreadable.append(name)
            continue
        height, width = media.pixels.shape[:2]
        side = side or min(height, width)
        squares = squares_of(media.pixels, side, how)[:room]
        taken.append(_Taken(name, media.container.format, (width, height), squares))
        room -= len(taken[-1].squares)
        if room <= 0:
            break
    if room == most:
        wanted = f"at least {side} x {side} pixels" if side else "any size"
        raise UsageError(f"{source} holds no picture of {wanted}", expected=wanted, actual=str(source))
    return _packed(taken, unreadable)


def _made(source: str, side: int | None, most: int, seed: int) -> Pack:
    if side is None:
        raise UsageError(f"{source} pictures have no size of their own: say which")
    squares = CORPORA[source](seed, most, side).pixels
    names = tuple(f"{source}-{seed}-{number}" for number in range(len(squares)))
    origins = origins_of(source, len(squares))
    return Pack(
        squares, names, origins, Counter({(side, side): len(squares)}), Counter({"made": len(squares)})
    )


def _packed(taken: list[_Taken], unreadable: list[str]) -> Pack:
    return Pack(
        np.stack([square for picture in taken for square in picture.squares]),
        tuple(name for picture in taken for name in picture.names),
        np.repeat(np.arange(len(taken)), [len(picture.squares) for picture in taken]),
        Counter(picture.size for picture in taken),
        Counter(picture.stored for picture in taken),
        tuple(picture.name for picture in taken if not picture.squares),
        tuple(unreadable),
    )


def _pictures(
    source: str | Path, seed: int | None, without: Collection[str]
) -> Iterator[tuple[str, Media | None]]:
    """Yield names, and pictures where there is one."""
    with members_of(source, sorted(CORPORA)) as members:
        pictures = with_suffix(members, SUFFIXES)
        order = (
            range(len(pictures)) if seed is None else np.random.default_rng(seed).permutation(len(pictures))
        )
        for member in (pictures[i] for i in order):
            name = "/".join(member.parts)
            if name not in without:
                yield name, picture_of(member)
