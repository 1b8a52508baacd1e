"""Learning the gradient of a logarithm of a density without the density: score matching."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor

__all__ = ["Score", "score_matching_loss", "sliced_score_matching_loss"]

Score: TypeAlias = Callable[
    [Tensor], Tensor
]  # (B, ...) to the score at each, which sees no other of the batch


# Hyvarinen 2005, "Estimation of non-normalized statistical models by score matching", JMLR 6, theorem 1.
def score_matching_loss(score: Score, x: Tensor) -> Tensor:
    """Return half the mean square of a score, and the trace of its Jacobian: least where the score is true.

    It takes as many derivatives as a picture has numbers.

    Args:
        score: To be learned.
        x: (B, ...) what has the density.

    Returns:
        A number: half the mean square of the difference to the true score, less half that of the true one.
    """
    x = x.detach().requires_grad_()
    found = score(x)
    trace = torch.zeros(len(x), dtype=found.dtype, device=x.device)
    for number in range(found[0].numel()):
        of_one = found.flatten(1)[:, number].sum()
        (slope,) = torch.autograd.grad(of_one, x, create_graph=True, materialize_grads=True)
        trace = trace + slope.flatten(1)[:, number]
    return (found.flatten(1).square().sum(1) / 2 + trace).mean()


# Song et al. 2019, arXiv:1905.07088, eq. 8 (with reduced variance); traces as Hutchinson found them.
def sliced_score_matching_loss(score: Score, x: Tensor, generator: torch.Generator) -> Tensor:
    """Return what `score_matching_loss` is on average, from one direction for each picture.

    Args:
        score: To be learned.
        x: (B, ...) what has the density.
        generator: Draws the directions, on the device of x.
    """
    x = x.detach().requires_grad_()
    coin = torch.rand(x.shape, generator=generator, device=x.device, dtype=x.dtype)
    way = torch.where(coin < 0.5, -1.0, 1.0).to(x.dtype)  # of variance one
    found = score(x)
    (slope,) = torch.autograd.grad((found * way).sum(), x, create_graph=True)
    return (found.square() / 2 + slope * way).flatten(1).sum(1).mean()
