"""What looks at a picture first: where a mark can hide, and what is left without the content."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from forensics.watermark.spread.analysis import normalised
from forensics.watermark.spread.masking import visibility

__all__ = ["CLASSICAL", "Classical", "FrontEnd"]

Floats = npt.NDArray[np.float32]


class FrontEnd(Protocol):
    """Two views of a picture, neither of which knows any key.

    Because they know none, the signs of a key's carriers stay independent of what they return, and p-values
    hold whatever they do.
    """

    @property
    def name(self) -> str:
        """What it is called."""

    def amplitude(self, luma: Floats) -> Floats:
        """Return (H, W): how strong a mark may be at each pixel, up to a common factor.

        Args:
            luma: (H, W), 0 to 255.
        """

    def residual(self, luma: Floats) -> Floats:
        """Return (H, W): the picture with its content suppressed, so that a mark stands out.

        Args:
            luma: (H, W), 0 to 255.
        """


class Classical:
    """Just noticeable differences, and a high-pass over its local deviation: nothing is trained."""

    name = "classical"

    def amplitude(self, luma: Floats) -> Floats:
        """Return the just noticeable difference of each pixel."""
        return visibility(luma)

    def residual(self, luma: Floats) -> Floats:
        """Return the locally normalised high-pass."""
        return normalised(luma)


CLASSICAL = Classical()
