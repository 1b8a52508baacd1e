"""What is done with latents before they are drawn: truncation, mixing, arithmetic, ways between them."""

from __future__ import annotations

import numpy as np

from forensics.errors import UsageError
from forensics.generators.pipelines.base import Floats

__all__ = ["analogy", "mixed", "truncated", "way"]


# Karras et al. 2018 (StyleGAN), arXiv:1812.04948, appendix B.
def truncated(styles: Floats, mean: Floats, share: float) -> Floats:
    """Return styles brought nearer to their mean: more usual pictures, and fewer different ones.

    Args:
        styles: (N, layers, style).
        mean: (style,).
        share: Of the way from the mean that is left: 1 for all, 0 for the mean itself.
    """
    return mean + np.float32(share) * (styles - mean)


# Karras et al. 2018, section 3.1.
def mixed(first: Floats, second: Floats, layer: int) -> Floats:
    """Return styles whose first layers, which say what is coarse, are of one, and all others of the other.

    Args:
        first: (N, layers, style).
        second: The same shape.
        layer: The first that is of the other, 1 to layers - 1.

    Raises:
        UsageError: There is no such layer, or the shapes differ.
    """
    if first.shape != second.shape:
        raise UsageError("styles of one shape can be mixed", expected=first.shape, actual=second.shape)
    if not 0 < layer < first.shape[1]:
        raise UsageError("no such layer", expected=f"1 to {first.shape[1] - 1}", actual=layer)
    found = first.copy()
    found[:, layer:] = second[:, layer:]
    return found


# Radford et al. 2015 (DCGAN), arXiv:1511.06434, section 6.3.2: means of several latents of a kind.
def analogy(base: Floats, plus: Floats, minus: Floats) -> Floats:
    """Return latents moved by the difference of the means of two kinds.

    Args:
        base: (N, ...) that are moved.
        plus: (K, ...) latents of pictures with what is wanted.
        minus: (L, ...) latents of pictures without it.
    """
    return base + (plus.mean(axis=0) - minus.mean(axis=0))


def way(first: Floats, second: Floats, count: int) -> Floats:
    """Return latents on the straight way between two.

    Args:
        first: (...), where it begins.
        second: The same shape, where it ends.
        count: How many, both ends among them; 2 at least.

    Raises:
        UsageError: There are fewer.
    """
    if count < 2:
        raise UsageError("a way has two ends", expected=">= 2", actual=count)
    share = np.linspace(0.0, 1.0, count, dtype=first.dtype).reshape(-1, *[1] * first.ndim)
    return (1 - share) * first + share * second
