"""The words of all captions that procedural corpora have: few, and known beforehand."""

from __future__ import annotations

__all__ = ["COLOURS", "FINISHES", "GROUNDS", "KINDS", "PLACES", "RELATIONS", "SIZES", "TEXTURES", "WORDS"]

COLOURS: dict[str, tuple[int, int, int]] = {
    "black": (28, 28, 32),
    "blue": (40, 85, 210),
    "brown": (125, 75, 40),
    "green": (50, 160, 65),
    "grey": (138, 138, 142),
    "orange": (245, 135, 25),
    "pink": (245, 150, 190),
    "purple": (130, 55, 170),
    "red": (214, 40, 40),
    "white": (242, 242, 238),
    "yellow": (250, 215, 40),
}
KINDS = ("crescent", "cross", "disc", "heart", "ring", "square", "star", "triangle")
SIZES = ("small", "large")
FINISHES = ("plain", "striped", "dotted")  # of things; nothing is said of plain ones
GROUNDS = ("plain", "fading", "rough")
PLACES = ("top", "bottom", "left", "right", "middle")
RELATIONS = ("above", "below", "left of", "right of")
TEXTURES = ("cells", "checks", "clouds", "marble", "mazes", "ripples", "stripes")

_OTHERS = ("a", "an", "and", "at", "dead", "ground", "in", "leaves", "of", "on", "the")
_SAID = (*COLOURS, *KINDS, *SIZES, *FINISHES[1:], *GROUNDS[1:], *PLACES, *TEXTURES, *_OTHERS)
WORDS: tuple[str, ...] = tuple(sorted({*_SAID, *" ".join(RELATIONS).split()}))
