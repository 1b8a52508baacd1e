"""What marks in noise share: what they are given, and what is found of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError
from forensics.watermark.payload import Payload

__all__ = ["Floats", "Found", "NoiseMark", "check_noise"]

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Found:
    """What a key says of the noise of one picture.

    Attributes:
        scheme: "tree-ring" or "gaussian-shading".
        key: Id of the key.
        log10_p: log10 of the chance that noise made without the key fits so well, at most 0. It holds for
            whatever noise there is, also that of photos: what is random in it is the key.
        agreement: How well it fits: of Tree-Ring the cosine between the rings and those of the key, -1 to 1;
            of Gaussian Shading the share of signs that are as the word that was read says, 0 to 1, half of
            them by chance.
        payload: What the mark says if there is one; none of Tree-Ring.
        published: log10 of the p-value as the paper of Tree-Ring has it, which holds for white Gaussian noise
            alone; none of Gaussian Shading.
    """

    scheme: str
    key: str
    log10_p: float
    agreement: float
    payload: Payload | None = None
    published: float | None = None

    @property
    def p_value(self) -> float:
        """The chance itself, 0 where it underflows."""
        return float(10.0**self.log10_p)


class NoiseMark(Protocol):
    """A key that noise of one shape is marked with."""

    scheme: str
    shape: tuple[int, ...]

    def mark(self, noise: Floats) -> Floats:
        """Return marked noise.

        Args:
            noise: (N, *shape) standard normal numbers.
        """
        ...

    def detect(self, noise: Floats) -> Found:
        """Return what noise says.

        Args:
            noise: (*shape) of one picture.
        """
        ...


def check_noise(noise: Floats, shape: tuple[int, ...]) -> None:
    """Refuse noise of another shape.

    Args:
        noise: What was given, with or without an axis for several.
        shape: That the mark is made for.

    Raises:
        UsageError: It has another shape, or values that are no numbers.
    """
    if noise.shape[-len(shape) :] != shape:
        raise UsageError("the mark is made for noise of another shape", expected=shape, actual=noise.shape)
    if not np.isfinite(noise).all():
        raise UsageError("noise has finite values", expected="finite", actual="not a number, or infinite")
