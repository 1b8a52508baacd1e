"""How large the networks of a GAN are, and of what kind."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from forensics.errors import UsageError
from forensics.generators.parts.resampling import Upsampling

__all__ = ["FIRST", "Crowd", "GanConfig", "Norm"]

FIRST = 4  # pixels a side with which a generator begins, and a critic ends
Norm: TypeAlias = Literal["batch", "virtual", "pixel"]
Crowd: TypeAlias = Literal["none", "deviation", "distance"]


@dataclass(frozen=True)
class GanConfig:
    """How large a pair of networks is.

    Attributes:
        side: Of the pictures; a power of two, 8 at least.
        channels: Of the pictures.
        latent: Values of the noise that a picture, or its style, is made of.
        width: Features at full size; each halving doubles them, up to eight times.
        labels: Classes; none if 0.
        upsample: How sides are doubled.
        kind: `plain`: convolutions one after the other; `style`: features are modulated by a style.
        normalised: The discriminator's layers have spectral norm one.
        norm: Of the plain generator's features: over the `batch`, over a `virtual` one, which is always the
            same, or over the channels of each `pixel`.
        critic: `plain`: convolutions; `transformer`: attention between patches.
        crowd: What the critic sees of the other pictures of a batch: `none`, how much they `deviate`, or the
            `distance` to each.
        classes: How the critic judges classes: `projection`: whether a picture is of the one it is said to
            be; `auxiliary`: it says itself of which one it is (AC-GAN).
    """

    side: int = 64
    channels: int = 3
    latent: int = 64
    width: int = 32
    labels: int = 0
    upsample: Upsampling = "nearest"
    kind: Literal["plain", "style"] = "plain"
    normalised: bool = False
    norm: Norm = "batch"
    critic: Literal["plain", "transformer"] = "plain"
    crowd: Crowd = "none"
    classes: Literal["projection", "auxiliary"] = "projection"

    @property
    def doublings(self) -> int:
        """How often the first 4 x 4 features are doubled."""
        return int(math.log2(self.side // FIRST))

    @property
    def sides(self) -> tuple[int, ...]:
        """Sides of the features, from the first to those of the picture."""
        return tuple(FIRST << number for number in range(self.doublings + 1))

    @property
    def noise(self) -> int:
        """Values of noise that a picture takes: with styles every layer has some for each pixel."""
        grain = sum(side * side for side in self.sides) if self.kind == "style" else 0
        return self.latent + grain

    def features(self, side: int) -> int:
        """Return the features at some side."""
        return self.width * min(8, self.side // side)

    def __post_init__(self) -> None:
        """Check the side.

        Raises:
            UsageError: It is no power of two from 8 on.
        """
        if self.side < 2 * FIRST or self.side & (self.side - 1):
            raise UsageError(
                f"these networks make pictures whose side is a power of two, not {self.side}",
                expected="8, 16, 32 ...",
                actual=self.side,
            )
