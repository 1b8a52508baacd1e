"""Photos to the squares that are the reals, and of which fakes are made: in an order drawn from a seed.

A photo that was stored with loss carries the grid and the steps of that codec; whatever makes a fake of it
wipes them out. What is real would then be told by the history of the photos. So such photos are scaled down
at least twice before they are cut, or, where they are too small for it, resampled by a part of a pixel.
Pictures as cameras save them would then be in no set. So there is another way: squares are cut on the photo's
own grid, and both they and what is made of them are saved once more just as the photo was.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from forensics.datasets.corpora import CORPORA
from forensics.datasets.listing import Member, members_of, with_suffix
from forensics.datasets.squares import SUFFIXES, picture_of
from forensics.detectors.aligned.resaving import GRID, Resaving, resaving_of
from forensics.detectors.aligned.sensing import sensed
from forensics.errors import UsageError
from forensics.media.types import Pixels

__all__ = ["Photo", "Real", "cut_of", "listed", "reals_of"]

_LOSSLESS = ("png", "bmp", "tiff")
_WASHED = 2.0  # scale from which nothing of a codec is left
_SHRINK = 4.0  # at most
_SHIFT = (0.3, 0.7)  # px
_CUTS = 16  # of one photo


@dataclass(frozen=True)
class Photo:
    """A photo, not yet read.

    Attributes:
        name: Source and name; what is of one photo is in one split.
        group: What has to be in one split: the photo, or what a pattern finds in its name.
        read: The member of a folder or archive; None for a procedural picture.
        number: Of a procedural picture.
    """

    name: str
    group: str
    read: Member | None = field(repr=False)
    number: int = 0


@dataclass(frozen=True, eq=False)
class Real:
    """A square of a photo.

    Attributes:
        photo: That it was cut from.
        pixels: (side, side, 3) uint8 RGB.
        washed: "" as it was stored; "scaled" or "shifted" where traces of its codec were wiped out;
            "resaved" where all that is made of it gets the same ones; and "sensed" behind a comma.
        resaving: What was done to it last, and is done to what is made of it.
    """

    photo: Photo
    pixels: Pixels = field(repr=False)
    washed: str
    resaving: Resaving | None = field(default=None, repr=False)


def listed(stack: ExitStack, sources: Sequence[str], pattern: str, count: int) -> list[Photo]:
    """Return all photos of some sources, in the order of their names.

    Args:
        stack: Keeps archives open.
        sources: Folders, tar archives, names of procedural corpora.
        pattern: Regular expression whose first match in a name, or first group in it, is what has to stay
            together; "" for the photo itself.
        count: As many procedural pictures as that.

    Raises:
        UsageError: A source is none, the pattern is none or does not match a name, or there are no photos.
    """
    try:
        expression = re.compile(pattern) if pattern else None
    except re.error as error:
        raise UsageError(f"{pattern!r} is no regular expression: {error}", actual=pattern) from None
    photos: list[Photo] = []
    for source in sources:
        if source in CORPORA and not Path(source).exists():
            names = [f"{source}/{number}" for number in range(count)]
            photos += [Photo(name, name, None, number) for number, name in enumerate(names)]
            continue
        members = with_suffix(stack.enter_context(members_of(source, sorted(CORPORA))), SUFFIXES)
        for member in members:
            name = "/".join((Path(source).name, *member.parts))
            photos.append(Photo(name, _group(expression, name), member))
    if not photos:
        raise UsageError(f"there are no pictures in {', '.join(sources)}", expected=", ".join(SUFFIXES))
    if len({photo.name for photo in photos}) != len(photos):
        raise UsageError("two sources hold pictures of one name: give each folder another name")
    return photos


def _group(expression: re.Pattern[str] | None, name: str) -> str:
    if expression is None:
        return name
    match = expression.search(name)
    if match is None:
        message = f"the pattern {expression.pattern!r} finds nothing in {name}"
        raise UsageError(message, expected=expression.pattern, actual=name)
    return match[1] if match.groups() else match[0]


def reals_of(
    photos: Sequence[Photo],
    side: int,
    count: int,
    seed: int,
    *,
    own_grid: bool = False,
    sensor: bool = False,
) -> Iterator[Real]:
    """Yield squares of photos, at most as many as asked for.

    Photos are taken in an order drawn from the seed; where there are fewer than squares are asked for, they
    are taken again, up to 16 times, and cut elsewhere. Those that cannot be read or are too small are passed
    over.

    Args:
        photos: What there is.
        side: Of the squares in pixels.
        count: How many.
        seed: Of the order and of the places.
        own_grid: Whether JPEGs stay on their grid.
        sensor: Whether those that do not look as a camera would have taken them.
    """
    order = np.random.default_rng([seed, 0]).permutation(len(photos))
    usable = [int(i) for i in order]
    made = 0
    for again in range(_CUTS):
        kept: list[int] = []
        for i in usable:
            rng = _generator(seed, photos[i].name, again)
            real = cut_of(photos[i], side, rng, own_grid=own_grid)
            if real is None:
                continue
            if sensor and real.resaving is None:
                real = replace(
                    real, pixels=sensed(real.pixels, rng), washed=f"{real.washed or 'as stored'}, sensed"
                )
            kept.append(i)
            yield real
            made += 1
            if made == count:
                return
        usable = kept


def cut_of(photo: Photo, side: int, rng: np.random.Generator, *, own_grid: bool = False) -> Real | None:
    """Return a square of a photo; None where it cannot be read or is too small.

    Args:
        photo: The photo.
        side: Of the square in pixels.
        rng: Draws the place and the scale.
        own_grid: Whether a JPEG stays on its grid, if it is of a usual kind.
    """
    if photo.read is None:
        corpus = photo.name.rsplit("/", 1)[0]  # a seed for each picture, so that no two are of one scene
        return Real(photo, CORPORA[corpus](photo.number, 1, side).pixels[0], "")
    media = picture_of(photo.read)
    if media is None or min(media.pixels.shape[:2]) < side:
        return None
    largest = min(media.pixels.shape[:2]) / side
    if media.container.format in _LOSSLESS:
        return Real(photo, _window(media.pixels, side, rng), "")
    resaving = resaving_of(media) if own_grid else None
    if resaving is not None:
        return Real(photo, resaving(_window(media.pixels, side, rng, GRID)), "resaved", resaving)
    if largest >= _WASHED:
        scale = float(rng.uniform(_WASHED, min(largest, _SHRINK)))
        return Real(photo, _window(_scaled(media.pixels, scale, side), side, rng), "scaled")
    return Real(photo, _shifted(_window(media.pixels, side, rng), rng), "shifted")


def _window(pixels: Pixels, side: int, rng: np.random.Generator, step: int = 1) -> Pixels:
    top, left = (step * int(rng.integers(0, (n - side) // step + 1)) for n in pixels.shape[:2])
    return np.ascontiguousarray(pixels[top : top + side, left : left + side])


def _scaled(pixels: Pixels, scale: float, side: int) -> Pixels:
    import cv2

    size = [max(side, round(n / scale)) for n in pixels.shape[1::-1]]
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _shifted(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Return a square moved by a part of a pixel both ways, which smooths it a little."""
    import cv2

    down, right = rng.uniform(*_SHIFT, 2)
    matrix = np.array([[1.0, 0.0, right], [0.0, 1.0, down]])
    size = (pixels.shape[1], pixels.shape[0])
    moved = cv2.warpAffine(pixels, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(moved, np.uint8)


def _generator(seed: int, name: str, again: int) -> np.random.Generator:
    """Return random numbers of a photo, whatever other photos there are."""
    digest = hashlib.sha256(f"{seed}:{name}:{again}".encode("utf-8", "surrogateescape")).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))
