"""What ties a mark to one picture: signs that each tile takes from what lies below it, and from its place.

A mark that is lifted off one picture and laid on another keeps the signs of the first. And a picture that was
cropped keeps the signs of the places that its tiles had.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

from forensics.watermark.keys import Key
from forensics.watermark.payload import Payload
from forensics.watermark.spread.carriers import Plan
from forensics.watermark.spread.tiles import SIGNS

__all__ = ["Bindings", "Bound", "Margins", "Pattern", "bound_to", "margins", "patterns", "tile_signs"]

Floats = npt.NDArray[np.float32]
Complex = npt.NDArray[np.complex64]

PLACES = 32  # tiles each way after which the signs of places repeat
_PROVEN = 4.5  # deviations of chance to allow for where a mark is called the picture's own: that makes proof
_SURE = 3.0  # the same where it is called copied
_OWN = 0.7  # least share of the expected z that a mark in its own picture shows, but for chance
_FAINT = 0.25  # signs smaller than this may be no content, but the mark itself and noise
_BOUND, _COPIED = 0.5, 0.4  # shares between which nothing is said however strong the mark
_CERTAIN = 2.0  # z by which the best place must exceed what chance gives the best of all
_WHOLE = 3.2  # z at both ends from which a picture counts as whole


@dataclass(frozen=True)
class Pattern:
    """A pattern whose sign differs from tile to tile.

    Attributes:
        values: (K,) bins, of mean square 1 over those used.
        places: (32, 32) signs of places; None for signs of the content.
        from_end: Places are counted from the last tile, not from the first.
        number: Which of the signs of the content.
    """

    values: Complex
    places: Floats | None = None
    from_end: bool = False
    number: int = 0


@dataclass(frozen=True)
class Bindings:
    """All patterns that bind a mark to a picture.

    Attributes:
        content: One for each sign that the content of a tile gives.
        start: Of places from the start.
        end: Of places from the end.
    """

    content: tuple[Pattern, ...]
    start: Pattern
    end: Pattern

    def __iter__(self) -> Iterator[Pattern]:
        """Yield every pattern."""
        yield from (*self.content, self.start, self.end)


@dataclass(frozen=True)
class Bound:
    """How well a mark fits the picture that it is in.

    Attributes:
        z: Agreement, of mean 0 and deviation 1 if the mark came from another picture.
        expected: What it would be in its own picture, judged by the strength of the mark.
        copied: Whether the mark came from another picture; None if that cannot be told.
    """

    z: float
    expected: float
    copied: bool | None


@dataclass(frozen=True)
class Margins:
    """How many tiles of the original are missing on each side; negative where the frame reaches beyond it.

    Attributes:
        octave: How often the original was halved before it was marked.
    """

    top: int
    left: int
    bottom: int
    right: int
    octave: int


def patterns(key: Key, payload: Payload, plan: Plan, octave: int) -> Bindings:
    """Return the patterns of content and of places.

    Args:
        key: The secret.
        payload: What the mark says.
        plan: The tile.
        octave: How often the picture is halved before it is marked; the places tell it.
    """
    label = f"{payload.layout} {payload.version} {payload.identity}"
    phases = key.phases(f"bind {label}", len(plan.bind))

    def values(number: int) -> Complex:
        out = np.zeros(len(plan.bins.radius), np.complex64)
        out[plan.bind[number :: SIGNS + 2]] = phases[number :: SIGNS + 2]
        return out

    def places(name: str) -> Floats:
        return key.signs(f"places {name} {octave} {label}", PLACES * PLACES).reshape(PLACES, PLACES)

    return Bindings(
        tuple(Pattern(values(number), number=number) for number in range(SIGNS)),
        Pattern(values(SIGNS), places("start")),
        Pattern(values(SIGNS + 1), places("end"), from_end=True),
    )


def tile_signs(pattern: Pattern, content: Floats) -> Floats:
    """Return the (R, C) signs that a pattern has in the whole tiles of a picture that is marked.

    Args:
        pattern: From `patterns`.
        content: (R, C, 5) from `content_signs`.
    """
    if pattern.places is None:
        return np.asarray(content[..., pattern.number], np.float32)
    rows, columns = (np.arange(n) for n in content.shape[:2])
    if pattern.from_end:
        rows, columns = rows[::-1], columns[::-1]
    return pattern.places[np.ix_(rows % PLACES, columns % PLACES)]


def bound_to(agreements: Floats, signs: Floats, strengths: Floats) -> Bound:
    """Compare the pattern of the content with the content.

    Args:
        agreements: (...,) correlations of the tiles with the patterns.
        signs: (...,) what the content gives.
        strengths: (...,) correlations that there should be where the sign is 1.
    """
    signs = np.where(np.abs(signs) < _FAINT, np.float32(0), signs)
    norm = max(float(np.sqrt((signs**2).sum())), 1e-9)
    z = float((agreements * signs).sum()) / norm
    expected = float((strengths * signs**2).sum()) / norm
    if z >= max(_PROVEN, _BOUND * expected):
        return Bound(z, expected, copied=False)
    if z <= min(_OWN * expected - _SURE, _COPIED * expected):
        return Bound(z, expected, copied=True)
    return Bound(z, expected, copied=None)


def margins(start: Floats, end: Floats, choices: Sequence[tuple[Pattern, Pattern]]) -> Margins | None:
    """Return how many tiles are missing on each side; None if that cannot be told.

    Args:
        start: (R, C) correlations of the tiles with the pattern of places from the start.
        end: (R, C) those with the pattern of places from the end.
        choices: Both patterns, for each octave.
    """
    if start.size < 4 or max(start.shape) > PLACES:
        return None
    near = [_place(start, first) for first, _ in choices]
    far = [_place(end[::-1, ::-1], last) for _, last in choices]
    whole = [min(a.nothing_missing, b.nothing_missing) for a, b in zip(near, far, strict=True)]
    if max(whole) >= _WHOLE:
        return Margins(0, 0, 0, 0, int(np.argmax(whole)))
    octave = max(range(len(choices)), key=lambda i: near[i].strength + far[i].strength)
    if not (near[octave].certain and far[octave].certain):
        return None
    return Margins(near[octave].row, near[octave].column, far[octave].row, far[octave].column, octave)


@dataclass(frozen=True)
class _Place:
    row: int
    column: int
    strength: float
    certain: bool
    nothing_missing: float  # z of the place that the first tile has in a picture that was not cropped


def _place(agreements: Floats, pattern: Pattern) -> _Place:
    """Return the place of the first tile, by cyclic correlation with the signs of all places."""
    padded = np.zeros((PLACES, PLACES), np.float32)
    padded[: agreements.shape[0], : agreements.shape[1]] = agreements
    product = np.fft.rfft2(cast("Floats", pattern.places)) * np.conj(np.fft.rfft2(padded))
    surface = np.fft.irfft2(product, padded.shape) / max(float(np.sqrt((agreements**2).sum())), 1e-9)
    row, column = (int(v) for v in np.unravel_index(int(surface.argmax()), surface.shape))
    strength = float(surface[row, column])
    rest = np.delete(surface.ravel(), row * PLACES + column)
    signed = [n if n < PLACES // 2 else n - PLACES for n in (row, column)]
    certain = strength >= float(rest.max()) + _CERTAIN
    return _Place(signed[0], signed[1], strength, certain, float(surface[0, 0]))
