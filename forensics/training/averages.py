"""Averages of weights over a run, of any length afterwards."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from forensics.errors import UsageError

__all__ = ["Averaged", "PowerAverage", "combined", "exponent_of", "keep_at"]


# Karras et al. 2023 (EDM2), arXiv:2312.02696, section 3.1 and appendix C.1: sigma_rel is the deviation of the
# profile over its end, sqrt((g + 1) / ((g + 2)^2 (g + 3))).
def exponent_of(width: float) -> float:
    """Return the exponent of the power-function average whose profile has a relative width.

    Args:
        width: Deviation of the profile over the length of the run, inside (0, 0.28].

    Raises:
        UsageError: There is none of that width.
    """
    if not 0.0 < width <= 12.0**-0.5:
        raise UsageError(f"no average of width {width}", expected="inside (0, 0.289]", actual=width)
    roots = np.roots([1.0, 7.0, 16.0 - width**-2, 12.0 - width**-2])
    return max(0.0, float(roots.real.max()))


def keep_at(images: int, more: int, exponent: float) -> float:
    """Return the share of an average that is kept when it takes in the weights after some pictures.

    Args:
        images: Seen, with those of this step.
        more: Seen in this step.
        exponent: Of the average.
    """
    return float((1.0 - more / images) ** (exponent + 1.0))


class Averaged:
    """The exponential moving average of a module's weights (Polyak and Juditsky 1992).

    Args:
        module: Whose weights.
        keep: Share of the average that one step keeps; fewer at first, so that the start is forgotten.
    """

    def __init__(self, module: nn.Module, keep: float = 0.998) -> None:
        self.module = copy.deepcopy(module).requires_grad_(False).eval()
        self.keep = keep

    def update(self, module: nn.Module, images: int, more: int) -> None:
        """Take in the weights after a step.

        Args:
            module: After it.
            images: Seen, with those of this step.
            more: Seen in this step.
        """
        step = images // more - 1
        _follow(self.module, module, min(self.keep, (1 + step) / (10 + step)))


class PowerAverage:
    """The average of a module's weights, by a power of how many pictures had been seen.

    The length of the average grows with the run, so that the bad start is forgotten at any time.

    Args:
        module: Whose weights.
        width: Of the profile, over the length of the run.
    """

    def __init__(self, module: nn.Module, width: float = 0.10) -> None:
        self.module = copy.deepcopy(module).requires_grad_(False).eval()
        self.exponent = exponent_of(width)

    def update(self, module: nn.Module, images: int, more: int) -> None:
        """Take in the weights after a step; the arguments are those of `Averaged`."""
        _follow(self.module, module, keep_at(images, more, self.exponent))


@torch.no_grad()
def _follow(average: nn.Module, module: nn.Module, keep: float) -> None:
    for mine, new in zip(average.parameters(), module.parameters(), strict=True):
        mine.lerp_(new, 1.0 - keep)
    for mine, new in zip(average.buffers(), module.buffers(), strict=True):
        mine.copy_(new)


# Karras et al. 2023, arXiv:2312.02696, appendix C.2, eqs. 126 and 127: least squares of the profiles.
def combined(
    averages: Sequence[tuple[int, float, dict[str, Tensor]]], images: int, width: float
) -> dict[str, Tensor]:
    """Return the average of another width, from averages kept during a run.

    Args:
        averages: For each: pictures seen, exponent, and weights by name.
        images: Pictures seen at the end of the average that is wanted.
        width: Of its profile.
    """
    ends = np.array([seen for seen, _, _ in averages], np.float64)
    powers = np.array([power for _, power, _ in averages], np.float64)
    wanted = exponent_of(width)
    gram = _product(ends[:, None], powers[:, None], ends[None], powers[None])
    side = _product(ends, powers, np.full_like(ends, images), np.full_like(powers, wanted))
    shares = [float(share) for share in np.linalg.solve(gram, side)]
    kept = [weights for _, _, weights in averages]
    return {
        name: sum(share * weights[name] for share, weights in zip(shares, kept, strict=True))
        for name in kept[0]
    }


def _product(
    end: npt.NDArray[np.float64],
    power: npt.NDArray[np.float64],
    other_end: npt.NDArray[np.float64],
    other_power: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """Return the integral of the product of two profiles."""
    first = end < other_end
    near, far = np.where(first, end, other_end), np.where(first, other_end, end)
    of_far = np.where(first, other_power, power)
    both = (power + 1) * (other_power + 1) / (power + other_power + 1)
    return np.asarray(both * (near / far) ** of_far / far, np.float64)
