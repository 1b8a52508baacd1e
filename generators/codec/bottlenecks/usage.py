"""Whether tokens are used: how many, how evenly, and what it costs if they are not."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["Usage", "bits_gap", "entropy_gap", "usage_of"]


@dataclass(frozen=True)
class Usage:
    """How tokens are used.

    Attributes:
        share: Of the tokens that occur at all, 0 to 1.
        perplexity: How many tokens would be as uncertain if all were equally frequent; 1 after collapse.
    """

    share: float
    perplexity: float


# A codebook collapsed whose perplexity is far below its size: Dhariwal et al. 2020,
# arXiv:2005.00341, section 3.1.
def usage_of(indices: Tensor, tokens: int) -> Usage:
    """Return how tokens are used.

    Args:
        indices: Any shape.
        tokens: How many there are.
    """
    _, count = indices.flatten().unique(return_counts=True)
    chance = count.double() / count.sum()
    return Usage(len(count) / tokens, float((-(chance * chance.log()).sum()).exp()))


# Yu et al. 2023 (MAGVIT-v2), arXiv:2310.05737, eq. 5.
def entropy_gap(logits: Tensor) -> Tensor:
    """Return the mean entropy of each place less that of all together: least if choices are sure and even.

    Args:
        logits: (N, tokens).

    Returns:
        Nats, from minus the logarithm of the number of tokens to 0.
    """
    log_chance = logits.log_softmax(dim=1)
    chance = log_chance.exp()
    mean = chance.mean(dim=0)
    of_all = -(mean * mean.clamp(min=1e-12).log()).sum()
    return -(chance * log_chance).sum(dim=1).mean() - of_all


def bits_gap(values: Tensor) -> Tensor:
    """Return the same for signs, added up over channels as if these were independent.

    Args:
        values: (B, C, h, w): the nearer to -1 or 1, the surer; chances as for squared distances.
    """
    logits = 4.0 * values.movedim(1, -1).flatten(0, -2)
    chance = logits.sigmoid()
    of_places = chance * F.softplus(-logits) + (1.0 - chance) * F.softplus(logits)
    mean = chance.mean(dim=0)
    return of_places.mean(dim=0).sum() - _entropy(mean).sum()


def _entropy(chance: Tensor) -> Tensor:
    both = torch.stack([chance, 1.0 - chance])
    return -(both * both.clamp(min=1e-12).log()).sum(dim=0)
