"""The ways of marking by their names, what each needs, and how their marks are looked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from forensics.errors import UsageError
from forensics.runtime.store import names
from forensics.watermark.learned.codec import BUNDLE, learned
from forensics.watermark.spread.codec import SPREAD, Codec
from forensics.watermark.spread.frontend import FrontEnd
from forensics.watermark.spread.nulls import Nulls, shipped

__all__ = ["NAMES", "Look", "available", "codec_named", "looks", "nulls_of_front"]


_CODECS: dict[str, Callable[[], Codec]] = {"spread": lambda: SPREAD, "learned": learned}
NAMES = tuple(_CODECS)


@dataclass(frozen=True)
class Look:
    """One look at a picture, through one front end.

    Attributes:
        codecs: Whose marks are looked for.
        quick: On the picture's own grid only.
    """

    codecs: tuple[Codec, ...]
    quick: bool = False

    @property
    def front(self) -> FrontEnd:
        """What it is taken through."""
        return self.codecs[0].front


def codec_named(name: str) -> Codec:
    """Return a way of marking.

    Raises:
        UsageError: There is none of that name.
        MissingExtra: It needs a package that is not installed.
    """
    if name not in _CODECS:
        raise UsageError(f"no codec {name!r}; there are: {', '.join(NAMES)}", actual=name)
    return _CODECS[name]()


def available() -> tuple[str, ...]:
    """Return the names of those that run with what is installed, the cheapest first."""
    trained = find_spec("onnxruntime") is not None and BUNDLE in names()
    return NAMES if trained else ("spread",)


def looks(codecs: Sequence[str]) -> tuple[Look, ...]:
    """Return the looks to take at a picture for marks of some codecs, the cheapest first.

    The trained front end sees the marks of every codec better than the classical one, but costs more: where
    it runs, the classical one need only find marks that lie as they were put in.

    Args:
        codecs: Their names.

    Raises:
        UsageError: There is none of that name.
        MissingExtra: One needs a package that is not installed.
    """
    wanted = tuple(codec_named(name) for name in codecs)
    if "learned" not in available():
        return tuple(Look((codec,)) for codec in wanted)
    classical = tuple(codec for codec in wanted if codec.front is SPREAD.front)
    trained = Look(tuple(codec.seen_by(learned()) for codec in wanted))
    return (Look(classical, quick=True), trained) if classical else (trained,)


def nulls_of_front(name: str) -> Nulls:
    """Return what ships of what unmarked pictures show through a front end."""
    return shipped() if name == SPREAD.front.name else learned().nulls or shipped()
