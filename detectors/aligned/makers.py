"""What makes a fake of a photo: the contract, the registry, and models of users by their folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError
from forensics.media.types import Pixels
from forensics.registry import Registry

__all__ = ["MAKERS", "Made", "Make", "Maker", "default_makers", "maker_of"]

Mask: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Made:
    """A made picture.

    Attributes:
        pixels: (H, W, 3) uint8 RGB, of the size of the photo.
        mask: (H, W), True where it was painted; None where all of it was made.
    """

    pixels: Pixels = field(repr=False)
    mask: Mask | None = field(default=None, repr=False)


Make: TypeAlias = Callable[[Pixels, np.random.Generator], Made]


@dataclass(frozen=True)
class Maker:
    """One way to make a picture of a photo.

    Attributes:
        name: Registered name; also that of its folder.
        family: What it is alike with; leaving one family out tests more than leaving one maker out.
        title: One line: what it does.
        source: Paper.
        open: Loads what it needs and returns what makes: (H, W, 3) uint8 and random numbers to a picture.
        step: Sides have to be multiples of it.
        least: Smallest side in pixels.
        side: The only side that it makes; 0 for any.
        paired: Whether what it makes shows what the photo shows.
    """

    name: str
    family: str
    title: str
    source: str
    open: Callable[[], Make]
    step: int = 1
    least: int = 16
    side: int = 0
    paired: bool = True

    def fits(self, side: int) -> bool:
        """Return whether it makes squares of a side."""
        return side >= self.least and side % self.step == 0 and self.side in (0, side)


_HERE = __name__.rpartition(".")[0]

MAKERS: Registry[Maker] = Registry(
    "forensics.makers",
    builtin=tuple(f"{_HERE}.{module}" for module in ("upsampled", "blocks", "painted", "models")),
)


def default_makers(side: int) -> tuple[str, ...]:
    """Return the names of all makers that show what the photo shows, at a side in pixels."""
    return tuple(maker.name for maker in MAKERS if maker.paired and maker.fits(side))


def maker_of(name: str, side: int) -> Maker:
    """Return a maker for squares of a side.

    Args:
        name: A registered one; "codec:FOLDER" or "model:FOLDER" for an autoencoder or generator of yours.
        side: In pixels.

    Raises:
        MissingExtra: It runs a model, and ONNX Runtime is not installed.
        ModelError: There is no model in the folder, or not of that kind.
        RegistryError: There is none of that name.
        UsageError: It does not make pictures of this side.
    """
    from forensics.detectors.aligned.models import own_model

    maker = own_model(name) or MAKERS.get(name)
    if not maker.fits(side):
        wanted = f"{maker.side}" if maker.side else f"{maker.least} or more, in steps of {maker.step}"
        message = f"{name} does not make squares of {side} px, but of {wanted}: give --size or other makers"
        raise UsageError(message, expected=wanted, actual=side)
    return maker
