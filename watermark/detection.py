"""What embedding and detecting return, whatever the codec."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from forensics.watermark.payload import Payload

__all__ = ["Detection", "Geometry", "Marked", "Tampering"]

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Geometry:
    """What was done to a picture after it was marked, as its mark shows it.

    Attributes:
        rotation: Degrees counter-clockwise, in (-180, 180].
        mirrored: Mirrored left to right, before the rotation.
        scale: Size over that of the original; None if the original's is not known.
        aspect: Change of width over height, 1 for none.
        shear: Degrees by which the corners differ from right angles.
        perspective: Whether it was tilted as well.
        kept: About which share of the original's area is left; None if that cannot be told.
        tile: Side of a tile in pixels of the picture.
    """

    rotation: float
    mirrored: bool
    scale: float | None
    aspect: float
    shear: float
    perspective: bool
    kept: float | None
    tile: float

    def __str__(self) -> str:
        """Say it in words, leaving out what is as it was."""
        said = ["mirrored"] if self.mirrored else []
        if self.kept is not None and self.kept < 0.95:
            said.append(f"cropped to about {self.kept:.0%}")
        if self.scale is not None and abs(self.scale - 1) > 0.01:
            said.append(f"scaled {self.scale:.2f}")
        if abs(self.aspect - 1) > 0.01:
            said.append(f"stretched {self.aspect:.2f}")
        if abs(self.rotation) > 0.2:
            said.append(f"rotated {self.rotation:.1f} degrees")
        if abs(self.shear) > 0.5:
            said.append(f"sheared {self.shear:.1f} degrees")
        if self.perspective:
            said.append("tilted")
        if self.scale is None:
            said.append("size of the original not known")
        return ", ".join(said) or "as it was"


@dataclass(frozen=True)
class Tampering:
    """Where a mark is missing.

    Attributes:
        map: (h, w) in [0, 1] over the whole picture, 1 where the mark is missing.
        share: Share of the picture where it is missing.
    """

    map: Floats = field(repr=False)
    share: float


@dataclass(frozen=True)
class Detection:
    """What was found of the marks of some keys in a picture.

    Attributes:
        detected: The p-value is at most the false-alarm rate asked for.
        p_value: Chance that a picture without the mark looks so, corrected for all that was searched.
        log10_p: Its logarithm, which does not underflow.
        rate: The false-alarm rate asked for.
        codec: Name of the codec.
        front: Name of what saw it: "classical", which is not trained, or "learned".
        key: Public id of the key; "" if nothing was detected.
        payload: What the mark says if its tag is right; else None.
        copied: Whether the mark was moved here from another picture; None if that cannot be told.
        geometry: What was done to the picture; None if nothing was detected.
        tampering: Where the mark is missing; None if that cannot be told.
        likelihoods: (n,) soft bits of the code word, for identification; empty if nothing was detected.
        reason: One sentence for a person.
        otherwise: The same as code words of other layouts, each of another size, where what the mark says
            could not be read.
    """

    detected: bool
    p_value: float
    log10_p: float
    rate: float
    codec: str
    front: str
    key: str
    payload: Payload | None
    copied: bool | None
    geometry: Geometry | None
    tampering: Tampering | None
    likelihoods: Floats = field(repr=False)
    reason: str
    otherwise: tuple[Floats, ...] = field(default=(), repr=False)

    def bits(self, size: int) -> Floats | None:
        """Return the (size,) soft bits of a code word of so many, None if none was read."""
        read = (self.likelihoods, *self.otherwise)
        return next((soft for soft in read if len(soft) == size), None)


@dataclass(frozen=True)
class Marked:
    """A marked picture.

    Attributes:
        pixels: (H, W, 3) uint8 RGB.
        payload: What the mark says.
        codec: Name of the codec.
        key: Public id of the key.
        psnr: Peak signal-to-noise ratio to the unmarked picture, in dB.
    """

    pixels: Pixels = field(repr=False)
    payload: Payload
    codec: str
    key: str
    psnr: float
