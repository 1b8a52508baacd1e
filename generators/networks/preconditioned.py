"""Denoisers whose input and output are scaled by the noise in what they see."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from forensics.generators.objectives import broadcast
from forensics.generators.sampling.paths import At, Path

__all__ = ["Preconditioned", "Scales", "scales"]

_LEAST = 1e-4  # of sigma / alpha, as the network hears of it


class Scales(NamedTuple):
    """By what things are multiplied at one time.

    Attributes:
        kept: What there is, in what is said of the picture (c_skip).
        out: What the network says (c_out).
        given: What it is given (c_in).
        heard: The level of noise as it hears of it (c_noise).
    """

    kept: Tensor
    out: Tensor
    given: Tensor
    heard: Tensor


# Karras et al. 2022, arXiv:2206.00364, table 1, for z / alpha at sigma / alpha, so that any path will do;
# with a least level, Song et al. 2023, arXiv:2303.01469, appendix C: there, what is said is what there is.
def scales(at: At, data: float, least: float = 0.0) -> Scales:
    """Return by what things are multiplied.

    Args:
        at: The path, at tensors of times.
        data: Root of the mean square of the pictures, sigma_data.
        least: Level of noise at which the picture is taken to be clean.
    """
    noise = (at.sigma - least * at.alpha).clip(min=0.0)
    size = (at.sigma**2 + (data * at.alpha) ** 2).sqrt()
    kept = data**2 * at.alpha / (noise**2 + (data * at.alpha) ** 2)
    level = at.sigma / at.alpha.clip(min=1e-6)
    return Scales(kept, data * noise / size, 1.0 / size, level.clip(min=_LEAST).log() / 4.0)


class Preconditioned(nn.Module):
    """A network that says what is missing, as one that says the picture.

    Whatever the noise, the network sees numbers of unit size and, of pictures of the size it is told, has to
    say some of unit size; as it begins, saying nothing, it is the best that is linear.

    Args:
        denoiser: (B, ...) noisy pictures, (B,) times and what else it is told, to (B, ...).
        path: Along which it is trained.
        data: Root of the mean square of the pictures.
        least: Level of noise, sigma / alpha, at which the picture is taken to be clean.
    """

    def __init__(self, denoiser: nn.Module, path: Path, data: float, least: float = 0.0) -> None:
        super().__init__()
        self.denoiser, self.path, self.data, self.least = denoiser, path, data, least

    def forward(self, z: Tensor, t: Tensor, told: Tensor | None = None) -> Tensor:
        """Return the picture, of the shape of z.

        Args:
            z: (B, ...).
            t: (B,) times in [0, 1].
            told: What the network is told of each.
        """
        by = scales(self.path.at(broadcast(t, z)), self.data, self.least)
        heard = by.heard.flatten()
        given = [] if told is None else [told]
        return by.kept * z + by.out * self.denoiser(by.given * z, heard, *given)
