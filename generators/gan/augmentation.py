"""Changes that a critic sees all pictures under, so that it cannot learn few of them by heart."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

__all__ = ["Adaptive", "augment", "colours", "moves"]

_FARTHEST = 0.125  # of a side, that pictures are moved by
_RED_TO_CYAN = (0.299, 0.587, 0.114)


# Karras et al. 2020 (ADA), arXiv:2006.06676, appendix B: pixel blitting and colours, each by chance.
def augment(x: Tensor, share: Tensor | float, generator: torch.Generator) -> Tensor:
    """Return pictures of which each is changed in several ways, each way with the same chance.

    Below a chance of about 0.8, what is made cannot be told from what is real by copying the changes: most
    pictures are still seen upright and in their colours (section 3).

    Args:
        x: (B, 3, S, S) pictures from -1 to 1.
        share: Chance of each way, 0 to 1.
        generator: Draws which and how much, on the device of the pictures.
    """
    return colours(moves(x, share, generator), share, generator)


def moves(x: Tensor, share: Tensor | float, generator: torch.Generator) -> Tensor:
    """Return pictures mirrored, turned by quarters, and moved around by whole pixels.

    Args:
        x: (B, C, S, S).
        share: Chance of each way.
        generator: Draws which.
    """
    count, side = len(x), x.shape[-1]
    place = torch.arange(side, device=x.device).expand(count, side)
    rows, columns = place[:, :, None], place[:, None, :]
    rows, columns = rows.expand(-1, -1, side), columns.expand(-1, side, -1)
    flip = _chosen(count, share, generator)[:, None, None] & (_whole(count, 2, generator) == 1)
    columns = torch.where(flip, side - 1 - columns, columns)
    turns = torch.where(_chosen(count, share, generator)[:, None, None], _whole(count, 4, generator), 0)
    for number in range(1, 4):
        turned = columns, side - 1 - rows
        again = turns >= number
        rows, columns = torch.where(again, turned[0], rows), torch.where(again, turned[1], columns)
    moved, farthest = _chosen(count, share, generator)[:, None, None], round(side * _FARTHEST)
    down, across = (_whole(count, 2 * farthest + 1, generator) - farthest for _ in range(2))
    rows, columns = rows + torch.where(moved, down, 0), columns + torch.where(moved, across, 0)
    index = (rows % side) * side + columns % side
    flat = index.flatten(1)[:, None].expand(-1, x.shape[1], -1)
    return x.flatten(2).gather(2, flat).reshape(x.shape)


def colours(x: Tensor, share: Tensor | float, generator: torch.Generator) -> Tensor:
    """Return pictures lighter or darker, harder or softer, of another hue, and of more colour or less.

    Args:
        x: (B, 3, H, W) pictures from -1 to 1.
        share: Chance of each way.
        generator: Draws which and how much.
    """
    count = len(x)

    def drawn(deviation: float, still: float = 0.0) -> Tensor:
        normal = torch.randn(count, generator=generator, device=x.device)
        return torch.where(_chosen(count, share, generator), deviation * normal, still)[:, None, None, None]

    x = x + drawn(0.2)
    x = x * torch.exp2(drawn(0.5))
    angle = math.pi * (2.0 * torch.rand(count, generator=generator, device=x.device) - 1.0)
    angle = torch.where(_chosen(count, share, generator), angle, 0.0)
    x = torch.einsum("bij,bjhw->bihw", _hues(angle).to(x.dtype), x)
    grey = (x * x.new_tensor(_RED_TO_CYAN)[:, None, None]).sum(1, keepdim=True)
    return grey + (x - grey) * torch.exp2(drawn(1.0))


def _hues(angle: Tensor) -> Tensor:
    """Return (B, 3, 3) turns around the line of greys (Rodrigues)."""
    axis = angle.new_full((3,), 1.0 / math.sqrt(3.0))
    a = float(axis[0])
    cross = angle.new_tensor([[0.0, -a, a], [a, 0.0, -a], [-a, a, 0.0]])
    cos, sin = angle.cos()[:, None, None], angle.sin()[:, None, None]
    return cos * torch.eye(3, device=angle.device) + sin * cross + (1.0 - cos) * torch.outer(axis, axis)


def _chosen(count: int, share: Tensor | float, generator: torch.Generator) -> Tensor:
    return torch.rand(count, generator=generator, device=generator.device) < share


def _whole(count: int, below: int, generator: torch.Generator) -> Tensor:
    return torch.randint(below, (count, 1, 1), generator=generator, device=generator.device)


# Karras et al. 2020 (ADA), arXiv:2006.06676, section 3.1, eq. 1: the share of real pictures that the critic
# is sure of says whether it overfits.
class Adaptive(nn.Module):
    """The chance of `augment`, which rises while the critic is too sure of real pictures, and falls else.

    Args:
        target: Mean sign of the logits of real pictures that is wanted, 0 to 1.
        length: Pictures over which the chance could rise from 0 to 1.
        most: It does not rise beyond.
    """

    share: Tensor

    def __init__(self, target: float = 0.6, length: int = 20_000, most: float = 0.8) -> None:
        super().__init__()
        self.target, self.length, self.most = target, length, most
        self.register_buffer("share", torch.zeros(()))

    @torch.no_grad()
    def see(self, real: Tensor) -> None:
        """Take in the logits of (B,) real pictures."""
        step = (real.sign().mean() - self.target).sign() * len(real) / self.length
        self.share.add_(step).clamp_(0.0, self.most)
