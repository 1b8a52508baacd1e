"""Times and class labels as vectors."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from forensics.errors import UsageError

__all__ = ["Condition", "class_values", "dropped", "one_hot", "time_features"]

_FEATURES = 256  # of a time


# Ho et al. 2020, arXiv:2006.11239, appendix B, after Vaswani et al. 2017, for times in [0, 1].
def time_features(t: Tensor, width: int) -> Tensor:
    """Return (B, width) sines and cosines of (B,) times in [0, 1].

    Args:
        t: Times.
        width: An even number of values.
    """
    rates = torch.exp(-math.log(1e4) * torch.arange(width // 2, device=t.device) / (width // 2))
    angles = 1000.0 * t[:, None].float() * rates
    return torch.cat([angles.cos(), angles.sin()], dim=1)


class Condition(nn.Module):
    """What a picture is conditioned on as one vector: the time, and a class label.

    Args:
        width: Values of the vector.
        labels: How many classes there are; none if 0.
        moments: How many vectors are learned for as many parts of the time; sines and cosines if 0.
    """

    def __init__(self, width: int, labels: int = 0, moments: int = 0) -> None:
        super().__init__()
        self.moments = nn.Embedding(moments, _FEATURES) if moments else None
        self.labels, self.width = labels, width
        self.time = nn.Sequential(nn.Linear(_FEATURES, width), nn.SiLU(), nn.Linear(width, width))
        self.label = nn.Embedding(labels + 1, width) if labels else None  # the last is for any class

    def forward(self, t: Tensor, label: Tensor | None = None) -> Tensor:
        """Return (B, width).

        Args:
            t: (B,) times in [0, 1].
            label: (B,) classes; -1 for any, None for any in all pictures.

        Raises:
            UsageError: The model knows no classes.
        """
        found: Tensor = self.time(self._features(t).to(self.time[0].weight.dtype))
        if self.label is None:
            if label is not None:
                raise UsageError("this model was not trained with classes", actual="a label")
            return found
        asked = torch.full(t.shape, -1, dtype=torch.long, device=t.device) if label is None else label
        return found + self.label(torch.where(asked < 0, self.labels, asked))

    def _features(self, t: Tensor) -> Tensor:
        if self.moments is None:
            return time_features(t, _FEATURES)
        parts = self.moments.num_embeddings
        return self.moments((t * parts).long().clamp(0, parts - 1))


def dropped(label: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Return labels of which a share is left out, as classifier-free guidance needs.

    Args:
        label: (B,) classes.
        share: How many become -1, on average.
        generator: Draws which.
    """
    out = torch.rand(label.shape, generator=generator, device=label.device) < share
    return torch.where(out, -1, label)


def one_hot(label: Tensor, labels: int) -> Tensor:
    """Return (B, labels) for (B,) classes, zeros for -1."""
    return F.one_hot(label.clamp(min=0), labels).float() * (label >= 0)[:, None]


def class_values(layer: nn.Linear | None, given: Tensor, label: Tensor | None, like: Tensor) -> Tensor:
    """Return (B, 1, width) what a sequence is told of its class; nothing without classes.

    Args:
        layer: Classes to values; None for a model without.
        given: (B, ...) what has the classes.
        label: (B,) classes, -1 for any.
        like: (width,) values of the type wanted.

    Raises:
        UsageError: The model knows no classes.
    """
    if layer is None:
        if label is not None:
            raise UsageError("this model was not trained with classes", actual="a label")
        return torch.zeros(given.shape[0], 1, like.shape[-1], device=given.device)
    asked = torch.full((given.shape[0],), -1, device=given.device) if label is None else label
    values: Tensor = layer(one_hot(asked, layer.in_features).to(like))
    return values[:, None]
