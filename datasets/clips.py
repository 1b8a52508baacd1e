"""Clips to train on: pieces of films, moving crops of stills, or procedural ones that need no data.

Without films, what moves is a window over stills, or simple things by simple rules. A model that was trained
on them has learned such motion and no other: say so where its results are shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from forensics.datasets.films import FILMS, pieces_of
from forensics.datasets.listing import Member, members_of, with_suffix
from forensics.datasets.moves import LEAST, filmed, journey, reduced
from forensics.datasets.numbering import at_least, numbered
from forensics.datasets.procedural import dead_leaves, tone_curve
from forensics.datasets.shapes import grained
from forensics.datasets.sprites import sprite
from forensics.datasets.squares import SUFFIXES, picture_of, upright
from forensics.datasets.tally import Tally
from forensics.datasets.textures import texture
from forensics.errors import MediaError

__all__ = ["CLIPS", "Clips", "load_clip_set", "load_clips"]

Pixels = npt.NDArray[np.uint8]
Maker = Callable[[np.random.Generator, int, int], Pixels]

_LEAST_SIDE = 8
_PER_STILL = 16  # clips of one still at most
_ROOM = (1.4, 2.2)  # sides of a clip that a procedural still has
_LEAVES = 500


class Clips(NamedTuple):
    """Clips, and what they were cut from.

    Attributes:
        pixels: (N, frames, side, side, 3) uint8 RGB.
        origins: (N,) numbers of the films or stills that they are pieces of.
    """

    pixels: Pixels
    origins: npt.NDArray[np.int64]


def load_clips(source: str | Path, side: int, frames: int, most: int = 2_000, seed: int = 0) -> Pixels:
    """Return clips, (N, frames, side, side, 3) uint8 RGB.

    Of films, pieces of frames that follow one another are taken, spread over each film, as many of each as
    `most` needs; of every frame the middle square, scaled down. Where there are no films, a window moves over
    stills and zooms, up to 16 times over each. Procedural clips do not depend on how many are asked for.

    Args:
        source: A film, a folder of films, or of stills; a tar archive of stills; or the name of a procedural
            corpus: "sprites" (simple things that move), "textures" (moving crops of textures), "procedural"
            (both, and moving crops of dead leaves). In a folder with films, stills are not looked at.
        side: Of the frames in pixels, at least 8. Smaller films are left out, and stills below 1.25 sides.
        frames: Of each clip, at least 1. Shorter films are left out.
        most: At most so many clips.
        seed: Of paths and of procedural clips, 0 or more.

    Raises:
        UsageError: There is no such source, it holds nothing that can be used, or a number is too small.
        MissingExtra: There are films, and PyAV is not installed.
    """
    return load_clip_set(source, side, frames, most, seed).pixels


def load_clip_set(source: str | Path, side: int, frames: int, most: int = 2_000, seed: int = 0) -> Clips:
    """Return what `load_clips` does, for the same arguments, and what the clips were cut from.

    Raises:
        UsageError: There is no such source, it holds nothing that can be used, or a number is too small.
        MissingExtra: There are films, and PyAV is not installed.
    """
    at_least(1, frames=frames, most=most)
    at_least(_LEAST_SIDE, side=side)
    at_least(0, seed=seed)
    if isinstance(source, str) and source in CLIPS:
        clips = np.empty((most, frames, side, side, 3), np.uint8)
        for number in range(most):
            clips[number] = CLIPS[source](numbered(seed, number), side, frames)
        return Clips(clips, np.arange(most))
    films = _films(Path(source))
    if films:
        tally = Tally("films", FILMS, f"at least {side} x {side} pixels and {frames} frames")
        found = _pieces(films, (side, frames), most, tally)
    else:
        room = int(np.ceil(LEAST * side))
        tally = Tally("stills", SUFFIXES, f"at least {room} x {room} pixels")
        found = _crops(source, (side, frames), most, seed, tally)
    kept = list(found)
    if not kept:
        raise tally.refusal(source)
    return Clips(np.stack([clip for _, clip in kept]), np.array([origin for origin, _ in kept], np.int64))


def _films(source: Path) -> list[Path]:
    inside = source.rglob("*") if source.is_dir() else [source]
    return sorted(path for path in inside if path.suffix.lower() in FILMS and path.is_file())


def _pieces(
    films: Sequence[Path], shape: tuple[int, int], most: int, tally: Tally
) -> Iterator[tuple[int, Pixels]]:
    """Yield numbers of films and pieces of them: what was read before a film breaks counts."""
    each, left = -(-most // len(films)), most
    for film, path in enumerate(films):
        before = left
        try:
            for piece in pieces_of(path, *shape, most=min(each, left)):
                left -= 1
                yield film, piece
            tally.small += before == left
        except MediaError:
            tally.unreadable += before == left
        if not left:
            return


def _crops(
    source: str | Path, shape: tuple[int, int], most: int, seed: int, tally: Tally
) -> Iterator[tuple[int, Pixels]]:
    """Yield numbers of stills and moving crops of them: one of each, then another of each, and so on."""
    side, frames = shape
    with members_of(source, sorted(CLIPS)) as members:
        found = sorted(with_suffix(members, SUFFIXES), key=lambda still: still.position)
        stills = list(enumerate(found))
        number = 0
        for _ in range(_PER_STILL):
            usable = []
            for origin, still in stills:
                pixels = _still(still, side, tally)
                if pixels is not None:
                    usable.append((origin, still))
                    path = journey(numbered(seed, number), pixels.shape[:2], side, frames)
                    yield origin, filmed(pixels, path, side)
                    number += 1
                if number == most:
                    return
            stills = usable


def _still(member: Member, side: int, tally: Tally) -> Pixels | None:
    """Return a picture, no larger than it needs to be; None if it cannot be used."""
    media = picture_of(member)
    if media is None:
        tally.unreadable += 1
    elif min(media.pixels.shape[:2]) < LEAST * side:
        tally.small += 1
    else:
        return reduced(upright(media), side)
    return None


def _over_leaves(rng: np.random.Generator, side: int, frames: int) -> Pixels:
    """Return a clip of a window that moves over dead leaves."""
    room = int(side * rng.uniform(*_ROOM))
    scene = tone_curve(dead_leaves(rng, room, room, leaves=_LEAVES))
    return _over(rng, np.rint(scene * 255).astype(np.uint8), side, frames)


def _over_texture(rng: np.random.Generator, side: int, frames: int) -> Pixels:
    """Return a clip of a window that moves over a texture."""
    room = int(side * rng.uniform(*_ROOM))
    return _over(rng, texture(rng, room, room), side, frames)


def _over(rng: np.random.Generator, pixels: Pixels, side: int, frames: int) -> Pixels:
    """Return a clip of a window that moves over a picture, with noise that is new in every frame."""
    seen = filmed(pixels, journey(rng, (len(pixels), len(pixels)), side, frames), side)
    return grained(rng, seen.astype(np.float32))


def _of_any_kind(rng: np.random.Generator, side: int, frames: int) -> Pixels:
    makers: tuple[Maker, ...] = (sprite, _over_leaves, _over_texture)
    return makers[int(rng.integers(len(makers)))](rng, side, frames)


CLIPS: dict[str, Maker] = {"procedural": _of_any_kind, "sprites": sprite, "textures": _over_texture}
